/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interface of libenvol: volumes whose data encryption key (DEK) lies wrapped
 * in a LUKS2 header, and the key encryption keys (KEKs), named by URIs, that wrap it.
 *
 * A function returns 0 or -errno and leaves a sentence in the handle that says
 * what went wrong with what, see envol_error_message(). One handle belongs to one
 * thread. A struct of parameters is zeroed first; zero and NULL then mean the
 * default. Strings in results belong to the result and go with its free function.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOL_API_CHECK __attribute__((warn_unused_result))

struct envol;

enum envol_log_level {
	ENVOL_LOG_ERROR,
	ENVOL_LOG_WARNING,
	ENVOL_LOG_INFO,
	ENVOL_LOG_DEBUG,
};

/* Takes one line without a newline, which it must not keep. */
typedef void (*envol_log_fn)(enum envol_log_level level, const char *line,
			     void *data);

/*
 * A handle with the defaults that the setters below name, for envol_free().
 * -ENOMEM.
 */
int envol_new(struct envol **ev) ENVOL_API_CHECK;

/* NULL is fine. */
void envol_free(struct envol *ev);

/*
 * Lines up to @level go to @fn, with @data; NULL, the default, drops them.
 * @data must outlive the handle or the next call.
 */
void envol_set_log(struct envol *ev, envol_log_fn fn, void *data,
		   enum envol_log_level level);

/*
 * The sentence for the last error of a function that took @ev; "" if there was
 * none. Lives until the next call with @ev.
 */
const char *envol_error_message(const struct envol *ev);

/* ---- settings ------------------------------------------------------------ */

/*
 * Directory of the service keys, copied; default /var/lib/envol/keys. -EINVAL for
 * a path that is not absolute, -ENOMEM; either leaves what was set.
 */
int envol_set_keystore(struct envol *ev, const char *path) ENVOL_API_CHECK;

/*
 * Directory of what the host remembers (generations seen, audit records); default
 * /var/lib/envol. Otherwise the same.
 */
int envol_set_state(struct envol *ev, const char *path) ENVOL_API_CHECK;

/*
 * Directory of the programs that use KEKs on the library's behalf, in a process for
 * each use: one for every provider, with the scheme of its URIs for a name. Default
 * ENVOL_KEK_DIRECTORY as built in. Otherwise the same.
 */
int envol_set_kek_directory(struct envol *ev, const char *path) ENVOL_API_CHECK;

/*
 * TCTI configuration of the TPM, copied: "" (the default) the default device,
 * "none" never to use one. -ENOMEM leaves what was set.
 */
int envol_set_tpm(struct envol *ev, const char *tcti) ENVOL_API_CHECK;

/*
 * How long one use of a KEK may take, all retries included: 1 to 3600000 ms,
 * default 30000; else -EINVAL.
 */
int envol_set_timeout(struct envol *ev, unsigned int timeout_ms) ENVOL_API_CHECK;

/*
 * An unattended open first waits for a random part of so long, 0 (the default) to
 * 3600000 ms, else -EINVAL: many hosts that start together then do not ask one
 * provider together.
 */
int envol_set_spread(struct envol *ev, unsigned int spread_ms) ENVOL_API_CHECK;

/*
 * A setting of the provider whose URIs have @scheme, see envol.conf(5): of all its
 * KEKs, or where @subject is not NULL of those of one vault, token or server. Set
 * anew, it replaces. -EPROTONOSUPPORT for a scheme nobody serves, -EINVAL for a
 * subject, key or value that the provider does not take, -E2BIG for too many.
 */
int envol_set_provider(struct envol *ev, const char *scheme,
		       const char *subject, const char *key,
		       const char *value) ENVOL_API_CHECK;

/*
 * The settings above from a file, see envol.conf(5). -ENOENT if there is none,
 * -EPERM if others than root and the caller may write it, -EINVAL with file and
 * line for what is not known or not valid; what stands before that is then set.
 */
int envol_config_load(struct envol *ev, const char *path) ENVOL_API_CHECK;

/* ---- secrets ------------------------------------------------------------- */

/*
 * Bytes that end at an inaccessible page, locked in memory and left out of core
 * dumps. Passed by pointer, moved, never assigned; starts as ENVOL_SECRET_INIT.
 */
struct envol_secret {
	uint8_t *data;
	size_t len;
	size_t mapped;	/* size of the mapping with both guard pages */
};

#define ENVOL_SECRET_INIT { 0 }

/* No secret of ours is larger; what a server sends as one is bounded by it. */
#define ENVOL_SECRET_MAX (64u * 1024)

/*
 * Allocate @len zero bytes, 1 to ENVOL_SECRET_MAX, into @s, which must be empty.
 * -ENOMEM where memory can't be had or can't be locked (the message names
 * RLIMIT_MEMLOCK), -EINVAL for a length out of bounds.
 */
int envol_secret_alloc(struct envol *ev, struct envol_secret *s, size_t len)
	ENVOL_API_CHECK;

/*
 * Keep the first @len bytes, which move up to the guard page (s->data changes);
 * what is cut off is wiped. @len must not exceed s->len.
 */
void envol_secret_truncate(struct envol_secret *s, size_t len);

/* Wipe and unmap; fine on an empty one, which it leaves. */
void envol_secret_wipe(struct envol_secret *s);

/*
 * The PIN of the token that has the KEK @uri, copied, for as long as the token does
 * not refuse it. -EOPNOTSUPP for a KEK whose provider has no PINs, -EINVAL for an
 * empty one or a bad URI.
 */
int envol_set_pin(struct envol *ev, const char *uri,
		  const struct envol_secret *pin) ENVOL_API_CHECK;

/*
 * Asked where a token wants a PIN and none is known, or it refused the one that was:
 * @sentence tells which, @tries counts from 1 within one use of a KEK. Fills @pin,
 * which is empty, and returns 0; -ENOANO ends the use with that sentence, as any
 * other error does with its own. It must not use the handle but for allocating.
 * @uri is the KEK's, or the scheme alone where its keys are listed.
 */
typedef int (*envol_pin_fn)(const char *uri, const char *sentence,
			    unsigned int tries, struct envol_secret *pin,
			    void *data);

/* NULL, the default: nobody is asked, and the use ends with -ENOANO. */
void envol_set_pin_fn(struct envol *ev, envol_pin_fn fn, void *data);

/* ---- volumes ------------------------------------------------------------- */

#define ENVOL_FINGERPRINT_SIZE 33	/* 32 lower-case hex digits and a NUL */

enum envol_target_choice {
	ENVOL_TARGET_AUTO,	/* envol where the kernel has it, else crypt, with a warning */
	ENVOL_TARGET_ENVOL,
	ENVOL_TARGET_CRYPT,	/* the kernel's own dm-crypt */
};

/* A KEK, or two of which both are needed (double key encryption). */
struct envol_kek_choice {
	const char *uri;
	const char *second;	/* NULL: one KEK opens */
	bool alone;		/* one KEK may open what otherwise takes two: it defeats them */
	bool unprotected;	/* take it though it could be deleted for good; the header says so */
	/*
	 * No wrap needs to be proved: this host may not unwrap by these KEKs, another may.
	 * Beside a wrap that is proved one that is not is taken with a warning.
	 */
	bool unproved;
};

/* One wrapped copy of the DEK in a header. */
struct envol_wrap_info {
	struct {
		char *uri, *version, *algorithm;
	} parts[2];
	unsigned int n_parts;
	int64_t created;	/* Unix seconds */
	int64_t retiring;	/* since when a newer wrap stands in its place; 0: it does not */
	bool proved;		/* was unwrapped and compared before it was stored */
	bool unprotected;	/* its KEK could be deleted for good, and was taken all the same */
};

/* A volume, as far as its header and the kernel tell. Free with envol_volume_info_free(). */
struct envol_volume_info {
	/* of the header; NULL or 0 where it was not read */
	char *device;		/* with the data */
	char *header;		/* detached; NULL: on @device */
	char *uuid, *label;
	char *cipher;		/* aes-xts-plain64 */
	unsigned int key_size, sector_size;	/* bytes */
	uint64_t data_offset, data_size;	/* bytes */
	uint64_t generation;
	char volume_id[33];			/* hex */
	bool discards;				/* persistent */
	bool recovery;				/* has a recovery key */
	struct envol_wrap_info *wraps;
	size_t n_wraps;
	/* known after an unwrap; "" before */
	char fingerprint[ENVOL_FINGERPRINT_SIZE];
	int opened_by;		/* index of the wrap that gave the DEK; -1: none did */
	/* of the mapping; NULL or 0 where there is none */
	char *name;		/* under /dev/mapper */
	char *target;		/* envol, crypt */
	char *engine;		/* of envol */
	char *key_state;	/* ready, wiped, revoked, expired */
	char *statistics;	/* of envol: "reads 12 read_bytes 49152 …" */
	bool suspended, read_only, in_use;
};

void envol_volume_info_free(struct envol_volume_info *info);

struct envol_volume_format {
	const char *device;	/* block device, or regular file: a disk image */
	const char *header;	/* file, made if it is not there, or device; NULL: on @device */
	const struct envol_kek_choice *keks;	/* each becomes a wrap */
	size_t n_keks;				/* at least 1 */
	/* a KEK whose HSM's random bytes are mixed into those of this host; NULL: none */
	const char *mix_random;
	unsigned int key_size;		/* bytes: 64 (0: that) or 32 */
	unsigned int sector_size;	/* bytes: 512 or 4096; 0: what the device prefers */
	const char *label;	/* at most 47 bytes */
	const char *uuid;	/* NULL: random */
	bool discards;		/* opens pass discards on unless told otherwise */
	bool dry_run;		/* check all, use the KEKs, write nothing */
	bool overwrite;		/* a signature on @device is no reason to refuse */
};

/*
 * Make a volume: a new DEK, wrapped by each KEK and proved by unwrapping, then
 * the header. What was on the device is lost. -EEXIST names what lies on it
 * (file system, LUKS, partition table) unless @overwrite, -EBUSY if it is in use,
 * -ENOSPC if it is too small; errors of KEKs as envol_key_show(). @info may be
 * NULL.
 */
int envol_volume_format(struct envol *ev, const struct envol_volume_format *format,
			struct envol_volume_info *info) ENVOL_API_CHECK;

/* Which header, and what is known of it from elsewhere. */
struct envol_volume_source {
	const char *device;
	const char *header;		/* NULL: on @device */
	const char *const *keks;	/* URIs that may be used, in that order; NULL: the header's */
	size_t n_keks;
	const char *id;			/* fingerprint that it must have; NULL: any */
	bool unattended;		/* no person looks: @keks and @id are then required */
	bool allow_older;		/* accept a generation below the highest seen here */
	const struct envol_secret *recovery;	/* recovery key instead of KEKs */
};

struct envol_volume_open {
	struct envol_volume_source source;
	const char *name;		/* under /dev/mapper; NULL will do for a test */
	enum envol_target_choice target;
	const char *engine;		/* of envol; NULL: the fastest */
	bool read_only;
	int discards;			/* 1, -1 never, 0 as the header says */
	bool test;			/* all but the mapping */
};

/*
 * Unwrap the DEK by the first KEK that does, prove the header, and make the
 * mapping. -EEXIST if @name is there already, -EBUSY if the device is in use,
 * -ENODATA for no LUKS2 or no envol header, -EBADMSG for one that is damaged or was
 * changed, -EKEYREJECTED for another fingerprint, -ESTALE for an older
 * generation; else the error of the last KEK. @info may be NULL.
 */
int envol_volume_open(struct envol *ev, const struct envol_volume_open *open,
		      struct envol_volume_info *info) ENVOL_API_CHECK;

/*
 * Remove the mapping and revoke its kernel key. -ENODEV if there is none of that
 * name, -EMEDIUMTYPE if it is not a volume's, -EBUSY if it is in use; with
 * @deferred it then goes with its last user.
 */
int envol_volume_close(struct envol *ev, const char *name, bool deferred)
	ENVOL_API_CHECK;

/* Flush, suspend and wipe the key: I/O waits until the unlock. */
int envol_volume_lock(struct envol *ev, const char *name) ENVOL_API_CHECK;

/* The reverse; @source->device and ->header may be NULL: they are the mapping's. */
int envol_volume_unlock(struct envol *ev, const char *name,
			const struct envol_volume_source *source) ENVOL_API_CHECK;

/* A mapping by its name, or a device with a header. Uses no KEK. */
int envol_volume_status(struct envol *ev, const char *name_or_device,
			const char *header, struct envol_volume_info *info)
	ENVOL_API_CHECK;

/* All mappings of volumes. Free each, then the array. */
int envol_volume_list(struct envol *ev, struct envol_volume_info **infos,
		      size_t *n_infos) ENVOL_API_CHECK;

enum envol_check_result { ENVOL_CHECK_OK, ENVOL_CHECK_WARNING, ENVOL_CHECK_FAILED };

typedef void (*envol_check_fn)(enum envol_check_result result, const char *what,
			       const char *sentence, void *data);

/*
 * Look at everything an open would look at - both header copies, token, seal,
 * each KEK - and tell @fn of each; changes nothing. 0 if nothing failed, else the
 * first failure's error.
 */
int envol_volume_check(struct envol *ev, const struct envol_volume_source *source,
		       envol_check_fn fn, void *data) ENVOL_API_CHECK;

/* ---- the wraps of a volume ------------------------------------------------ */

/*
 * Each needs one KEK of the volume that answers (or the recovery key), writes the
 * header once, and leaves data and mappings alone. A wrap is proved before it is
 * stored, if this host may unwrap by its KEK at all.
 */

/*
 * -EEXIST if the same KEK version wraps it already, -EPERM for one KEK where every
 * wrap takes two, unless @kek->alone, -ENOSPC where there is no room for more.
 */
int envol_wrap_add(struct envol *ev, const struct envol_volume_source *source,
		   const struct envol_kek_choice *kek) ENVOL_API_CHECK;

/*
 * By its number. -ENOENT; -EPERM for the last one. Another wrap must open the volume
 * now (the recovery key will do), else it is the error of those that do not.
 */
int envol_wrap_remove(struct envol *ev, const struct envol_volume_source *source,
		      unsigned int number) ENVOL_API_CHECK;

/*
 * Wrap anew for each KEK that has a newer version; what was there stays, marked
 * retiring, and goes once @settle_s seconds have passed since and the newer wrap
 * opens the volume. A newer version passes every check of a new KEK and may not be
 * weaker (-EPERM). What fails with one KEK does not stop the others: @renewed
 * counts what was done, and the first error is returned.
 */
int envol_wrap_renew(struct envol *ev, const struct envol_volume_source *source,
		     uint64_t settle_s, unsigned int *renewed) ENVOL_API_CHECK;

/*
 * One more keyslot, under a random key for people to keep (Argon2id): text with
 * dashes in @key, which must be empty. -EEXIST if there is one, -EPERM where every
 * wrap takes two KEKs: it would open the volume without either.
 */
int envol_recovery_create(struct envol *ev, const struct envol_volume_source *source,
			  struct envol_secret *key) ENVOL_API_CHECK;
int envol_recovery_remove(struct envol *ev, const struct envol_volume_source *source)
	ENVOL_API_CHECK;

/* ---- headers -------------------------------------------------------------- */

/* Into a new file (mode 0400, -EEXIST). It opens the volume as long as its KEKs do. */
int envol_header_backup(struct envol *ev, const char *device, const char *header,
			const char *file) ENVOL_API_CHECK;

/*
 * Put a backup in place of the header. It is proved by an unwrap first, and by its
 * volume id and data offset to belong to what is there; @force goes without
 * either. -ESTALE for one older than what is there, unless @source->allow_older.
 */
int envol_header_restore(struct envol *ev, const struct envol_volume_source *source,
			 const char *file, bool force) ENVOL_API_CHECK;

/* ---- KEKs in their providers ----------------------------------------------- */

/* A KEK as its provider describes it. Free with envol_key_info_free(). */
struct envol_key_version {
	char *version;
	int64_t created, not_before, expires;	/* Unix seconds; 0: not known, none */
	bool enabled;
};

struct envol_key_info {
	char *uri;		/* without a version */
	char *type;		/* AES-256, RSA-3072 … */
	char *protection;	/* where it is kept, for people: "sealed by the TPM" */
	char *recovery;		/* what becomes of it when it is deleted; NULL: not known */
	bool recoverable;	/* a deleted one can't be purged before its time */
	struct envol_key_version *versions;	/* the newest last */
	size_t n_versions;
};

void envol_key_info_free(struct envol_key_info *info);

/* A provider that was built in. */
struct envol_provider_info {
	const char *scheme;	/* of its URIs */
	const char *summary;	/* one line */
};

size_t envol_provider_list(const struct envol_provider_info **providers);

/* Whether its program is there: it may be in a package of its own. */
bool envol_provider_is_installed(struct envol *ev, const char *scheme);

/*
 * Try all that a volume would do with a KEK - look at it, see whether it may wrap,
 * wrap and unwrap a random key - and tell @fn of each, with what is missing; changes
 * nothing. 0 if nothing failed, else the first failure's error.
 */
int envol_provider_check(struct envol *ev, const char *uri, envol_check_fn fn,
			 void *data) ENVOL_API_CHECK;

/*
 * @uri names a KEK; a bare NAME stands for service:NAME. Errors: -EINVAL for a bad
 * URI, -EPROTONOSUPPORT for a scheme nobody serves, -EOPNOTSUPP for what the
 * provider can't do, -ENOENT for no such key, -EKEYREVOKED for one that is
 * disabled, -ENOANO where a PIN is needed or was refused, -EEXIST, -EACCES,
 * -EHOSTUNREACH and -ETIMEDOUT where trying again may help, -EBADMSG for one that is
 * damaged.
 */
int envol_key_create(struct envol *ev, const char *uri, struct envol_key_info *info)
	ENVOL_API_CHECK;
int envol_key_show(struct envol *ev, const char *uri, struct envol_key_info *info)
	ENVOL_API_CHECK;

/*
 * All KEKs of a provider that can tell, by its scheme. One that can't be described
 * has no type, and the reason in @protection. Free each, then the array.
 */
int envol_key_list(struct envol *ev, const char *scheme, struct envol_key_info **infos,
		   size_t *n_infos) ENVOL_API_CHECK;

/* A new version, which wraps from now on; older ones go on unwrapping. */
int envol_key_rotate(struct envol *ev, const char *uri, struct envol_key_info *info)
	ENVOL_API_CHECK;

/*
 * A key that its owner made elsewhere, in @file (which others may not read): of a vault an
 * RSA key in PEM, or the transfer blob that a vendor's tool makes of one in an HSM.
 * -EEXIST for a name that is taken, -EBADMSG, -EOPNOTSUPP.
 */
int envol_key_import(struct envol *ev, const char *uri, const char *file,
		     struct envol_key_info *info) ENVOL_API_CHECK;

/* @version NULL: all of them. A disabled one neither wraps nor unwraps. */
int envol_key_disable(struct envol *ev, const char *uri, const char *version)
	ENVOL_API_CHECK;
int envol_key_enable(struct envol *ev, const char *uri, const char *version)
	ENVOL_API_CHECK;

/*
 * Whether a backup of it is encrypted under a passphrase. A key vault's is not: the service
 * has encrypted it, for vaults of the same geography and subscription.
 */
bool envol_key_backup_takes_passphrase(const char *uri);
/* The same of a @file with a backup; true where it can't be read. */
bool envol_key_restore_takes_passphrase(struct envol *ev, const char *file);

/*
 * All versions into a new file, encrypted under @passphrase, which is NULL where none is
 * taken: -EINVAL for one too many or one too few. -EEXIST.
 */
int envol_key_backup(struct envol *ev, const char *uri, const char *file,
		     const struct envol_secret *passphrase) ENVOL_API_CHECK;

/*
 * The reverse. The file is proved before anything is replaced; -EEXIST if there is
 * such a key, unless @replace. -EKEYREJECTED for another passphrase; NULL where none is taken.
 */
int envol_key_restore(struct envol *ev, const char *file,
		      const struct envol_secret *passphrase, bool replace,
		      struct envol_key_info *info) ENVOL_API_CHECK;

/* How the root key of service keys is to be protected. All zero: anew, as it is. */
struct envol_key_reseal {
	const char *to;		/* TCTI of a TPM, "none" for a file that only root reads; NULL: the settings' TPM */
	/*
	 * What the TPM asks for: "none", "pin", "pcr7", "pcr:7+11", "pcr:7,pin"; a PCR
	 * may have its value to be, "pcr:7=HEX". NULL: as the seals that there are; for
	 * the first of boot "pcr7" where Secure Boot is on (else -EINVAL), for others "none".
	 */
	const char *policy;
	const struct envol_secret *pin;	/* of a policy with one */
	bool boot;		/* the seals that open early in a boot and not later */
	bool add;		/* to those that there are; else in their place */
	unsigned int remove;	/* this one, counted from 1, and nothing else; 0: none */
};

/*
 * Have what protects the keys of a provider (service:) sealed anew. It takes the TPM
 * that sealed before. Wraps and volumes do not notice. @info, which may be NULL, gets
 * scheme, protection, and as recovery a sentence on what that is not worth. -ENODEV
 * for no such TPM.
 */
int envol_key_reseal(struct envol *ev, const char *scheme,
		     const struct envol_key_reseal *how,
		     struct envol_key_info *info) ENVOL_API_CHECK;

/*
 * @content into the new @file, sealed by the TPM for @setting, "SCHEME.KEY", a setting of
 * a provider that names a file with a secret: it takes such a one as well, and no other
 * does. @how: policy, without a PIN, and boot. -EINVAL for another setting, -EEXIST,
 * -EFBIG above 16 KiB, -ENODEV without a TPM.
 */
int envol_credential_seal(struct envol *ev, const char *setting,
			  const struct envol_secret *content,
			  const struct envol_key_reseal *how, const char *file)
	ENVOL_API_CHECK;

/*
 * Nothing of the provider that is sealed for boot opens any more until the machine
 * starts again. 0 where there is nothing to lock (no TPM).
 */
int envol_provider_lock(struct envol *ev, const char *scheme) ENVOL_API_CHECK;

/* ---- for people ------------------------------------------------------------ */

#define ENVOL_SIZE_TEXT 16

/* "64.0 GiB" */
void envol_size_format(char text[ENVOL_SIZE_TEXT], uint64_t bytes);

#define ENVOL_TIME_SIZE 21

/* RFC 3339 in UTC, 2026-03-01T12:00:00Z; @seconds from 1970 to the end of 9999. */
void envol_time_format(char text[ENVOL_TIME_SIZE], int64_t seconds);

#ifdef __cplusplus
}
#endif
