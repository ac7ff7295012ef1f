// SPDX-License-Identifier: LGPL-2.1-or-later
/* What people do with KEKs in their providers: the part of envol.h with that name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/provider/child.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/run.h"

void envol_key_info_free(struct envol_key_info *info)
{
	size_t i;

	free(info->uri);
	free(info->type);
	free(info->protection);
	free(info->recovery);
	for (i = 0; i < info->n_versions; i++)
		free(info->versions[i].version);
	free(info->versions);
	*info = (struct envol_key_info){ 0 };
}

static int start(struct envol *ev, struct envol_request *request,
		 enum envol_operation operation, const char *uri)
{
	request->operation = operation;
	return envol_kek_canonical(ev, uri, &request->uri);
}

/* Run, and move the one description of the answer to @info, if somebody wants it. */
static int run_for_info(struct envol *ev, struct envol_request *request,
			struct envol_key_info *info)
{
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	int err = envol_run_request(ev, request, &reply);

	if (err)
		return err;
	if (reply.n_infos != 1)
		return envol_error(ev, -EPROTO,
				   "%s: the provider's answer is incomplete",
				   request->uri);
	if (info) {
		*info = reply.infos[0];
		reply.infos[0] = (struct envol_key_info){ 0 };
	}
	return 0;
}

static int run_on(struct envol *ev, enum envol_operation operation,
		  const char *uri, struct envol_key_info *info)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	int err = start(ev, &request, operation, uri);

	return err ? err : run_for_info(ev, &request, info);
}

/* The setting "backup_directory" of whose KEK it is; NULL: there is none. */
static const char *backup_directory(struct envol *ev, const char *uri)
{
	char subject[ENVOL_URI_MAX + 8];
	struct envol_uri parts;
	const char *why;

	if (envol_key_backup_takes_passphrase(uri) ||
	    envol_uri_parse(&parts, uri, &why))
		return NULL;
	snprintf(subject, sizeof(subject), parts.port ? "%s:%u" : "%s",
		 parts.host, parts.port);
	return envol_setting(ev, parts.scheme, subject, "backup_directory");
}

/* DIRECTORY/HOST_keys_NAME-VERSION.backup: of each version a file of its own. */
static int back_up_into(struct envol *ev, const char *directory,
			const struct envol_key_info *info)
{
	const char *version = info->n_versions ?
		info->versions[info->n_versions - 1].version : "";
	const char *after = strstr(info->uri, "://");
	_cleanup_free_ char *name = strdup(after ? after + 3 : info->uri);
	_cleanup_free_ char *file = NULL;
	char *at;

	for (at = name; at && *at; at++)
		if (*at == '/')
			*at = '_';
	if (!name || asprintf(&file, "%s/%s-%s.backup", directory, name,
			      version) < 0) {
		file = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return envol_key_backup(ev, info->uri, file, NULL);
}

static int check_directory(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? -ENOTDIR : -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return access(path, W_OK | X_OK) ? -errno : 0;
}

/* What was made is backed up before anything is wrapped by it, where the operator has said so. */
static int make(struct envol *ev, struct envol_request *request,
		struct envol_key_info *info)
{
	struct envol_key_info made = { 0 };
	const char *directory = backup_directory(ev, request->uri);
	int err = directory ? check_directory(directory) : 0;

	if (err)
		return envol_error_errno(ev, err, "backup_directory %s, so nothing is made",
					 directory);
	err = run_for_info(ev, request, &made);
	if (err)
		return err;
	if (directory)
		err = back_up_into(ev, directory, &made);
	if (err)
		err = envol_error_while(ev, err,
					"%s has its new version, but no backup, which `envol key backup` makes",
					made.uri);
	if (!err && info) {
		*info = made;
		made = (struct envol_key_info){ 0 };
	}
	envol_key_info_free(&made);
	return err;
}

static int make_on(struct envol *ev, enum envol_operation operation,
		   const char *uri, struct envol_key_info *info)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	int err = start(ev, &request, operation, uri);

	return err ? err : make(ev, &request, info);
}

int envol_key_create(struct envol *ev, const char *uri,
		     struct envol_key_info *info)
{
	return make_on(ev, ENVOL_OPERATION_CREATE, uri, info);
}

int envol_key_show(struct envol *ev, const char *uri,
		   struct envol_key_info *info)
{
	return run_on(ev, ENVOL_OPERATION_DESCRIBE, uri, info);
}

int envol_key_rotate(struct envol *ev, const char *uri,
		     struct envol_key_info *info)
{
	return make_on(ev, ENVOL_OPERATION_ROTATE, uri, info);
}

int envol_key_import(struct envol *ev, const char *uri, const char *file,
		     struct envol_key_info *info)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	int err = start(ev, &request, ENVOL_OPERATION_IMPORT, uri);

	if (!err)
		err = envol_file_load_secret(
			ev, AT_FDCWD, file,
			&request.secrets[ENVOL_MESSAGE_KEY]);
	if (!err)
		err = make(ev, &request, info);
	return err;
}

int envol_key_list(struct envol *ev, const char *scheme,
		   struct envol_key_info **infos, size_t *n_infos)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	int err;

	request.operation = ENVOL_OPERATION_LIST;
	request.uri = strdup(scheme);
	err = envol_run_request(ev, &request, &reply);
	if (err)
		return err;
	*infos = take_ptr(reply.infos);
	*n_infos = reply.n_infos;
	reply.n_infos = 0;
	return 0;
}

static int fill_reseal(struct envol *ev, struct envol_request *request,
		       const char *scheme, const struct envol_key_reseal *how)
{
	request->operation = ENVOL_OPERATION_RESEAL;
	request->boot = how->boot;
	request->add = how->add;
	request->remove = how->remove;
	request->uri = strdup(scheme);
	request->version = how->to ? strdup(how->to) : NULL;
	request->policy = how->policy ? strdup(how->policy) : NULL;
	if ((how->to && !request->version) || (how->policy && !request->policy))
		return envol_error(ev, -ENOMEM, "out of memory");
	return !how->pin || how->pin->len == 0 ?
		       0 : envol_secret_copy(ev,
				&request->secrets[ENVOL_MESSAGE_PASSPHRASE],
				how->pin->data, how->pin->len);
}

int envol_key_reseal(struct envol *ev, const char *scheme,
		     const struct envol_key_reseal *how,
		     struct envol_key_info *info)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	int err = fill_reseal(ev, &request, scheme, how);

	return err ? err : run_for_info(ev, &request, info);
}

int envol_provider_lock(struct envol *ev, const char *scheme)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;

	request.operation = ENVOL_OPERATION_LOCK;
	request.uri = strdup(scheme);
	return envol_run_request(ev, &request, &reply);
}

static int set_enabled(struct envol *ev, enum envol_operation operation,
		       const char *uri, const char *version)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	int err = start(ev, &request, operation, uri);

	if (err)
		return err;
	if (version) {
		request.version = strdup(version);
		if (!request.version)
			return envol_error(ev, -ENOMEM, "out of memory");
	}
	return run_for_info(ev, &request, NULL);
}

int envol_key_disable(struct envol *ev, const char *uri, const char *version)
{
	return set_enabled(ev, ENVOL_OPERATION_DISABLE, uri, version);
}

int envol_key_enable(struct envol *ev, const char *uri, const char *version)
{
	return set_enabled(ev, ENVOL_OPERATION_ENABLE, uri, version);
}

bool envol_key_backup_takes_passphrase(const char *uri)
{
	const struct envol_scheme *scheme = NULL;
	struct envol_uri parts;
	const char *why;

	/* What is wrong with it, backing up says. */
	if (envol_uri_parse(&parts, uri, &why) == 0)
		scheme = envol_registry_scheme(parts.scheme);
	return !scheme || !scheme->backup_start;
}

/* Of a provider that is linked in, though its program may not be installed. */
static bool is_under_passphrase(const struct envol_blob *file)
{
	const struct envol_provider_info *providers;
	size_t n = envol_provider_list(&providers), i, len;

	for (i = 0; i < n; i++) {
		const struct envol_scheme *scheme =
			envol_registry_scheme(providers[i].scheme);

		if (!scheme || !scheme->backup_start)
			continue;
		len = strlen(scheme->backup_start);
		if (file->len >= len &&
		    memcmp(file->data, scheme->backup_start, len) == 0)
			return false;
	}
	return true;
}

bool envol_key_restore_takes_passphrase(struct envol *ev, const char *file)
{
	_cleanup_blob_ struct envol_blob content = ENVOL_BLOB_INIT;

	/* What is wrong with it, restoring says. */
	return envol_file_load(ev, AT_FDCWD, file, ENVOL_MESSAGE_FILE_MAX,
			       &content) != 0 || is_under_passphrase(&content);
}

static int add_passphrase(struct envol *ev, struct envol_request *request,
			  bool takes, const struct envol_secret *passphrase)
{
	if (!takes && !passphrase)
		return 0;
	if (!takes)
		return envol_error(ev, -EINVAL,
				   "what keeps this key has encrypted its backups itself: there is no passphrase to be given");
	if (!passphrase)
		return envol_error(ev, -EINVAL, "a passphrase is needed");
	if (passphrase->len == 0)
		return envol_error(ev, -EINVAL, "the passphrase is empty");
	return envol_secret_copy(ev,
				 &request->secrets[ENVOL_MESSAGE_PASSPHRASE],
				 passphrase->data, passphrase->len);
}

int envol_key_backup(struct envol *ev, const char *uri, const char *file,
		     const struct envol_secret *passphrase)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	int err;

	err = start(ev, &request, ENVOL_OPERATION_BACKUP, uri);
	if (!err)
		err = add_passphrase(ev, &request,
				     envol_key_backup_takes_passphrase(request.uri),
				     passphrase);
	if (err)
		return err;
	if (faccessat(AT_FDCWD, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return envol_error(ev, -EEXIST,
				   "%s exists; a backup goes into a new file",
				   file);
	err = envol_run_request(ev, &request, &reply);
	if (err)
		return err;
	return envol_file_replace(ev, AT_FDCWD, file, reply.file.data,
				  reply.file.len, 0600, true);
}

int envol_key_restore(struct envol *ev, const char *file,
		      const struct envol_secret *passphrase, bool replace,
		      struct envol_key_info *info)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	int err;

	request.operation = ENVOL_OPERATION_RESTORE;
	request.replace = replace;
	request.uri = strdup("");
	err = envol_file_load(ev, AT_FDCWD, file, ENVOL_MESSAGE_FILE_MAX,
			      &request.file);
	if (!err)
		err = add_passphrase(ev, &request,
				     is_under_passphrase(&request.file),
				     passphrase);
	if (err)
		return err;
	err = run_for_info(ev, &request, info);
	return err ? envol_error_while(ev, err, "%s", file) : 0;
}

/* ---- secrets of other providers ---- */

static const struct envol_setting_rule *find_setting(const char *setting)
{
	const char *key = strchr(setting, '.');
	_cleanup_free_ char *name = key ? strndup(setting, key - setting) : NULL;
	const struct envol_scheme *scheme =
		name ? envol_registry_scheme(name) : NULL;
	size_t i;

	for (i = 0; scheme && i < scheme->n_settings; i++)
		if (strcmp(scheme->settings[i].key, key + 1) == 0)
			return &scheme->settings[i];
	return NULL;
}

static int check_setting(struct envol *ev, const char *setting)
{
	const struct envol_setting_rule *rule = find_setting(setting);

	if (!rule)
		return envol_error(ev, -EINVAL,
				   "%.100s is no setting of a provider: https.client_secret_file is one, the others are in envol.conf(5)",
				   setting);
	if (!rule->is_secret)
		return envol_error(ev, -EINVAL, "%s names no file with a secret",
				   setting);
	if (rule->unsealable)
		return envol_error(ev, -EINVAL,
				   "the file of %s can't be a sealed one: %s",
				   setting, rule->unsealable);
	return 0;
}

int envol_credential_seal(struct envol *ev, const char *setting,
			  const struct envol_secret *content,
			  const struct envol_key_reseal *how, const char *file)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	int err = check_setting(ev, setting);

	if (err)
		return err;
	request.operation = ENVOL_OPERATION_SEAL;
	request.uri = strdup(ENVOL_CHILD_SEALER);
	request.version = strdup(setting);
	request.policy = how->policy ? strdup(how->policy) : NULL;
	request.boot = how->boot;
	if (!request.version || (how->policy && !request.policy))
		return envol_error(ev, -ENOMEM, "out of memory");
	err = envol_secret_copy(ev, &request.secrets[ENVOL_MESSAGE_KEY],
				content->data, content->len);
	if (!err)
		err = envol_run_request(ev, &request, &reply);
	if (err)
		return err;
	return envol_file_replace(ev, AT_FDCWD, file, reply.file.data,
				  reply.file.len, 0400, true);
}
