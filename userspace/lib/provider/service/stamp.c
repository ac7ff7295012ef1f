// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/provider/service/stamp.h"

#define VERSION " 1\n"
#define MAC_LINE_LEN (4 + 2 * ENVOL_DIGEST_SIZE + 1)	/* "mac ", hex, newline */

int envol_stamp_add(struct envol *ev, struct envol_blob *text, const char *fmt,
		    ...)
{
	_cleanup_free_ char *line = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&line, fmt, args);
	va_end(args);
	if (len < 0)
		line = NULL;
	if (len < 0 || envol_blob_append(text, line, len))
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

int envol_stamp_begin(struct envol *ev, const struct envol_root *root,
		      const char *kind, struct envol_blob *text)
{
	return envol_stamp_add(ev, text, "%s" VERSION "root %s\n", kind,
			       root->id);
}

int envol_stamp_end(struct envol *ev, const struct envol_root *root,
		    struct envol_blob *text)
{
	char hex[2 * ENVOL_DIGEST_SIZE + 1];
	uint8_t mac[ENVOL_DIGEST_SIZE];
	int err;

	err = envol_digest_hmac(ev, &root->mac_key, text->data, text->len, mac);
	if (err)
		return err;
	envol_hex_encode(hex, mac, sizeof(mac));
	return envol_stamp_add(ev, text, "mac %s\n", hex);
}

static int damaged(struct envol *ev, const char *how)
{
	return envol_error(ev, -EBADMSG, "damaged: %s", how);
}

static int check_mac(struct envol *ev, const struct envol_root *root,
		     const struct envol_blob *text)
{
	uint8_t stored[ENVOL_DIGEST_SIZE], mac[ENVOL_DIGEST_SIZE];
	size_t body_len = text->len - MAC_LINE_LEN;
	struct envol_text line = { (const char *)text->data + body_len,
				   (const char *)text->data + text->len };
	int err;

	if (!envol_text_take(&line, "mac ") ||
	    !envol_text_hex(&line, stored, sizeof(stored)) ||
	    !envol_text_take(&line, "\n"))
		return damaged(ev, "cut short, or its last line was changed");
	err = envol_digest_hmac(ev, &root->mac_key, text->data, body_len, mac);
	if (err)
		return err;
	if (!envol_digest_equal(stored, mac))
		return damaged(ev, "it was changed since envol wrote it");
	return 0;
}

int envol_stamp_check(struct envol *ev, const struct envol_root *root,
		      const char *kind, const struct envol_blob *text,
		      struct envol_text *body)
{
	struct envol_text at;
	char id[sizeof(root->id)];

	if (text->len == 0)
		return damaged(ev, "empty");
	at = (struct envol_text){ (const char *)text->data,
				  (const char *)text->data + text->len };
	if (!envol_text_take(&at, kind))
		return damaged(ev, "its first line was changed");
	if (!envol_text_take(&at, VERSION))
		return envol_error(ev, -EPROTONOSUPPORT,
				   "of a newer format than this envol knows");
	if (!envol_text_take(&at, "root ") ||
	    !envol_text_word(&at, id, sizeof(id)) ||
	    !envol_text_take(&at, "\n") || at.end - at.at < (long)MAC_LINE_LEN)
		return damaged(ev, "cut short, or its second line was changed");
	if (strcmp(id, root->id) != 0)
		return envol_error(ev, -EKEYREJECTED,
				   "made under the root key %.32s, and this keystore's is %.32s",
				   id, root->id);
	*body = (struct envol_text){ at.at, at.end - MAC_LINE_LEN };
	return check_mac(ev, root, text);
}
