/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a place in a URI and its settings to a client that is connected. */
#pragma once

#include "userspace/lib/provider/kmip/client.h"
#include "userspace/lib/provider/kmip/scheme.h"

/*
 * The first server of @place that answers, each with its share of the time; the version of
 * KMIP is agreed on. @client must be zero. -EINVAL where settings are missing, else errors
 * as in client.h, of the last server.
 */
int envol_kmip_server_connect(struct envol *ev, const struct envol_kmip_place *place,
			      struct envol_deadline deadline,
			      struct envol_kmip_client *client) _must_check_;
