// SPDX-License-Identifier: LGPL-2.1-or-later
/* pkg-config: p11-kit-1 */
#include <ctype.h>
#include <errno.h>
#include <p11-kit/p11-kit.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/pkcs11/ckr.h"
#include "userspace/lib/provider/pkcs11/module.h"
#include "userspace/lib/provider/pkcs11/turn.h"
#include "userspace/lib/provider/settings.h"

#define SLOTS_MAX 1024u
#define SLOTS_MORE 8u	/* that may have come between two calls */

/* What is looked for, and what was found. */
struct search {
	struct envol *ev;
	const struct envol_pkcs11_name *name;
	const struct envol_pkcs11_name *section;	/* NULL: no section's */
	struct envol_pkcs11_token *tokens;
	size_t n;
	/* The first module that did not come up: why a token may be missing. */
	int err;
	char sentence[ENVOL_MESSAGE_SIZE];
};

void envol_pkcs11_token_free(struct envol_pkcs11_token *token)
{
	free(token->subject);
	memset(token, 0, sizeof(*token));
}

/* ---- modules ------------------------------------------------------------------ */

static int set_variable(struct envol *ev, const char *text, size_t len)
{
	_cleanup_free_ char *pair = strndup(text, len);
	char *equals = pair ? strchr(pair, '=') : NULL;
	const char *c;

	if (!pair)
		return envol_error(ev, -ENOMEM, "out of memory");
	for (c = pair; equals && c < equals; c++)
		if (!isalpha((unsigned char)*c) && *c != '_' &&
		    (c == pair || !isdigit((unsigned char)*c)))
			break;
	if (!equals || equals == pair || c != equals)
		return envol_error(ev, -EINVAL,
				   "environment in [pkcs11]: \"%.60s\" is not NAME=VALUE",
				   pair);
	*equals = 0;
	if (setenv(pair, equals + 1, 1))
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

/* Modules are told by variables where their own settings are; this process has none. */
static int set_environment(struct envol *ev, const char *subject)
{
	const char *at = envol_setting(ev, "pkcs11", subject, "environment");

	while (at && *at) {
		size_t len = strcspn(at, " \t");
		int err = len ? set_variable(ev, at, len) : 0;

		if (err)
			return err;
		at += len + (at[len] != 0);
	}
	return 0;
}

static int load_one(struct envol *ev, const char *path,
		    CK_FUNCTION_LIST **module)
{
	const char *why;
	CK_RV rv;

	envol_log_debug(ev, "load the module %s", path);
	*module = p11_kit_module_load(path, 0);
	if (!*module) {
		why = p11_kit_message();
		return envol_error(ev, -ELIBBAD,
				   "the module %s can't be loaded%s%.300s; module in [pkcs11] of envol.conf names it",
				   path, why ? ": " : "", why ? why : "");
	}
	envol_pkcs11_turn_await(ev, *module);
	rv = p11_kit_module_initialize(*module);
	if (rv == CKR_OK)
		return 0;
	p11_kit_module_release(*module);
	envol_ckr_error(ev, rv, "the module %s does not start (C_Initialize)",
			path);
	return -ELIBBAD;
}

static void dropped(void *module)
{
	p11_kit_module_release(module);
}

static int load_configured(struct envol *ev, CK_FUNCTION_LIST ***modules)
{
	CK_FUNCTION_LIST **module;

	envol_log_debug(ev, "load the modules that p11-kit is configured for");
	*modules = p11_kit_modules_load(NULL, 0);
	if (!*modules)
		return envol_error(ev, -ELIBBAD,
				   "a module that p11-kit is configured for can't be loaded%s%.300s",
				   p11_kit_message() ? ": " : "",
				   p11_kit_message() ? p11_kit_message() : "");
	for (module = *modules; *module; module++)
		envol_pkcs11_turn_await(ev, *module);
	/* Those that do not start are no longer in the list then. */
	p11_kit_modules_initialize(*modules, dropped);
	if (!**modules)
		return envol_error(ev, -ENOPKG,
				   "there is no PKCS#11 module: set module = /usr/lib/... in the section [pkcs11] of envol.conf, or configure p11-kit for one");
	return 0;
}

/* ---- their tokens --------------------------------------------------------------- */

static void take_field(struct envol_pkcs11_value *value, const void *field,
		       size_t size)
{
	const char *bytes = field;

	while (size && (bytes[size - 1] == ' ' || bytes[size - 1] == 0))
		size--;
	memcpy(value->bytes, bytes, size);
	value->bytes[size] = 0;
	/* A NUL within would make two of one name. */
	value->len = strlen(value->bytes);
}

static void take_info(struct envol_pkcs11_token *token,
		      const CK_TOKEN_INFO *info)
{
	struct envol_pkcs11_value *values = token->name.values;

	take_field(&values[ENVOL_PKCS11_TOKEN], info->label,
		   sizeof(info->label));
	take_field(&values[ENVOL_PKCS11_MANUFACTURER], info->manufacturerID,
		   sizeof(info->manufacturerID));
	take_field(&values[ENVOL_PKCS11_SERIAL], info->serialNumber,
		   sizeof(info->serialNumber));
	take_field(&values[ENVOL_PKCS11_MODEL], info->model,
		   sizeof(info->model));
	token->flags = info->flags;
	snprintf(token->label, sizeof(token->label),
		 "token \"%s\" (serial %s, %s %s)",
		 values[ENVOL_PKCS11_TOKEN].bytes,
		 values[ENVOL_PKCS11_SERIAL].bytes,
		 values[ENVOL_PKCS11_MANUFACTURER].bytes,
		 values[ENVOL_PKCS11_MODEL].bytes);
}

/* All that @part names is so in @whole. */
static bool is_part(const struct envol_pkcs11_name *part,
		    const struct envol_pkcs11_name *whole)
{
	size_t i;

	for (i = 0; part && i < ENVOL_PKCS11_OBJECT; i++)
		if (part->values[i].len && strcmp(part->values[i].bytes,
						  whole->values[i].bytes) != 0)
			return false;
	return true;
}

/* The section of envol.conf that is this token's, by whatever way it was found. */
static int find_subject(struct envol *ev, struct envol_pkcs11_token *token)
{
	struct envol_pkcs11_name section;
	const char *subject;
	size_t i;
	int err;

	for (i = 0; (subject = envol_setting_subject(ev, "pkcs11", i)); i++) {
		err = envol_pkcs11_parse_token(ev, subject, &section);
		if (err)
			return err;
		if (!is_part(&section, &token->name))
			continue;
		token->subject = strdup(subject);
		return token->subject ? 0 : envol_error(ev, -ENOMEM,
							"out of memory");
	}
	return 0;
}

static int add_token(struct search *search, CK_FUNCTION_LIST *module,
		     CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
	struct envol_pkcs11_token token = { .module = module, .slot = slot };
	struct envol_pkcs11_token *more;
	size_t i;
	int err;

	take_info(&token, info);
	envol_log_debug(search->ev, "slot %lu: %s, flags 0x%lx", slot,
			token.label, token.flags);
	if (!(info->flags & CKF_TOKEN_INITIALIZED) ||
	    !is_part(search->name, &token.name) ||
	    !is_part(search->section, &token.name))
		return 0;
	/* One token by two modules, or of two sections, is one; a copy of one is none. */
	for (i = 0; i < search->n; i++) {
		if (!is_part(&token.name, &search->tokens[i].name))
			continue;
		if (search->name && search->tokens[i].module == module &&
		    search->tokens[i].slot != slot)
			return envol_error(search->ev, -ENOTUNIQ,
					   "two slots, %lu and %lu, show a %s: one of them is a copy, to which no PIN is given; take it away",
					   search->tokens[i].slot, slot,
					   token.label);
		return 0;
	}
	err = find_subject(search->ev, &token);
	if (err)
		return err;
	more = reallocarray(search->tokens, search->n + 1, sizeof(*more));
	if (!more) {
		free(token.subject);
		return envol_error(search->ev, -ENOMEM, "out of memory");
	}
	search->tokens = more;
	search->tokens[search->n++] = token;
	return 0;
}

static int get_slots(struct envol *ev, CK_FUNCTION_LIST *module,
		     CK_SLOT_ID **slots, CK_ULONG *n)
{
	CK_ULONG room = 0;
	CK_RV rv = module->C_GetSlotList(CK_TRUE, NULL, &room);

	if (rv != CKR_OK)
		return envol_ckr_error(ev, rv, "list the tokens");
	if (room > SLOTS_MAX)
		return envol_error(ev, -EPROTO,
				   "the module tells of %lu slots", room);
	room += SLOTS_MORE;
	*slots = calloc(room, sizeof(**slots));
	if (!*slots)
		return envol_error(ev, -ENOMEM, "out of memory");
	*n = room;
	rv = module->C_GetSlotList(CK_TRUE, *slots, n);
	if (rv != CKR_OK)
		return envol_ckr_error(ev, rv, "list the tokens");
	if (*n > room)
		return envol_error(ev, -EPROTO,
				   "the module says that it wrote %lu slots where there was room for %lu",
				   *n, room);
	return 0;
}

static int add_tokens(struct search *search, CK_FUNCTION_LIST *module)
{
	_cleanup_free_ CK_SLOT_ID *slots = NULL;
	CK_ULONG n = 0, i;
	int err = get_slots(search->ev, module, &slots, &n);

	for (i = 0; i < n && !err; i++) {
		CK_TOKEN_INFO info = { 0 };

		/* One that is just being removed, or is not for us to look at. */
		if (module->C_GetTokenInfo(slots[i], &info) == CKR_OK)
			err = add_token(search, module, slots[i], &info);
	}
	return err;
}

static int search_modules(struct search *search, const char *subject,
			  const char *path)
{
	CK_FUNCTION_LIST *one[2] = { NULL, NULL }, **modules = one;
	int err;

	err = set_environment(search->ev, subject);
	if (!err)
		err = path ? load_one(search->ev, path, &one[0]) :
			     load_configured(search->ev, &modules);
	for (; !err && *modules; modules++)
		err = add_tokens(search, *modules);
	return err;
}

/* What does not come up hides its tokens and no others. */
static void search_in(struct search *search, const char *subject)
{
	int err;

	err = search_modules(search, subject,
			     envol_setting(search->ev, "pkcs11", subject,
					   "module"));
	if (!err)
		return;
	envol_log_info(search->ev, "%s", search->ev->message);
	if (!search->err) {
		search->err = err;
		strcpy(search->sentence, search->ev->message);
	}
}

/* ---- the settings say where ------------------------------------------------------- */

static int search_all(struct search *search)
{
	struct envol *ev = search->ev;
	struct envol_pkcs11_name section;
	const char *subject;
	bool has_section = false;
	size_t i;
	int err;

	for (i = 0; (subject = envol_setting_subject(ev, "pkcs11", i)); i++) {
		err = envol_pkcs11_parse_token(ev, subject, &section);
		if (err)
			return err;
		if (search->name &&
		    !envol_pkcs11_is_compatible(search->name, &section))
			continue;
		has_section = true;
		search->section = &section;
		search_in(search, subject);
	}
	search->section = NULL;
	/* All of p11-kit's are asked only where nothing says better. */
	if (search->n == 0 || !search->name)
		if (!has_section || envol_setting(ev, "pkcs11", NULL, "module"))
			search_in(search, NULL);
	return 0;
}

static int not_found(struct search *search)
{
	_cleanup_free_ char *text = NULL;
	int err;

	if (search->err)
		return envol_error(search->ev, search->err, "%s",
				   search->sentence);
	err = envol_pkcs11_format(search->ev, "", search->name,
				  ENVOL_PKCS11_OBJECT, &text);
	if (err)
		return err;
	return envol_error(search->ev, -EHOSTUNREACH,
			   "the token %s is not there: is it plugged in, is its server reached, is it the module's (pkcs11-tool --module FILE --list-slots)?",
			   text);
}

int envol_pkcs11_find_token(struct envol *ev,
			    const struct envol_pkcs11_name *name,
			    struct envol_pkcs11_token *token)
{
	struct search search = { .ev = ev, .name = name };
	size_t i;
	int err = search_all(&search);

	if (!err && (search.n == 0 || search.err == -ENOTUNIQ))
		err = not_found(&search);
	if (!err && search.n > 1)
		err = envol_error(ev, -ENOTUNIQ,
				  "%s and %s both fit: add serial= to the URI",
				  search.tokens[0].label,
				  search.tokens[1].label);
	if (!err) {
		*token = search.tokens[0];
		search.tokens[0].subject = NULL;
	}
	for (i = 0; i < search.n; i++)
		envol_pkcs11_token_free(&search.tokens[i]);
	free(search.tokens);
	return err;
}

int envol_pkcs11_list_tokens(struct envol *ev,
			     struct envol_pkcs11_token **tokens, size_t *n)
{
	struct search search = { .ev = ev };
	int err = search_all(&search);

	*tokens = search.tokens;
	*n = search.n;
	if (!err && search.n == 0 && search.err)
		err = envol_error(ev, search.err, "%s", search.sentence);
	return err;
}

void envol_pkcs11_token_refresh(struct envol_pkcs11_token *token)
{
	CK_TOKEN_INFO info = { 0 };

	if (token->module->C_GetTokenInfo(token->slot, &info) == CKR_OK)
		token->flags = info.flags;
}
