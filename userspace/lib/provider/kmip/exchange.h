/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A request of a client and its answer. */
#pragma once

#include "userspace/lib/provider/kmip/client.h"

/* What is written into @w between begin and run is the payload. */
void envol_kmip_exchange_begin(struct envol_kmip_client *client,
			       struct envol_ttlv_writer *w,
			       enum envol_kmip_operation operation);

/*
 * Send it and take the answer; @payload (a structure, maybe an empty one) lies in
 * client->answer until the next exchange. Errors as in client.h.
 */
int envol_kmip_exchange_run(struct envol_kmip_client *client, struct envol_ttlv_writer *w,
			    enum envol_kmip_operation operation,
			    struct envol_ttlv *payload) _must_check_;

/* The identifier in @payload into @uid. */
int envol_kmip_exchange_take_uid(struct envol_kmip_client *client,
				 const struct envol_ttlv *payload,
				 char uid[ENVOL_KMIP_TEXT_SIZE]) _must_check_;

/* It must be there and be @uid. */
int envol_kmip_exchange_check_uid(struct envol_kmip_client *client,
				  const struct envol_ttlv *payload, const char *uid)
	_must_check_;

/* -EPROTO with what is wrong with an answer. */
int envol_kmip_exchange_bad(struct envol_kmip_client *client, const char *why);
