/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Secrets that an administrator keeps in files: a client secret, a PIN, a private key.
 * Such a file may have been sealed by the TPM. It then opens on one host, and for the
 * one setting that its head names; the program of service: opens it, which has the
 * libraries for that, in a process of its own.
 */
#pragma once

#include "userspace/lib/internal.h"

/* Beside the file of a secret: the same sealed for boot, which an initramfs has instead. */
#define ENVOL_CREDENTIAL_BOOT ".boot"

/*
 * The path that a setting of the kind ENVOL_SETTING_FILE stands for, malloc'ed: itself,
 * or where only the one for boot is there, that; or for credential:NAME the file of the
 * caller's systemd credential; where the caller was given none, the text as it is, which
 * envol_credential_read() then explains. -EINVAL for what is neither.
 */
int envol_credential_path(struct envol *ev, const char *setting, char **path)
	_must_check_;

/*
 * The content of @path, which setting @key of [@scheme] named, unsealed if it is sealed,
 * without one newline at its end, into @secret, which must be empty. -ENOENT, which a
 * caller that was asked for a KEK must not pass on as the KEK's; -EPERM for a file that may
 * not be read, or that others may read or write, with how to mend it; -ENODATA for an empty
 * one; -EFBIG above ENVOL_SECRET_MAX. Of a sealed one: -EKEYREJECTED where the TPM does not
 * give it, -EINVAL for one that is damaged or is of another setting, -ENODEV, -EIO,
 * -EAGAIN; none of those that are said of KEKs and headers.
 */
int envol_credential_read(struct envol *ev, const char *scheme, const char *key,
			  const char *path, struct envol_secret *secret)
	_must_check_;

/* What all sealed files begin with, and those of the format that there is. */
#define ENVOL_CREDENTIAL_SEALED "envol-sealed "
#define ENVOL_CREDENTIAL_FORMAT ENVOL_CREDENTIAL_SEALED "1\n"
#define ENVOL_CREDENTIAL_SETTING_SIZE 64

bool envol_credential_is_sealed(const void *content, size_t len);

/* The first two lines of a sealed file, in the clear. */
struct envol_credential_head {
	char setting[ENVOL_CREDENTIAL_SETTING_SIZE];	/* SCHEME.KEY */
	bool boot;	/* opens early in a boot and not later */
	size_t len;	/* of both lines */
};

/*
 * -EPROTONOSUPPORT for a newer format, -EBADMSG for what is none, -EINVAL for one of
 * another setting than @setting.
 */
int envol_credential_take_head(struct envol *ev, const char *setting,
			       const void *content, size_t len,
			       struct envol_credential_head *head) _must_check_;
