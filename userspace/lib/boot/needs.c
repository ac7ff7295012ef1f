// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What an initramfs must hold for a volume, and no more: it lies on a disk that anybody can
 * read, so a secret in it is told apart from one that only this machine's TPM can open.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/include/envol_boot.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/boot/device.h"
#include "userspace/lib/boot/needs.h"
#include "userspace/lib/provider/child.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/provider/provider.h"

#define CA_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

int envol_needs_tell(struct envol_needs *needs, const char *kind,
		     const char *fmt, ...)
{
	char value[PATH_MAX];
	va_list args;
	int err, len;

	va_start(args, fmt);
	len = vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(value))
		return envol_error(needs->ev, -ENAMETOOLONG, "%.200s...: too long",
				   value);
	if (strcmp(kind, "secret") == 0 && !needs->volume->clear_secret)
		return envol_error(needs->ev, -EPERM,
				   "%s is a secret, and an initramfs is a file that anybody with the disk can read; \"initramfs-secret=clear\" in the line of %s accepts that, `envol credential seal --boot` or `envol key reseal --boot` has the TPM seal it, and a managed identity needs none",
				   value, needs->volume->name);
	err = needs->fn(kind, value, needs->data);
	return err ? envol_error_errno(needs->ev, err, "%s %s", kind, value) : 0;
}

/* ---- the kernel ---- */

static int need_modules(struct envol_needs *needs, const char *const *names)
{
	int err = 0;

	for (; !err && *names; names++)
		err = envol_needs_tell(needs, "module", "%s", *names);
	return err;
}

static int need_kernel(struct envol_needs *needs)
{
	static const char *const envol[] = { "dm-mod", "dm-envol", NULL };
	static const char *const crypt[] = { "dm-mod",	    "dm-crypt", "xts",
					     "aes_generic", "aesni_intel",
					     NULL };
	int err = 0;

	if (needs->volume->target != ENVOL_TARGET_CRYPT)
		err = need_modules(needs, envol);
	if (!err && needs->volume->target != ENVOL_TARGET_ENVOL)
		err = need_modules(needs, crypt);
	return err;
}

/* ---- the TPM ---- */

/* The library that is loaded for "device:/dev/tpmrm0" is libtss2-tcti-device. */
static int need_tpm(struct envol_needs *needs)
{
	static const char *const modules[] = { "tpm", "tpm_crb", "tpm_tis", NULL };
	static const char *const places[] = { "/usr/lib/x86_64-linux-gnu",
					      "/lib/x86_64-linux-gnu",
					      "/usr/lib64", "/usr/lib",
					      "/usr/local/lib" };
	const char *tcti = *needs->ev->tpm ? needs->ev->tpm : "device";
	int len = strcspn(tcti, ":"), err;
	char path[PATH_MAX];
	size_t i;

	err = envol_needs_tell(needs, "tpm", "yes");
	if (!err)
		err = need_modules(needs, modules);
	for (i = 0; !err && i < ENVOL_ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/libtss2-tcti-%.*s.so.0",
			 places[i], len, tcti);
		if (access(path, R_OK) == 0)
			return envol_needs_tell(needs, "dlopen", "%s", path);
	}
	return err ? err :
		     envol_error(needs->ev, -ENOENT,
				 "libtss2-tcti-%.*s.so.0, by which the TPM is reached, is not installed",
				 len, tcti);
}

/* ---- service keys ---- */

/* The line "id" of a root key's file. */
static const char *find_id(const struct envol_secret *text, size_t *len)
{
	static const char word[] = "\nid ";
	const char *end = (const char *)text->data + text->len;
	const char *id = memmem(text->data, text->len, word, strlen(word));
	const char *newline;

	*len = 0;
	if (!id)
		return "";
	id += strlen(word);
	newline = memchr(id, '\n', end - id);
	*len = (newline ? newline : end) - id;
	return id;
}

/* One that is empty, open to others or of an older keystore would never open. */
static int check_boot_key(struct envol *ev, const char *path)
{
	_cleanup_secret_ struct envol_secret boot = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret root = ENVOL_SECRET_INIT;
	const char *a, *b;
	char root_path[PATH_MAX];
	size_t a_len, b_len;
	int err;

	snprintf(root_path, sizeof(root_path), "%s/root", ev->keystore);
	err = envol_file_load_secret(ev, AT_FDCWD, path, &boot);
	if (!err)
		err = envol_file_load_secret(ev, AT_FDCWD, root_path, &root);
	if (err)
		return envol_error_while(ev, err, "the keystore's root key");
	a = find_id(&boot, &a_len);
	b = find_id(&root, &b_len);
	if (a_len && a_len == b_len && memcmp(a, b, a_len) == 0)
		return 0;
	return envol_error(ev, -EBADMSG,
			   "%s is not of the root key in %s, and opens nothing; `envol key reseal --boot` has it made anew",
			   path, root_path);
}

/*
 * See keystore.md: a root key that no TPM has sealed has a line "key"; and one that is
 * sealed, but not for boot, could be unsealed at any time by who finds the image.
 */
static int need_root_key(struct envol_needs *needs)
{
	_cleanup_secret_ struct envol_secret root = ENVOL_SECRET_INIT;
	struct envol *ev = needs->ev;
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/boot", ev->keystore);
	if (access(path, F_OK) == 0) {
		err = check_boot_key(ev, path);
		if (!err)
			err = envol_needs_tell(needs, "sealed", "%s", path);
		return err ? err : need_tpm(needs);
	}
	snprintf(path, sizeof(path), "%s/root", ev->keystore);
	err = envol_file_load_secret(ev, AT_FDCWD, path, &root);
	if (err)
		return envol_error_while(ev, err, "the keystore's root key");
	if (memmem(root.data, root.len, "\nkey ", strlen("\nkey ")))
		return envol_needs_tell(needs, "secret", "%s", path);
	return envol_error(ev, -ENOENT,
			   "the TPM has not sealed the root key of %s for boot; `envol key reseal --boot` has it do so",
			   ev->keystore);
}

static int need_service(struct envol_needs *needs, const char *uri)
{
	const char *name = strchr(uri, ':') + 1;
	struct envol *ev = needs->ev;
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/%s.key", ev->keystore, name);
	if (access(path, F_OK))
		return envol_error_errno(ev, -errno, "%s: %s", uri, path);
	err = envol_needs_tell(needs, "directory", "%s", ev->keystore);
	if (!err)
		err = envol_needs_tell(needs, "file", "%s/index", ev->keystore);
	if (!err)
		err = envol_needs_tell(needs, "file", "%s", path);
	return err ? err : need_root_key(needs);
}

/* ---- what envol.conf says ---- */

/* A section is a vault's, a server's or a token's; of tokens any may have the key. */
static bool is_section_of(const char *subject, const char *scheme,
			  const struct envol_uri *uri)
{
	size_t len = strlen(uri->host);

	if (!*subject || strcmp(scheme, "pkcs11") == 0)
		return true;
	return strncmp(subject, uri->host, len) == 0 &&
	       (!subject[len] || subject[len] == ':');
}

static const struct envol_setting_rule *find_rule(const struct envol_scheme *scheme,
						  const char *key)
{
	size_t i;

	for (i = 0; i < scheme->n_settings; i++)
		if (strcmp(scheme->settings[i].key, key) == 0)
			return &scheme->settings[i];
	return NULL;
}

/*
 * A file that the TPM sealed is none that anybody with the disk can read, if it opens early
 * in a boot alone. It takes the program that asks the TPM.
 */
static int need_sealed(struct envol_needs *needs, const char *setting,
		       const char *path, const struct envol_secret *content)
{
	struct envol_credential_head head;
	struct envol *ev = needs->ev;
	int err = envol_credential_take_head(ev, setting, content->data,
					     content->len, &head);

	if (err)
		return envol_error_while(ev, err, "%s", path);
	if (!head.boot)
		return envol_error(ev, -EPERM,
				   "%s was not sealed for boot, and would open for who finds the image at any time; beside it goes one that was: envol credential seal --boot %s SECRET %s" ENVOL_CREDENTIAL_BOOT,
				   path, setting, path);
	err = envol_needs_tell(needs, "sealed", "%s", path);
	if (!err)
		err = envol_needs_tell(needs, "program", "%s/" ENVOL_CHILD_SEALER,
				       ev->kek_directory);
	return err ? err : need_tpm(needs);
}

/*
 * The one for boot lies beside the one that the running system uses. One that can't be
 * read is for its line to say.
 */
static int need_secret(struct envol_needs *needs, const char *scheme,
		       const struct envol_setting *setting)
{
	_cleanup_secret_ struct envol_secret content = ENVOL_SECRET_INIT;
	char name[ENVOL_CREDENTIAL_SETTING_SIZE], path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s" ENVOL_CREDENTIAL_BOOT,
			   setting->value);
	bool has_boot = len > 0 && (size_t)len < sizeof(path) &&
			access(path, F_OK) == 0;
	const char *file = has_boot ? path : setting->value;
	int err = envol_file_load_secret(needs->ev, AT_FDCWD, file, &content);

	if (err && has_boot)
		return err;
	if (!has_boot &&
	    (err || !envol_credential_is_sealed(content.data, content.len)))
		return envol_needs_tell(needs, "secret", "%s", file);
	snprintf(name, sizeof(name), "%s.%s", scheme, setting->key);
	return need_sealed(needs, name, file, &content);
}

static int need_kek(struct envol_needs *needs, const char *text);

static int need_setting(struct envol_needs *needs, const struct envol_scheme *scheme,
			const struct envol_setting *setting)
{
	const struct envol_setting_rule *rule = find_rule(scheme, setting->key);

	if (strcmp(scheme->scheme, "pkcs11") == 0 &&
	    strcmp(setting->key, "environment") == 0)
		return envol_needs_environment(needs, setting->value);
	/* It signs there, and takes what a KEK in that token does. */
	if (rule && rule->kind == ENVOL_SETTING_KEY)
		return need_kek(needs, setting->value);
	if (!rule || rule->kind != ENVOL_SETTING_FILE)
		return 0;
	if (strcmp(scheme->scheme, "pkcs11") == 0 &&
	    strcmp(setting->key, "module") == 0)
		return envol_needs_module(needs, setting->value);
	if (*setting->value != '/')
		return envol_error(needs->ev, -EINVAL,
				   "%s = %s: a systemd credential is nowhere in an initramfs; name a file",
				   setting->key, setting->value);
	if (rule->is_secret)
		return need_secret(needs, scheme->scheme, setting);
	return envol_needs_tell(needs, "file", "%s", setting->value);
}

static int need_settings(struct envol_needs *needs,
			 const struct envol_scheme *scheme,
			 const struct envol_uri *uri)
{
	const struct envol_settings *settings = &needs->ev->settings;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < settings->n; i++) {
		const struct envol_setting *it = &settings->list[i];

		if (strcmp(it->scheme, scheme->scheme) == 0 &&
		    is_section_of(it->subject, scheme->scheme, uri))
			err = need_setting(needs, scheme, it);
	}
	return err;
}

/* ---- one KEK ---- */

static int need_kek(struct envol_needs *needs, const char *text)
{
	_cleanup_free_ char *canonical = NULL;
	const struct envol_scheme *scheme;
	struct envol *ev = needs->ev;
	struct envol_uri uri;
	const char *why;
	int err;

	err = envol_kek_canonical(ev, text, &canonical);
	if (err)
		return err;
	if (envol_uri_parse(&uri, canonical, &why))
		return envol_error(ev, -EINVAL, "%s: the URI %s", canonical, why);
	scheme = envol_registry_scheme(uri.scheme);
	if (!scheme)
		return envol_error(ev, -EPROTONOSUPPORT, "%s", canonical);
	if (!envol_child_is_installed(ev, scheme->scheme))
		return envol_error(ev, -ENOPKG,
				   "%s: %s/%s is not installed; it is in the package %s",
				   canonical, ev->kek_directory, scheme->scheme,
				   scheme->package ? scheme->package : "envol");
	err = envol_needs_tell(needs, "program", "%s/%s", ev->kek_directory,
			       scheme->scheme);
	if (!err && strcmp(scheme->scheme, "service") == 0)
		err = need_service(needs, canonical);
	if (!err)
		err = need_settings(needs, scheme, &uri);
	if (!err && strcmp(scheme->scheme, "pkcs11") == 0 && !needs->has_module)
		err = envol_needs_modules(needs);
	if (!err && strcmp(scheme->scheme, "https") == 0 &&
	    access(CA_BUNDLE, R_OK) == 0)
		err = envol_needs_tell(needs, "file", CA_BUNDLE);
	return err;
}

/* ---- the volume ---- */

/* So that an older header is refused there as well: how new it was when the image was made. */
static int need_state(struct envol_needs *needs)
{
	const struct envol_boot_volume *volume = needs->volume;
	_cleanup_free_ char *device = NULL, *header = NULL;
	struct envol_volume_info info;
	struct envol *ev = needs->ev;
	char path[PATH_MAX];
	int err = 0;

	if (envol_boot_device_find(ev, volume->device, &device) ||
	    (volume->header &&
	     envol_boot_device_find(ev, volume->header, &header)) ||
	    envol_volume_status(ev, device, header, &info)) {
		envol_log_warning(ev,
				  "volume %s: %s; that its header is not an older one can't be told in the initramfs",
				  volume->name, envol_error_message(ev));
		return 0;
	}
	snprintf(path, sizeof(path), "%s/volumes/%s", ev->state, info.volume_id);
	envol_volume_info_free(&info);
	if (access(path, R_OK) == 0) {
		err = envol_needs_tell(needs, "directory", "%s/volumes", ev->state);
		if (!err)
			err = envol_needs_tell(needs, "file", "%s", path);
	}
	return err;
}

/* One on a device is found there; a file is taken along, and has to be there for that. */
static int need_header(struct envol_needs *needs)
{
	const char *header = needs->volume->header;
	struct stat st;

	if (!header || *header != '/' ||
	    strncmp(header, "/dev/", strlen("/dev/")) == 0)
		return 0;
	if (stat(header, &st))
		return envol_error_errno(needs->ev, -errno, "header %s", header);
	return S_ISREG(st.st_mode) ? envol_needs_tell(needs, "file", "%s", header) : 0;
}

int envol_boot_needs(struct envol *ev, const struct envol_boot_volume *volume,
		     envol_boot_need_fn fn, void *data)
{
	struct envol_needs needs = {
		.ev = ev,
		.volume = volume,
		.fn = fn,
		.data = data,
	};
	size_t i;
	int err = need_kernel(&needs);

	if (!err && !volume->throwaway)
		err = need_state(&needs);
	if (!err)
		err = need_header(&needs);
	for (i = 0; !err && i < volume->n_keks; i++)
		err = need_kek(&needs, volume->keks[i]);
	if (!err && volume->network)
		err = envol_needs_tell(&needs, "network", "yes");
	return err ? envol_error_while(ev, err, "volume %s", volume->name) : 0;
}
