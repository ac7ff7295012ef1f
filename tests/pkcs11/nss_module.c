// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A module that is NSS's softokn3 but for one thing: that one wants to be told of its database
 * in the reserved argument of C_Initialize, and here $NSS_DIRECTORY does.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>

#define SOFTOKEN "libsoftokn3.so"

static CK_FUNCTION_LIST functions;
static CK_C_Initialize real_initialize;

static CK_RV initialize(void *arguments)
{
	CK_C_INITIALIZE_ARGS with = { .flags = CKF_OS_LOCKING_OK };
	const char *directory = getenv("NSS_DIRECTORY");
	char text[512];

	if (!directory)
		return CKR_ARGUMENTS_BAD;
	snprintf(text, sizeof(text),
		 "configdir='sql:%s' certPrefix='' keyPrefix='' secmod='' flags='' updatedir='' updateCertPrefix='' updateKeyPrefix='' updateid='' updateTokenDescription=''",
		 directory);
	with.pReserved = text;
	return real_initialize(&with);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	void *library = dlopen(SOFTOKEN, RTLD_NOW);
	CK_C_GetFunctionList get = library ? (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList") :
					     NULL;
	CK_FUNCTION_LIST *real;

	if (!get || get(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	functions = *real;
	real_initialize = real->C_Initialize;
	functions.C_Initialize = initialize;
	*list = &functions;
	return CKR_OK;
}
