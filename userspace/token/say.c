// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stddef.h>

#include "userspace/token/say.h"

/* The first row that fits. */
static const struct {
	int err;
	const char *hint;
} hints[] = {
	{ -EBADMSG, "type no recovery key here before envol check DEVICE has told what was changed: stock tools would believe this header" },
	{ -EKEYREJECTED, "if the disk was exchanged on purpose, set id= in " TRUST_VOLUMES " anew" },
	{ -ESTALE, "if the older header was put back on purpose, run once: envol open DEVICE NAME --test --allow-older" },
	{ -ENOANO, "at a terminal cryptsetup open --token-only asks for the PIN; pin_file= in " TRUST_CONFIG " gives it to a boot" },
	{ -EHOSTUNREACH, "trying again may help; a recovery key opens the volume without its KEKs" },
	{ -ETIMEDOUT, "trying again may help; a recovery key opens the volume without its KEKs" },
	{ -EAGAIN, "trying again may help; a recovery key opens the volume without its KEKs" },
	{ -EACCES, "envol check DEVICE tries each KEK; a recovery key opens the volume without them" },
	{ -EKEYREVOKED, "enable the KEK again at its provider, or use a recovery key" },
};

/* libcryptsetup ends lines of all levels but CRYPT_LOG_NORMAL itself. */
void envol_say_line(enum envol_log_level level, const char *line, void *cd)
{
	switch (level) {
	case ENVOL_LOG_ERROR:
	case ENVOL_LOG_WARNING:
		crypt_logf(cd, CRYPT_LOG_ERROR, "envol: warning: %s", line);
		break;
	case ENVOL_LOG_INFO:
		crypt_logf(cd, CRYPT_LOG_VERBOSE, "envol: %s", line);
		break;
	default:
		crypt_logf(cd, CRYPT_LOG_DEBUG, "envol: %s", line);
	}
}

void envol_say_failed(struct crypt_device *cd, int err, const char *sentence)
{
	size_t i;

	crypt_logf(cd, CRYPT_LOG_ERROR, "envol: %s", sentence);
	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].err != err)
			continue;
		crypt_logf(cd, CRYPT_LOG_ERROR, "envol: hint: %s",
			   hints[i].hint);
		return;
	}
}

void envol_say_opened(struct crypt_device *cd, const struct trust *trust,
		      const char *fingerprint)
{
	if (trust->source.id)
		crypt_logf(cd, CRYPT_LOG_VERBOSE,
			   "envol: fingerprint %s, as pinned", fingerprint);
	else
		crypt_logf(cd, CRYPT_LOG_NORMAL,
			   "envol: fingerprint %s, which no line of " TRUST_VOLUMES " pins: is it your volume's?\n",
			   fingerprint);
}
