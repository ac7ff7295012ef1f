// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/kmip/exchange.h"
#include "userspace/lib/provider/kmip/result.h"

static struct envol_kmip_request current(const struct envol_kmip_client *client,
					 enum envol_kmip_operation operation)
{
	return (struct envol_kmip_request){
		.version = client->version,
		.operation = operation,
		.id = client->id,
		.username = client->username,
		.password = client->password.len ? &client->password : NULL,
	};
}

void envol_kmip_exchange_begin(struct envol_kmip_client *client,
			       struct envol_ttlv_writer *w,
			       enum envol_kmip_operation operation)
{
	struct envol_kmip_request request;

	client->id++;
	request = current(client, operation);
	envol_kmip_message_begin(w, client->request.data, client->request.len, &request);
}

int envol_kmip_exchange_bad(struct envol_kmip_client *client, const char *why)
{
	return envol_error(client->ev, -EPROTO,
			   "%s sends an answer that is no good: %s", client->server, why);
}

static int receive(struct envol_kmip_client *client, size_t *len)
{
	uint8_t *data = client->answer.data;
	int err;

	err = envol_tls_receive(client->tls, data, ENVOL_TTLV_HEAD, client->deadline);
	if (err)
		return err;
	err = envol_ttlv_message_len(data, KMIP_RESPONSE_MESSAGE, client->answer.len, len);
	if (err)
		return envol_kmip_exchange_bad(client, err == -EMSGSIZE ?
			"it is too long" : "it is no message of KMIP");
	return envol_tls_receive(client->tls, data + ENVOL_TTLV_HEAD,
				 *len - ENVOL_TTLV_HEAD, client->deadline);
}

static int failed(struct envol_kmip_client *client, const struct envol_kmip_answer *answer)
{
	const char *hint;
	int err = envol_kmip_result_errno(answer->reason, &hint);

	client->reason = answer->reason;
	if (answer->status == KMIP_STATUS_PENDING)
		return envol_error(client->ev, -EAGAIN,
				   "%s puts the operation off, as if it needed somebody's approval",
				   client->server);
	return envol_error(client->ev, err, "%s: %s (reason 0x%02x)%s%s", client->server,
			   *answer->text ? answer->text : "the operation failed",
			   answer->reason, *hint ? "; " : "", hint);
}

/* Of what changes something nobody knows whether it was done: that is not tried again. */
static int lost(struct envol_kmip_client *client, enum envol_kmip_operation operation, int err)
{
	bool makes_keys = operation == KMIP_OP_CREATE || operation == KMIP_OP_REKEY;

	if (!makes_keys || (err != -EHOSTUNREACH && err != -ETIMEDOUT))
		return err;
	return envol_error_while(client->ev, err == -EHOSTUNREACH ? -EIO : err,
				 "no answer came, and a new key may be there or not (envol key list kmip tells)");
}

int envol_kmip_exchange_run(struct envol_kmip_client *client, struct envol_ttlv_writer *w,
			    enum envol_kmip_operation operation,
			    struct envol_ttlv *payload)
{
	struct envol_kmip_request request = current(client, operation);
	struct envol_kmip_answer answer;
	const char *why;
	size_t len;
	int err;

	client->reason = 0;
	err = envol_kmip_message_end(w, &len);
	if (err)
		return envol_error(client->ev, err, "the request to %s is too long",
				   client->server);
	err = envol_tls_send(client->tls, client->request.data, len, client->deadline);
	if (!err)
		err = receive(client, &len);
	explicit_bzero(client->request.data, client->request.len);
	if (err)
		return lost(client, operation, err);
	if (envol_kmip_message_parse(client->answer.data, len, &request, &answer, &why))
		return envol_kmip_exchange_bad(client, why);
	if (answer.status != KMIP_STATUS_SUCCESS)
		return failed(client, &answer);
	if (answer.version.major != client->version.major ||
	    answer.version.minor != client->version.minor)
		return envol_kmip_exchange_bad(client, "it is of another version");
	*payload = answer.payload;
	if (!payload->tag)
		payload->type = ENVOL_TTLV_STRUCTURE;
	return 0;
}

int envol_kmip_exchange_take_uid(struct envol_kmip_client *client,
				 const struct envol_ttlv *payload,
				 char uid[ENVOL_KMIP_TEXT_SIZE])
{
	struct envol_ttlv item;

	if (envol_ttlv_find(payload, KMIP_UNIQUE_IDENTIFIER, ENVOL_TTLV_TEXT, &item) ||
	    envol_ttlv_text(&item, uid, ENVOL_KMIP_TEXT_SIZE) || !*uid)
		return envol_kmip_exchange_bad(client,
			"it has no identifier, or one that is not of 1 to 255 printable characters");
	return 0;
}

int envol_kmip_exchange_check_uid(struct envol_kmip_client *client,
				  const struct envol_ttlv *payload, const char *uid)
{
	char answered[ENVOL_KMIP_TEXT_SIZE];
	int err = envol_kmip_exchange_take_uid(client, payload, answered);

	if (!err && strcmp(answered, uid) != 0)
		err = envol_kmip_exchange_bad(client, "it is about another key");
	return err;
}
