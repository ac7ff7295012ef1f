// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PKCS#11 module that misbehaves as HOSTILE=HOW says, and else has a token "hostile"
 * with one AES key, "disk", whose AES-GCM is none: it turns bits round and puts 16
 * bytes behind, the sum of the AAD among them. Its PIN is 1234, and the third wrong one
 * locks it: the file that HOSTILE_TRIES names counts the tries.
 */
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIN "1234"
#define SESSION 7u
#define KEY 42u
#define TAG_SIZE 16u

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

static char how[64];
static unsigned int session = SESSION;
static int is_logged_in, n_lost;

static int is(const char *what)
{
	return strcmp(how, what) == 0;
}

static void hang(void)
{
	for (;;)
		pause();
}

/* What may go wrong in each function alike: hang-C_Login, crash-C_Login, end-C_Login. */
static void act(const char *function)
{
	const char *dash = strchr(how, '-');

	if (!dash || strcmp(dash + 1, function) != 0)
		return;
	if (strncmp(how, "hang-", 5) == 0)
		hang();
	if (strncmp(how, "crash-", 6) == 0)
		*(volatile int *)NULL = 0;
	if (strncmp(how, "end-", 4) == 0)
		_exit(0);
}

/* error-FUNCTION-0xRV */
static CK_RV error_of(const char *function)
{
	size_t len = strlen(function);

	if (strncmp(how, "error-", 6) != 0 ||
	    strncmp(how + 6, function, len) != 0 || how[6 + len] != '-')
		return CKR_OK;
	return strtoul(how + 6 + len + 1, NULL, 16);
}

#define BEGIN(function)                               \
	do {                                          \
		CK_RV rv_;                            \
		act(#function);                       \
		rv_ = error_of(#function);            \
		if (rv_ != CKR_OK)                    \
			return rv_;                   \
	} while (0)

/* ---- the token -------------------------------------------------------------------- */

static int count_tries(int add)
{
	const char *path = getenv("HOSTILE_TRIES");
	char text[16] = "0";
	int n;
	FILE *f = path ? fopen(path, "r") : NULL;

	if (f) {
		if (!fgets(text, sizeof(text), f))
			strcpy(text, "0");
		fclose(f);
	}
	n = atoi(text);
	if (!add || !path)
		return n;
	n = add < 0 ? 0 : n + 1;
	f = fopen(path, "w");
	if (f) {
		fprintf(f, "%d\n", n);
		fclose(f);
	}
	return n;
}

static CK_RV initialize(void *args)
{
	const char *text = getenv("HOSTILE");

	snprintf(how, sizeof(how), "%s", text ? text : "");
	BEGIN(C_Initialize);
	return CKR_OK;
}

static CK_RV finalize(void *reserved)
{
	BEGIN(C_Finalize);
	return CKR_OK;
}

static CK_RV get_info(CK_INFO *info)
{
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion.major = 2;
	info->cryptokiVersion.minor = 40;
	return CKR_OK;
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
	CK_ULONG room = slots ? *n : 0, i;

	BEGIN(C_GetSlotList);
	*n = is("no-token") ? 0 :
	     is("two-tokens") || is("copied-token") ? 2 : 1;
	if (is("many-slots"))
		*n = ~0UL;
	if (is("more-slots") && slots)
		*n = room + 1000;
	for (i = 0; slots && i < room && i < *n; i++)
		slots[i] = i + 1;
	return CKR_OK;
}

static void fill(unsigned char *field, size_t size, const char *text)
{
	memset(field, ' ', size);
	memcpy(field, text, strlen(text) < size ? strlen(text) : size);
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	int tries = count_tries(0);

	BEGIN(C_GetTokenInfo);
	memset(info, 0, sizeof(*info));
	fill(info->label, sizeof(info->label), "hostile");
	fill(info->manufacturerID, sizeof(info->manufacturerID), "Nobody");
	fill(info->model, sizeof(info->model), "None");
	fill(info->serialNumber, sizeof(info->serialNumber),
	     slot == 1 || is("copied-token") ? "0001" : "0002");
	if (is("control-characters"))
		fill(info->model, sizeof(info->model), "\x1b[31m\nred");
	if (is("full-fields")) {
		memset(info->model, 'm', sizeof(info->model));
		memset(info->manufacturerID, 'v', sizeof(info->manufacturerID));
	}
	info->flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED |
		      CKF_USER_PIN_INITIALIZED;
	if (is("keypad"))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	if (tries == 1)
		info->flags |= CKF_USER_PIN_COUNT_LOW;
	if (tries == 2)
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (tries >= 3)
		info->flags |= CKF_USER_PIN_LOCKED;
	return CKR_OK;
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type,
				CK_MECHANISM_INFO *info)
{
	BEGIN(C_GetMechanismInfo);
	if (type != CKM_AES_GCM || is("no-mechanism"))
		return CKR_MECHANISM_INVALID;
	*info = (CK_MECHANISM_INFO){ 16, 32, CKF_ENCRYPT | CKF_DECRYPT };
	return CKR_OK;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application,
			  CK_NOTIFY notify, CK_SESSION_HANDLE *handle)
{
	BEGIN(C_OpenSession);
	*handle = session;
	return CKR_OK;
}

static CK_RV close_session(CK_SESSION_HANDLE handle)
{
	BEGIN(C_CloseSession);
	is_logged_in = 0;
	return CKR_OK;
}

static CK_RV login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, unsigned char *pin,
		   CK_ULONG len)
{
	BEGIN(C_Login);
	if (handle != session)
		return CKR_SESSION_HANDLE_INVALID;
	if (count_tries(0) >= 3)
		return CKR_PIN_LOCKED;
	if (is("keypad") ? pin != NULL :
			   (len != strlen(PIN) || memcmp(pin, PIN, len) != 0)) {
		count_tries(1);
		return CKR_PIN_INCORRECT;
	}
	count_tries(-1);
	is_logged_in = 1;
	return CKR_OK;
}

/* ---- its key ------------------------------------------------------------------------- */

static int finding, has_generated;

static CK_RV find_init(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *template,
		       CK_ULONG n)
{
	CK_ULONG i;

	BEGIN(C_FindObjectsInit);
	if (is("lost-once") && n_lost++ == 0)
		return CKR_SESSION_HANDLE_INVALID;
	if (is("lost-always"))
		return CKR_SESSION_HANDLE_INVALID;
	finding = is_logged_in && !(has_generated && is("hides-keys"));
	for (i = 0; i < n; i++)
		if (template[i].type == CKA_CLASS &&
		    *(CK_OBJECT_CLASS *)template[i].pValue != CKO_SECRET_KEY)
			finding = 0;
	return CKR_OK;
}

static CK_RV find(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *objects,
		  CK_ULONG room, CK_ULONG *n)
{
	BEGIN(C_FindObjects);
	if (is("more-objects")) {
		*n = room + 1000;
		return CKR_OK;
	}
	if (is("endless-objects")) {
		for (*n = 0; *n < room; ++*n)
			objects[*n] = KEY;
		return CKR_OK;
	}
	*n = finding;
	objects[0] = KEY;
	finding = 0;
	return CKR_OK;
}

static CK_RV generate(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism,
		      CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *object)
{
	BEGIN(C_GenerateKey);
	has_generated = 1;
	*object = KEY;
	return CKR_OK;
}

static CK_RV find_final(CK_SESSION_HANDLE handle)
{
	return CKR_OK;
}

static CK_RV give(CK_ATTRIBUTE *attribute, const void *value, size_t len)
{
	if (is("long-attributes")) {
		attribute->ulValueLen = 1u << 30;
		return CKR_OK;
	}
	if (is("no-lengths")) {
		attribute->ulValueLen = ~0UL;
		return CKR_OK;
	}
	if (!attribute->pValue || attribute->ulValueLen < len) {
		attribute->ulValueLen = len;
		return attribute->pValue ? CKR_BUFFER_TOO_SMALL : CKR_OK;
	}
	memcpy(attribute->pValue, value, len);
	attribute->ulValueLen = len;
	return CKR_OK;
}

static CK_RV get_attribute(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object,
			   CK_ATTRIBUTE *attribute, CK_ULONG n)
{
	static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG value = 32;

	BEGIN(C_GetAttributeValue);
	switch (attribute->type) {
	case CKA_CLASS:
		value = CKO_SECRET_KEY;
		return give(attribute, &value, sizeof(value));
	case CKA_KEY_TYPE:
		value = CKK_AES;
		return give(attribute, &value, sizeof(value));
	case CKA_VALUE_LEN:
		return give(attribute, &value, sizeof(value));
	case CKA_LABEL:
		return give(attribute, "disk", 4);
	case CKA_ID:
		return give(attribute, "\1\2", is("no-id") ? 0 : 2);
	case CKA_PRIVATE:
		return give(attribute, is("public-key") ? &no : &yes, 1);
	case CKA_SENSITIVE:
		return give(attribute, is("not-sensitive") ? &no : &yes, 1);
	case CKA_EXTRACTABLE:
		return give(attribute, is("extractable") ? &yes : &no, 1);
	case CKA_DECRYPT:
		return give(attribute, is("no-usage") ? &no : &yes, 1);
	case CKA_ALWAYS_AUTHENTICATE:
		return give(attribute, is("asks-each-time") ? &yes : &no, 1);
	case CKA_TOKEN:
	case CKA_ENCRYPT:
	case CKA_ALWAYS_SENSITIVE:
	case CKA_NEVER_EXTRACTABLE:
		return give(attribute, &yes, 1);
	default:
		return CKR_ATTRIBUTE_TYPE_INVALID;
	}
}

static unsigned char aad_sum, is_confirmed;

static CK_RV start(CK_MECHANISM *mechanism)
{
	CK_GCM_PARAMS *params = mechanism->pParameter;
	CK_ULONG i;

	is_confirmed = !is("asks-each-time");
	if (mechanism->ulParameterLen != sizeof(*params))
		return CKR_MECHANISM_PARAM_INVALID;
	for (aad_sum = 0, i = 0; i < params->ulAADLen; i++)
		aad_sum += params->pAAD[i];
	return CKR_OK;
}

static CK_RV encrypt_init(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism,
			  CK_OBJECT_HANDLE key)
{
	BEGIN(C_EncryptInit);
	return start(mechanism);
}

static CK_RV encrypt(CK_SESSION_HANDLE handle, unsigned char *in, CK_ULONG len,
		     unsigned char *out, CK_ULONG *out_len)
{
	CK_ULONG i;

	BEGIN(C_Encrypt);
	if (!is_confirmed)
		return CKR_USER_NOT_LOGGED_IN;
	for (i = 0; i < len; i++)
		out[i] = in[i] ^ 0x55;
	memset(out + len, aad_sum, TAG_SIZE);
	*out_len = len + TAG_SIZE;
	if (is("long-wrap"))
		*out_len = 1u << 20;
	if (is("empty-wrap"))
		*out_len = 0;
	return CKR_OK;
}

static CK_RV decrypt_init(CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism,
			  CK_OBJECT_HANDLE key)
{
	BEGIN(C_DecryptInit);
	return start(mechanism);
}

static CK_RV decrypt(CK_SESSION_HANDLE handle, unsigned char *in, CK_ULONG len,
		     unsigned char *out, CK_ULONG *out_len)
{
	CK_ULONG i;

	BEGIN(C_Decrypt);
	if (!is_confirmed)
		return CKR_USER_NOT_LOGGED_IN;
	if (is("writes-too-much"))
		memset(out, 0xee, *out_len + 4096);
	if (is("long-answer") || is("empty-answer")) {
		*out_len = is("long-answer") ? 1u << 20 : 0;
		return CKR_OK;
	}
	/* As some tokens do, whatever was wrong. */
	for (i = len - TAG_SIZE; i < len; i++)
		if (in[i] != aad_sum)
			return CKR_GENERAL_ERROR;
	for (i = 0; i < len - TAG_SIZE; i++)
		out[i] = in[i] ^ (is("wrong-answer") ? 0x54 : 0x55);
	*out_len = len - TAG_SIZE;
	return CKR_OK;
}

/* Between the operation's start and its end. */
static CK_RV login_any(CK_SESSION_HANDLE handle, CK_USER_TYPE user,
		       unsigned char *pin, CK_ULONG len)
{
	CK_RV rv = login(handle, user, pin, len);

	if (rv == CKR_OK && user == CKU_CONTEXT_SPECIFIC)
		is_confirmed = 1;
	return rv;
}

static CK_FUNCTION_LIST functions = {
	.version = { 2, 40 },
	.C_Initialize = initialize,
	.C_Finalize = finalize,
	.C_GetInfo = get_info,
	.C_GetFunctionList = C_GetFunctionList,
	.C_GetSlotList = get_slot_list,
	.C_GetTokenInfo = get_token_info,
	.C_GetMechanismInfo = get_mechanism_info,
	.C_OpenSession = open_session,
	.C_CloseSession = close_session,
	.C_Login = login_any,
	.C_FindObjectsInit = find_init,
	.C_FindObjects = find,
	.C_FindObjectsFinal = find_final,
	.C_GetAttributeValue = get_attribute,
	.C_GenerateKey = generate,
	.C_EncryptInit = encrypt_init,
	.C_Encrypt = encrypt,
	.C_DecryptInit = decrypt_init,
	.C_Decrypt = decrypt,
};

__attribute__((visibility("default"))) CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	const char *text = getenv("HOSTILE");

	if (text && strcmp(text, "hang-load") == 0)
		hang();
	*list = &functions;
	return CKR_OK;
}
