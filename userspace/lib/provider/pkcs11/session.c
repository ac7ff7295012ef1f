// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/pin.h"
#include "userspace/lib/provider/pkcs11/ckr.h"
#include "userspace/lib/provider/pkcs11/refused.h"
#include "userspace/lib/provider/pkcs11/session.h"
#include "userspace/lib/provider/settings.h"

static bool is_refusal(CK_RV rv)
{
	return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID ||
	       rv == CKR_PIN_LEN_RANGE;
}

static int refused(struct envol_pkcs11_session *session, CK_RV rv)
{
	struct envol_pkcs11_token *token = &session->token;
	char name[ENVOL_CKR_NAME_SIZE];
	const char *more = "";

	envol_pkcs11_token_refresh(token);
	if (token->flags & CKF_USER_PIN_LOCKED)
		more = "; it is locked now, and its security officer unlocks it";
	else if (token->flags & CKF_USER_PIN_FINAL_TRY)
		more = "; one more that is wrong locks it";
	return envol_error(session->ev, -ENOANO, "%s refused the PIN: %s%s",
			   token->label, envol_ckr_name(name, rv), more);
}

static int try_pin(struct envol_pkcs11_session *session, CK_USER_TYPE user,
		   const struct envol_secret *pin)
{
	CK_RV rv = session->token.module->C_Login(session->handle, user,
						  pin->data, pin->len);

	session->rv = rv;
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return 0;
	if (is_refusal(rv))
		return refused(session, rv);
	return envol_ckr_error(session->ev, rv, "log in to %s",
			       session->token.label);
}

/* At the token itself: a keypad, a card reader, a quorum of people. */
static int login_there(struct envol_pkcs11_session *session)
{
	static const struct envol_secret none = ENVOL_SECRET_INIT;

	envol_log_warning(session->ev, "%s waits for its PIN at the device",
			  session->token.label);
	return try_pin(session, CKU_USER, &none);
}

static int login_with_file(struct envol_pkcs11_session *session,
			   const char *file)
{
	_cleanup_secret_ struct envol_secret pin = ENVOL_SECRET_INIT;
	struct envol_pkcs11_refused memory;
	int err;

	if (session->token.flags & CKF_USER_PIN_FINAL_TRY)
		return envol_error(session->ev, -ENOANO,
				   "one more wrong PIN locks %s, so the one in %s is not tried: log in once by hand (envol key show, pkcs11-tool --login)",
				   session->token.label, file);
	err = envol_pkcs11_refused_open(session->ev, &session->token, file,
					session->deadline, &memory);
	if (err)
		return err;
	err = envol_credential_read(session->ev, "pkcs11", "pin_file", file,
				    &pin);
	if (err == -ENOENT)
		err = -EINVAL;
	if (!err) {
		err = try_pin(session, CKU_USER, &pin);
		if (err == -ENOANO)
			envol_pkcs11_refused_note(session->ev, &memory, file);
	}
	envol_pkcs11_refused_close(&memory);
	if (!err)
		envol_secret_move(&session->pin, &pin);
	return err;
}

static int needs_pin(struct envol_pkcs11_session *session)
{
	struct envol_pkcs11_name name = session->token.name;
	_cleanup_free_ char *subject = NULL;
	const char *own = "";
	int err;

	name.values[ENVOL_PKCS11_MANUFACTURER].len = 0;
	name.values[ENVOL_PKCS11_MODEL].len = 0;
	err = envol_pkcs11_format(session->ev, "", &name, ENVOL_PKCS11_OBJECT,
				  &subject);
	if (err)
		return err;
	if (session->token.flags & CKF_USER_PIN_FINAL_TRY)
		own = ", and one more that is wrong locks it";
	return envol_error(session->ev, -ENOANO,
			   "%s needs its PIN%s: pin_file in the section [pkcs11 %s] of envol.conf, or who asks for the key gives it",
			   session->token.label, own, subject);
}

/* One of all tokens would go to any that is plugged in. */
static int check_general(struct envol *ev)
{
	if (!envol_setting(ev, "pkcs11", NULL, "pin_file"))
		return 0;
	return envol_error(ev, -EINVAL,
			   "pin_file in [pkcs11]: a PIN belongs to one token; put it into a section [pkcs11 token=...;serial=...]");
}

static int login(struct envol_pkcs11_session *session)
{
	const struct envol_pkcs11_token *token = &session->token;
	const struct envol_secret *callers = envol_pin_of_request(session->ev);
	const char *file = NULL;
	int err = check_general(session->ev);

	if (err || !(token->flags & CKF_LOGIN_REQUIRED))
		return err;
	if (token->flags & CKF_USER_PIN_LOCKED)
		return envol_ckr_error(session->ev, CKR_PIN_LOCKED,
				       "log in to %s", token->label);
	if (token->subject)
		file = envol_setting(session->ev, "pkcs11", token->subject,
				     "pin_file");
	if (callers->len)
		err = try_pin(session, CKU_USER, callers);
	else if (token->flags & CKF_PROTECTED_AUTHENTICATION_PATH)
		err = login_there(session);
	else if (file)
		err = login_with_file(session, file);
	else
		err = needs_pin(session);
	if (!err)
		envol_pkcs11_refused_forget(session->ev, token);
	return err;
}

static int open_one(struct envol_pkcs11_session *session)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION;
	CK_RV rv;

	if (session->is_writable)
		flags |= CKF_RW_SESSION;
	rv = session->token.module->C_OpenSession(session->token.slot, flags,
						  NULL, NULL,
						  &session->handle);
	session->rv = rv;
	if (rv != CKR_OK)
		return envol_ckr_error(session->ev, rv,
				       "open a session with %s",
				       session->token.label);
	session->is_open = true;
	return 0;
}

static void close_one(struct envol_pkcs11_session *session)
{
	if (session->is_open)
		session->token.module->C_CloseSession(session->handle);
	session->is_open = false;
}

int envol_pkcs11_session_open(struct envol_pkcs11_session *session)
{
	int err = open_one(session);

	return err ? err : login(session);
}

int envol_pkcs11_session_reopen(struct envol_pkcs11_session *session)
{
	int err;

	close_one(session);
	err = open_one(session);
	if (err || !(session->token.flags & CKF_LOGIN_REQUIRED))
		return err;
	/* The one that was accepted a moment ago, and no file again. */
	if (session->pin.len)
		return try_pin(session, CKU_USER, &session->pin);
	return login(session);
}

void envol_pkcs11_session_close(struct envol_pkcs11_session *session)
{
	close_one(session);
	envol_secret_wipe(&session->pin);
	envol_pkcs11_token_free(&session->token);
}

int envol_pkcs11_session_confirm(struct envol_pkcs11_session *session)
{
	const struct envol_secret *pin = &session->pin;

	if (!pin->len)
		pin = envol_pin_of_request(session->ev);
	return try_pin(session, CKU_CONTEXT_SPECIFIC, pin);
}

int envol_pkcs11_session_random(struct envol_pkcs11_session *session,
				struct envol_secret *bytes)
{
	if (!(session->token.flags & CKF_RNG))
		return envol_error(session->ev, -EOPNOTSUPP,
				   "%s has no random generator (CKF_RNG is not set)",
				   session->token.label);
	session->rv = session->token.module->C_GenerateRandom(
		session->handle, bytes->data, bytes->len);
	return session->rv == CKR_OK ? 0 :
		envol_ckr_error(session->ev, session->rv,
				"take random bytes from %s",
				session->token.label);
}
