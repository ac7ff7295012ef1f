// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/child.h"
#include "userspace/lib/provider/signer.h"

#define SIGNATURE_MAX 512u	/* of RSA-4096 */

static int fill(struct envol *ev, struct envol_request *request, const char *uri,
		const char *algorithm, const uint8_t *digest, size_t len,
		struct envol_deadline deadline)
{
	request->operation = ENVOL_OPERATION_SIGN;
	request->uri = strdup(uri);
	request->version = strdup(algorithm);
	request->keystore = strdup(ev->keystore);
	request->state = strdup(ev->state);
	request->tpm = strdup(ev->tpm);
	request->kek_directory = strdup(ev->kek_directory);
	request->log_level = ev->log ? ev->log_level : ENVOL_LOG_ERROR;
	request->left_ms = envol_deadline_left_ms(deadline);
	if (!request->uri || !request->version || !request->keystore ||
	    !request->state || !request->tpm || !request->kek_directory ||
	    envol_settings_copy(&request->settings, &ev->settings,
				ENVOL_CHILD_SIGNER) ||
	    envol_blob_append(&request->file, digest, len))
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

/* What would say of the KEK that it is revoked, gone, or of a header that it was changed. */
static int without_alarm(int err)
{
	switch (err) {
	case -EACCES:
		return -EPERM;
	case -EBADMSG:
	case -ENOENT:
	case -ENOTUNIQ:
	case -EKEYREJECTED:
		return -EINVAL;
	default:
		return err;
	}
}

int envol_signer_sign(struct envol *ev, const char *uri, const char *algorithm,
		      const uint8_t *digest, size_t len,
		      struct envol_deadline deadline,
		      struct envol_blob *signature)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	int err = fill(ev, &request, uri, algorithm, digest, len, deadline);

	if (!err)
		err = envol_child_run(ev, ENVOL_CHILD_SIGNER, &request, deadline,
				      &reply);
	if (!err && reply.err)
		err = envol_error(ev, reply.err, "%s", reply.sentence);
	if (!err && (!reply.file.len || reply.file.len > SIGNATURE_MAX))
		err = envol_error(ev, -EPROTO, "%zu bytes are no signature",
				  reply.file.len);
	if (err)
		return envol_error_while(ev, without_alarm(err), "sign with %s",
					 uri);
	envol_blob_move(signature, &reply.file);
	return 0;
}
