// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "userspace/lib/provider/kmip/result.h"

static const struct result {
	uint32_t reason;
	int err;
	const char *hint;
} results[] = {
	{ KMIP_REASON_NOT_FOUND, -ENOENT, "no such key, or none that this client may see" },
	{ KMIP_REASON_OBJECT_NOT_FOUND, -ENOENT,
	  "no such key, or none that this client may see" },
	{ KMIP_REASON_DESTROYED, -ENOENT, "the key was destroyed" },
	{ KMIP_REASON_AUTHENTICATION, -EACCES,
	  "it does not know this client: register the certificate there, or set username and password_file" },
	{ KMIP_REASON_BAD_PASSWORD, -EACCES, "look at username and password_file" },
	{ KMIP_REASON_PERMISSION_DENIED, -EACCES,
	  "let this client use the key there: its state, usage mask and access rules count" },
	{ KMIP_REASON_NOT_AUTHORISED, -EACCES, "let this client use the key there" },
	{ KMIP_REASON_USAGE_MASK, -EACCES,
	  "the key's usage mask must have Encrypt and Decrypt" },
	{ KMIP_REASON_SENSITIVE, -EACCES, "the key does not leave the server" },
	{ KMIP_REASON_NOT_EXTRACTABLE, -EACCES, "the key does not leave the server" },
	{ KMIP_REASON_VALUE_NOT_PRESENT, -EACCES, "the key's value is not in the server" },
	{ KMIP_REASON_USAGE_LIMIT, -EACCES, "the key's usage limit is used up" },
	{ KMIP_REASON_WRONG_STATE, -EKEYREVOKED, "the key is not active" },
	{ KMIP_REASON_ARCHIVED, -EKEYREVOKED, "the key is archived; recover it there" },
	{ KMIP_REASON_ALREADY_EXISTS, -EEXIST, "" },
	{ KMIP_REASON_NAME_NOT_UNIQUE, -EEXIST, "another object has the name" },
	{ KMIP_REASON_OPERATION_NOT_SUPPORTED, -EOPNOTSUPP, "" },
	{ KMIP_REASON_FEATURE_NOT_SUPPORTED, -EOPNOTSUPP, "" },
	{ KMIP_REASON_FORMAT_NOT_SUPPORTED, -EOPNOTSUPP, "" },
	{ KMIP_REASON_VERSION_NOT_SUPPORTED, -EOPNOTSUPP, "look at the setting version" },
	{ KMIP_REASON_PARAMETERS_NOT_SUPPORTED, -EOPNOTSUPP, "" },
	{ KMIP_REASON_BAD_PARAMETERS, -EOPNOTSUPP, "" },
	{ KMIP_REASON_ILLEGAL_OPERATION, -EOPNOTSUPP, "" },
	{ KMIP_REASON_CANCELED, -EAGAIN, "" },
	{ KMIP_REASON_SERVER_LIMIT, -EAGAIN, "" },
	{ KMIP_REASON_STORAGE_UNAVAILABLE, -EAGAIN, "" },
	{ KMIP_REASON_TOO_LARGE, -EMSGSIZE, "" },
	{ KMIP_REASON_INVALID_MESSAGE, -EPROTO,
	  "it does not understand the request; the setting version may name a version of KMIP that it does" },
	{ KMIP_REASON_MISSING_DATA, -EPROTO, "" },
	{ KMIP_REASON_INVALID_FIELD, -EPROTO, "" },
	{ KMIP_REASON_CRYPTOGRAPHIC_FAILURE, -EIO, "" },
	{ KMIP_REASON_INTERNAL_ERROR, -EIO, "its own log says more" },
	{ KMIP_REASON_GENERAL_FAILURE, -EIO, "its own log says more" },
};

int envol_kmip_result_errno(uint32_t reason, const char **hint)
{
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(results); i++)
		if (results[i].reason == reason) {
			*hint = results[i].hint;
			return results[i].err;
		}
	*hint = "";
	return -EIO;
}

bool envol_kmip_result_blames_data(uint32_t reason)
{
	switch (reason) {
	case KMIP_REASON_CRYPTOGRAPHIC_FAILURE:
	case KMIP_REASON_INVALID_FIELD:
	case KMIP_REASON_BAD_PARAMETERS:
	case KMIP_REASON_INTERNAL_ERROR:
	case KMIP_REASON_GENERAL_FAILURE:
		return true;
	default:
		return false;
	}
}
