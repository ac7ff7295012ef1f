/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a module returns (CKR_…), as an errno, its name, and what can be done. */
#pragma once

#include <p11-kit/pkcs11.h>

#include "userspace/lib/internal.h"

/* "CKR_PIN_LOCKED", or its number where it is a vendor's or a newer one. */
#define ENVOL_CKR_NAME_SIZE 48
const char *envol_ckr_name(char name[ENVOL_CKR_NAME_SIZE], CK_RV rv);

/* Record "…: CKR_…; advice" and return the errno that stands for @rv. */
int envol_ckr_error(struct envol *ev, CK_RV rv, const char *fmt, ...)
	_printf_(3, 4);

/* Another session may do what this one could not. */
bool envol_ckr_is_session_lost(CK_RV rv);

/* Said of bytes that were to be unwrapped. */
bool envol_ckr_is_bad_data(CK_RV rv);
