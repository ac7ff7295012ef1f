// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/provider/child.h"
#include "userspace/lib/provider/credential.h"

#define PREFIX	"credential:"
#define UNSEAL_MS 10000
#define DIRECTORY "CREDENTIALS_DIRECTORY"	/* systemd.exec(5), LoadCredential= */

/* Of a file's name, by systemd's own rule: no slash, no dot-name. */
static bool is_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') &&
	       strlen(name) <= 255;
}

static char *which(const char *path)
{
	char *boot;

	if (access(path, F_OK) == 0 || errno != ENOENT)
		return strdup(path);
	if (asprintf(&boot, "%s" ENVOL_CREDENTIAL_BOOT, path) < 0)
		return NULL;
	if (access(boot, F_OK) == 0)
		return boot;
	free(boot);
	return strdup(path);
}

int envol_credential_path(struct envol *ev, const char *setting, char **path)
{
	const char *name = setting + strlen(PREFIX), *directory;

	if (strncmp(setting, PREFIX, strlen(PREFIX)) != 0) {
		if (*setting != '/')
			return envol_error(ev, -EINVAL,
					   "%.200s: not an absolute path, nor " PREFIX "NAME",
					   setting);
		*path = which(setting);
		return *path ? 0 : envol_error(ev, -ENOMEM, "out of memory");
	}
	if (!is_name(name))
		return envol_error(ev, -EINVAL,
				   "%.200s: not the name of a credential",
				   setting);
	directory = secure_getenv(DIRECTORY);
	if (!directory || *directory != '/')
		*path = strdup(setting);
	else if (asprintf(path, "%s/%s", directory, name) < 0)
		*path = NULL;
	return *path ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

/* ---- sealed files ---- */

bool envol_credential_is_sealed(const void *content, size_t len)
{
	size_t sealed_len = strlen(ENVOL_CREDENTIAL_SEALED);

	return len >= sealed_len &&
	       memcmp(content, ENVOL_CREDENTIAL_SEALED, sealed_len) == 0;
}

static bool take(const char **at, const char *end, const char *literal)
{
	size_t len = strlen(literal);

	if ((size_t)(end - *at) < len || memcmp(*at, literal, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool take_setting(const char **at, const char *end,
			 char setting[ENVOL_CREDENTIAL_SETTING_SIZE])
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";
	size_t len = 0;

	while (*at + len < end && (*at)[len] &&
	       strchr(characters, (*at)[len]))
		len++;
	if (len == 0 || len >= ENVOL_CREDENTIAL_SETTING_SIZE)
		return false;
	memcpy(setting, *at, len);
	setting[len] = 0;
	*at += len;
	return true;
}

int envol_credential_take_head(struct envol *ev, const char *setting,
			       const void *content, size_t len,
			       struct envol_credential_head *head)
{
	const char *at = content, *end = at + len;

	if (!take(&at, end, ENVOL_CREDENTIAL_FORMAT))
		return envol_credential_is_sealed(content, len) ?
			       envol_error(ev, -EPROTONOSUPPORT,
					   "it was sealed by a newer envol") :
			       envol_error(ev, -EBADMSG, "it is not sealed");
	if (!take(&at, end, "for ") || !take_setting(&at, end, head->setting))
		return envol_error(ev, -EBADMSG, "the sealed file is damaged");
	head->boot = take(&at, end, " boot\n");
	if (!head->boot && !take(&at, end, " any\n"))
		return envol_error(ev, -EBADMSG, "the sealed file is damaged");
	head->len = at - (const char *)content;
	if (strcmp(head->setting, setting) != 0)
		return envol_error(ev, -EINVAL,
				   "it was sealed for %s and does not open for %s; name the file that was sealed for that",
				   head->setting, setting);
	return 0;
}

/* What would say of a KEK that it is revoked, or of a header that it was changed. */
static int without_alarm(int err)
{
	switch (err) {
	case -EBUSY:
		return -EAGAIN;
	case -EACCES:
		return -EPERM;
	case -EBADMSG:
	case -ENOENT:
		return -EINVAL;
	default:
		return err;
	}
}

static int fill(struct envol *ev, struct envol_request *request,
		const char *setting, const struct envol_secret *sealed)
{
	request->operation = ENVOL_OPERATION_UNSEAL;
	request->uri = strdup(ENVOL_CHILD_SEALER);
	request->version = strdup(setting);
	request->keystore = strdup(ev->keystore);
	request->state = strdup(ev->state);
	request->tpm = strdup(ev->tpm);
	request->kek_directory = strdup(ev->kek_directory);
	request->left_ms = UNSEAL_MS;
	if (!request->uri || !request->version || !request->keystore ||
	    !request->state || !request->tpm || !request->kek_directory ||
	    envol_blob_append(&request->file, sealed->data, sealed->len))
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

/* @secret is the sealed file, and then what was in it. */
static int unseal(struct envol *ev, const char *setting,
		  struct envol_secret *secret)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_credential_head head;
	int err;

	err = envol_credential_take_head(ev, setting, secret->data, secret->len,
					 &head);
	if (!err)
		err = fill(ev, &request, setting, secret);
	envol_secret_wipe(secret);
	if (!err)
		err = envol_child_run(ev, ENVOL_CHILD_SEALER, &request,
				      envol_deadline_in(UNSEAL_MS), &reply);
	if (!err && reply.err)
		err = envol_error(ev, reply.err, "%s", reply.sentence);
	if (!err && !reply.secrets[ENVOL_MESSAGE_KEY].len)
		err = envol_error(ev, -EPROTO, "nothing came of it");
	if (err)
		return err;
	envol_secret_move(secret, &reply.secrets[ENVOL_MESSAGE_KEY]);
	return 0;
}

static int unseal_file(struct envol *ev, const char *scheme, const char *key,
		       const char *path, struct envol_secret *secret)
{
	char setting[ENVOL_CREDENTIAL_SETTING_SIZE];
	int err;

	snprintf(setting, sizeof(setting), "%s.%s", scheme, key);
	err = unseal(ev, setting, secret);
	if (!err)
		return 0;
	envol_secret_wipe(secret);
	return envol_error_while(ev, without_alarm(err), "unseal %s", path);
}

/* ---- any ---- */

int envol_credential_read(struct envol *ev, const char *scheme, const char *key,
			  const char *path, struct envol_secret *secret)
{
	int err;

	if (strncmp(path, PREFIX, strlen(PREFIX)) == 0)
		return envol_error(ev, -ENOENT,
				   "%s: there are no credentials here ($" DIRECTORY " is not set); run envol in a service with LoadCredential=%s:FILE, or name a file",
				   path, path + strlen(PREFIX));
	err = envol_file_load_secret(ev, AT_FDCWD, path, secret);
	if (!err && envol_credential_is_sealed(secret->data, secret->len))
		err = unseal_file(ev, scheme, key, path, secret);
	/* Of a KEK -EACCES would be its provider's word. */
	if (err)
		return err == -EACCES ? -EPERM : err;
	if (secret->data[secret->len - 1] != '\n')
		return 0;
	if (secret->len == 1) {
		envol_secret_wipe(secret);
		return envol_error(ev, -ENODATA, "%s: empty", path);
	}
	envol_secret_truncate(secret, secret->len - 1);
	return 0;
}
