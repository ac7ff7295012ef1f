/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why an exchange failed, in words of whoever has to mend it. */
#pragma once

#include "userspace/lib/net/http_exchange.h"

/* The error, with its sentence, of an exchange that libcurl gave up with @bad. */
int envol_http_failure_explain(struct envol_http_exchange *x, CURLcode bad);
