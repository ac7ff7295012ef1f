/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libenvol and a provider's program say to each other: a frame is a head of
 * fixed size, a body of length-prefixed fields, and up to three secrets. The secrets
 * are not in the body, so that they can go from one struct envol_secret to the
 * other without a buffer between. Both ends are of the same build: an unknown
 * version, kind, field or length is an error. Pure.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/provider/settings.h"

#define ENVOL_MESSAGE_HEAD_SIZE 24
#define ENVOL_MESSAGE_BODY_MAX (4u << 20)
#define ENVOL_MESSAGE_FILE_MAX (1u << 20)	/* of a key's backup */
#define ENVOL_MESSAGE_TEXT_MAX 4096u		/* of a path, a URI, a sentence */
#define ENVOL_MESSAGE_VERSIONS_MAX 1024u	/* of one KEK */
#define ENVOL_MESSAGE_RETRY_MAX_S 86400u
#define ENVOL_MESSAGE_TIME_MAX 253402300799	/* the end of 9999, with which text ends */
#define ENVOL_MESSAGE_KEYS_MAX 4096u		/* of one provider, that are listed */

enum envol_message_kind {
	ENVOL_MESSAGE_REQUEST = 1,
	ENVOL_MESSAGE_LOG,
	ENVOL_MESSAGE_REPLY,
};

enum envol_message_secret {
	ENVOL_MESSAGE_KEY,		/* what is wrapped or sealed, or was before; random bytes; what is imported */
	ENVOL_MESSAGE_PASSPHRASE,	/* of a backup; of RESEAL the new PIN */
	ENVOL_MESSAGE_PIN,		/* of the token that has the KEK */
	ENVOL_MESSAGE_SECRETS
};

struct envol_message_head {
	enum envol_message_kind kind;
	uint32_t body_len;
	uint32_t secret_lens[ENVOL_MESSAGE_SECRETS];	/* 0: none */
};

enum envol_operation {
	ENVOL_OPERATION_WRAP = 1,
	ENVOL_OPERATION_UNWRAP,
	ENVOL_OPERATION_DESCRIBE,
	ENVOL_OPERATION_LIST,
	ENVOL_OPERATION_CREATE,
	ENVOL_OPERATION_ROTATE,
	ENVOL_OPERATION_ENABLE,
	ENVOL_OPERATION_DISABLE,
	ENVOL_OPERATION_BACKUP,
	ENVOL_OPERATION_RESTORE,
	ENVOL_OPERATION_RESEAL,
	ENVOL_OPERATION_RANDOM,
	ENVOL_OPERATION_IMPORT,
	ENVOL_OPERATION_LOCK,
	ENVOL_OPERATION_SEAL,
	ENVOL_OPERATION_UNSEAL,
	ENVOL_OPERATION_SIGN,
	ENVOL_OPERATION_END
};

/* Strings and blobs are the request's own; those that an operation does not need are empty. */
struct envol_request {
	enum envol_operation operation;
	char *uri;		/* of the KEK, canonical; of LIST, RESEAL, LOCK, SEAL and UNSEAL the scheme; of RESTORE "" */
	char *keystore, *state, *tpm, *kek_directory;	/* settings of the handle */
	struct envol_settings settings;	/* of the provider; of RESTORE all */
	uint32_t left_ms;	/* until the caller ends the process */
	uint32_t log_level;
	bool replace;
	uint8_t volume_id[ENVOL_KEK_ID_SIZE];
	char *version;		/* to enable or disable; NULL: all. Of RESEAL the TPM; NULL: of the settings. Of SEAL and UNSEAL whose secret; of SIGN the algorithm */
	char *policy;		/* of RESEAL and SEAL, as boot; of RESEAL the next two; NULL: not said */
	bool boot, add;
	uint32_t remove;
	struct envol_wrapped wrapped;
	struct envol_blob file;	/* of SIGN what is signed, and in its reply the signature */
	struct envol_secret secrets[ENVOL_MESSAGE_SECRETS];
};

struct envol_reply {
	int err;		/* 0 or -errno */
	char *sentence;		/* of an error */
	uint32_t retry_after_s;	/* of -EAGAIN: when trying again makes sense; 0: not known */
	struct envol_wrapped wrapped;
	struct envol_key_info *infos;
	size_t n_infos;
	struct envol_blob file;
	struct envol_secret secrets[ENVOL_MESSAGE_SECRETS];
};

struct envol_log_line {
	enum envol_log_level level;
	char *text;
};

#define ENVOL_REQUEST_INIT { 0 }
#define ENVOL_REPLY_INIT { 0 }
#define _cleanup_request_ _cleanup_(envol_message_free_request)
#define _cleanup_reply_ _cleanup_(envol_message_free_reply)
void envol_message_free_request(struct envol_request *request);
void envol_message_free_reply(struct envol_reply *reply);

void envol_message_encode_head(uint8_t bytes[ENVOL_MESSAGE_HEAD_SIZE],
			       const struct envol_message_head *head);
/* -EBADMSG for another version, an unknown kind or a length out of bounds. */
int envol_message_decode_head(struct envol_message_head *head,
			      const uint8_t bytes[ENVOL_MESSAGE_HEAD_SIZE])
	_must_check_;

/*
 * Bodies, without the secrets. Encoding appends to an empty blob: -ENOMEM, -EMSGSIZE
 * for what decoding would refuse as too long, -EINVAL for a time that is none. Decoding fills an empty structure:
 * -EBADMSG for anything that encoding would not have written, -ENOMEM.
 */
int envol_message_encode_request(const struct envol_request *request,
				 struct envol_blob *body) _must_check_;
int envol_message_decode_request(struct envol_request *request,
				 const uint8_t *body, size_t len) _must_check_;
int envol_message_encode_reply(const struct envol_reply *reply,
			       struct envol_blob *body) _must_check_;
int envol_message_decode_reply(struct envol_reply *reply, const uint8_t *body,
			       size_t len) _must_check_;
int envol_message_encode_log(enum envol_log_level level, const char *text,
			     struct envol_blob *body) _must_check_;
/* line->text is malloc'ed, for the caller to free. */
int envol_message_decode_log(struct envol_log_line *line, const uint8_t *body,
			     size_t len) _must_check_;
