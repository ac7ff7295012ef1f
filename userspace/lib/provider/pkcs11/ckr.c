// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/pkcs11/ckr.h"

#define LOST "the session with the token was lost"
#define GONE "the token was removed, or can't be reached"
#define BUSY "the token has no room for one more session; try again later"

enum { LOST_SESSION = 1, BAD_DATA = 2 };

#define ROW(name, err, kind, advice) { name, #name, err, kind, advice }

static const struct {
	CK_RV rv;
	const char *name;
	int err;
	int kind;
	const char *advice;
} rows[] = {
	ROW(CKR_HOST_MEMORY, -ENOMEM, 0, NULL),
	ROW(CKR_SLOT_ID_INVALID, -EHOSTUNREACH, 0, GONE),
	ROW(CKR_GENERAL_ERROR, -EIO, 0, NULL),
	ROW(CKR_FUNCTION_FAILED, -EIO, 0, NULL),
	ROW(CKR_ARGUMENTS_BAD, -EIO, 0, NULL),
	ROW(CKR_ATTRIBUTE_READ_ONLY, -EOPNOTSUPP, 0, NULL),
	ROW(CKR_ATTRIBUTE_SENSITIVE, -EACCES, 0, NULL),
	ROW(CKR_ATTRIBUTE_TYPE_INVALID, -EOPNOTSUPP, 0, NULL),
	ROW(CKR_ATTRIBUTE_VALUE_INVALID, -EOPNOTSUPP, 0, NULL),
	ROW(CKR_DATA_INVALID, -EBADMSG, BAD_DATA, NULL),
	ROW(CKR_DATA_LEN_RANGE, -EBADMSG, BAD_DATA, NULL),
	ROW(CKR_DEVICE_ERROR, -EIO, 0, "the device has a problem"),
	ROW(CKR_DEVICE_MEMORY, -ENOSPC, 0, "the device has no room left"),
	ROW(CKR_DEVICE_REMOVED, -EHOSTUNREACH, 0, GONE),
	ROW(CKR_ENCRYPTED_DATA_INVALID, -EBADMSG, BAD_DATA, NULL),
	ROW(CKR_ENCRYPTED_DATA_LEN_RANGE, -EBADMSG, BAD_DATA, NULL),
	ROW(CKR_FUNCTION_NOT_SUPPORTED, -EOPNOTSUPP, 0, NULL),
	ROW(CKR_KEY_HANDLE_INVALID, -EIO, LOST_SESSION, LOST),
	ROW(CKR_KEY_SIZE_RANGE, -EOPNOTSUPP, 0, NULL),
	ROW(CKR_KEY_TYPE_INCONSISTENT, -EOPNOTSUPP, 0, NULL),
	ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, -EACCES, 0,
	    "the key's attributes don't allow this use"),
	ROW(CKR_KEY_NOT_WRAPPABLE, -EACCES, 0, NULL),
	ROW(CKR_KEY_UNEXTRACTABLE, -EACCES, 0, NULL),
	ROW(CKR_MECHANISM_INVALID, -EOPNOTSUPP, 0,
	    "the token has no such mechanism"),
	ROW(CKR_MECHANISM_PARAM_INVALID, -EOPNOTSUPP, 0,
	    "the token takes the mechanism, but not these parameters of it"),
	ROW(CKR_OBJECT_HANDLE_INVALID, -EIO, LOST_SESSION, LOST),
	ROW(CKR_OPERATION_ACTIVE, -EIO, LOST_SESSION, LOST),
	ROW(CKR_OPERATION_NOT_INITIALIZED, -EIO, LOST_SESSION, LOST),
	ROW(CKR_PIN_INCORRECT, -ENOANO, 0, NULL),
	ROW(CKR_PIN_INVALID, -ENOANO, 0, NULL),
	ROW(CKR_PIN_LEN_RANGE, -ENOANO, 0, NULL),
	ROW(CKR_PIN_EXPIRED, -EACCES, 0,
	    "the PIN has expired; set a new one with the vendor's tool, or pkcs11-tool --change-pin"),
	ROW(CKR_PIN_LOCKED, -EACCES, 0,
	    "the PIN is locked after too many wrong ones; the token's security officer unlocks it (pkcs11-tool --init-pin)"),
	ROW(CKR_SESSION_CLOSED, -EIO, LOST_SESSION, LOST),
	ROW(CKR_SESSION_COUNT, -EAGAIN, 0, BUSY),
	ROW(CKR_SESSION_HANDLE_INVALID, -EIO, LOST_SESSION, LOST),
	ROW(CKR_SESSION_READ_ONLY, -EROFS, 0, NULL),
	ROW(CKR_TEMPLATE_INCOMPLETE, -EOPNOTSUPP, 0, NULL),
	ROW(CKR_TEMPLATE_INCONSISTENT, -EOPNOTSUPP, 0, NULL),
	ROW(CKR_TOKEN_NOT_PRESENT, -EHOSTUNREACH, 0, GONE),
	ROW(CKR_TOKEN_NOT_RECOGNIZED, -EHOSTUNREACH, 0, GONE),
	ROW(CKR_TOKEN_WRITE_PROTECTED, -EROFS, 0, "the token is write-protected"),
	ROW(CKR_USER_NOT_LOGGED_IN, -EIO, LOST_SESSION, LOST),
	ROW(CKR_USER_PIN_NOT_INITIALIZED, -EACCES, 0,
	    "the token has no user PIN yet; set one (pkcs11-tool --init-pin)"),
	ROW(CKR_USER_TYPE_INVALID, -EOPNOTSUPP, 0, NULL),
	ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, -EBUSY, 0, NULL),
	ROW(CKR_USER_TOO_MANY_TYPES, -EBUSY, 0, NULL),
	ROW(CKR_WRAPPED_KEY_INVALID, -EBADMSG, BAD_DATA, NULL),
	ROW(CKR_WRAPPED_KEY_LEN_RANGE, -EBADMSG, BAD_DATA, NULL),
	ROW(CKR_BUFFER_TOO_SMALL, -EPROTO, 0, NULL),
	ROW(CKR_CRYPTOKI_NOT_INITIALIZED, -EIO, 0, NULL),
	ROW(CKR_CANT_LOCK, -EIO, 0, NULL),
	ROW(CKR_NEED_TO_CREATE_THREADS, -EIO, 0, NULL),
	ROW(CKR_FUNCTION_REJECTED, -EACCES, 0,
	    "whoever had to allow it at the token did not"),
	ROW(CKR_FUNCTION_CANCELED, -ECANCELED, 0, NULL),
};

static int find(CK_RV rv)
{
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(rows); i++)
		if (rows[i].rv == rv)
			return (int)i;
	return -1;
}

const char *envol_ckr_name(char name[ENVOL_CKR_NAME_SIZE], CK_RV rv)
{
	int row = find(rv);

	if (row >= 0)
		return rows[row].name;
	if (rv >= CKR_VENDOR_DEFINED)
		snprintf(name, ENVOL_CKR_NAME_SIZE, "CKR_VENDOR_DEFINED + 0x%lx",
			 rv - CKR_VENDOR_DEFINED);
	else
		snprintf(name, ENVOL_CKR_NAME_SIZE, "CKR 0x%lx", rv);
	return name;
}

int envol_ckr_error(struct envol *ev, CK_RV rv, const char *fmt, ...)
{
	char name[ENVOL_CKR_NAME_SIZE], what[512];
	int row = find(rv);
	const char *advice = row >= 0 ? rows[row].advice : NULL;
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return envol_error(ev, row >= 0 ? rows[row].err : -EIO, "%s: %s%s%s",
			   what, envol_ckr_name(name, rv), advice ? "; " : "",
			   advice ? advice : "");
}

static bool is_kind(CK_RV rv, int kind)
{
	int row = find(rv);

	return row >= 0 && rows[row].kind == kind;
}

bool envol_ckr_is_session_lost(CK_RV rv)
{
	return is_kind(rv, LOST_SESSION);
}

bool envol_ckr_is_bad_data(CK_RV rv)
{
	return is_kind(rv, BAD_DATA);
}
