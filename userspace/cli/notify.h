/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service tells its manager, see sd_notify(3). */
#pragma once

/* "READY=1" and the like, to the socket in $NOTIFY_SOCKET, if there is one that listens. */
void envol_notify(const char *text);
