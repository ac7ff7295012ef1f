/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The volumes that a host opens by itself: a table, /etc/envol/volumes, see
 * envol-volumes(5), and what is done with its lines. Errors, handle and strings as
 * in envol.h.
 */
#pragma once

#include "userspace/include/envol.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOL_BOOT_TABLE "/etc/envol/volumes"
#define ENVOL_BOOT_RETRIES_ALL (-1)	/* as many as the time allows */

/* A line of the table. */
struct envol_boot_volume {
	char *name;			/* under /dev/mapper */
	char *device;			/* path, or TAG=VALUE */
	unsigned int line;
	char *id;			/* fingerprint; NULL: a throwaway */
	char **keks;			/* URIs as they stand there, in the order of trial */
	size_t n_keks;
	char *header;			/* path or TAG=VALUE; NULL: on @device */
	enum envol_target_choice target;
	char *engine;
	bool read_only, discards;
	unsigned int timeout_s;		/* of a whole open, the wait for @device included */
	int retries;			/* further tries where one may help */
	bool network;			/* a KEK is reached over it */
	bool noauto, nofail;
	bool initramfs;			/* opened there */
	bool clear_secret;		/* secrets may lie in the initramfs as they are */
	/* a key that only the kernel has, and no header: data are gone with the mapping */
	char *throwaway;		/* "": bare, "swap", a file system; NULL: none of it */
	bool overwrite;			/* what a signature tells of may be lost */
	uint64_t offset;		/* bytes at the device's beginning that are left alone */
};

/* What is wrong with a line, which is then no volume. */
struct envol_boot_defect {
	unsigned int line;
	char *name;			/* of the line's volume; NULL: not known */
	char *sentence;			/* begins FILE:LINE: */
	bool initramfs;			/* the line says so, or seems to */
};

struct envol_boot_table {
	struct envol_boot_volume *volumes;
	size_t n_volumes;
	struct envol_boot_defect *defects;
	size_t n_defects;
};

void envol_boot_table_free(struct envol_boot_table *table);

/*
 * Read a table; NULL is ENVOL_BOOT_TABLE. A line with a mistake is a defect and spoils no
 * other. -ENOENT if there is no file, -EPERM if others than root and the caller may write it.
 */
int envol_boot_load(struct envol *ev, const char *path,
		    struct envol_boot_table *table) ENVOL_API_CHECK;

/* The volume of that name. -EINVAL with its defect, -ENOENT. */
int envol_boot_find(struct envol *ev, const struct envol_boot_table *table,
		    const char *name, const struct envol_boot_volume **volume)
	ENVOL_API_CHECK;

/*
 * 0 if every line that is for the initramfs can be read. -EINVAL with the first that can't:
 * an image that is made without its volume would be one that does not start the machine.
 */
int envol_boot_check_initramfs(struct envol *ev,
			       const struct envol_boot_table *table)
	ENVOL_API_CHECK;

enum envol_boot_state {
	ENVOL_BOOT_CLOSED,
	ENVOL_BOOT_OPEN,
	ENVOL_BOOT_OTHER,	/* its name is taken by another mapping */
	ENVOL_BOOT_UNKNOWN,	/* no device-mapper to ask */
};

enum envol_boot_state envol_boot_state(struct envol *ev,
				       const struct envol_boot_volume *volume);

/*
 * Open a volume: wait for its device, then have its KEKs tried in turn until one opens it,
 * with pauses, as long as its time lasts and trying again may help. With @recovery that
 * key is used instead, once. 0 also if it is open already, whoever did that meanwhile.
 * -EUCLEAN where what lies on the device is not the volume that belongs there: no envol
 * header, one that was changed, an older one, another volume's; nobody should be asked for
 * a passphrase then. -ETIME if the device did not turn up. -EEXIST if a mapping of that name
 * is something else's; else as envol_volume_open(). @info may be NULL.
 */
int envol_boot_open(struct envol *ev, const struct envol_boot_volume *volume,
		    const struct envol_secret *recovery,
		    struct envol_volume_info *info) ENVOL_API_CHECK;

/* Does the TPM want a PIN for one of its KEKs on this host? What the keystore says, no TPM is asked. */
bool envol_boot_wants_pin(struct envol *ev,
			  const struct envol_boot_volume *volume);

/*
 * Open it as envol_boot_open() without a recovery key does, once and with that PIN: -ENOANO
 * if the TPM refused it, -EACCES if it takes none for now.
 */
int envol_boot_open_by_pin(struct envol *ev,
			   const struct envol_boot_volume *volume,
			   const struct envol_secret *pin,
			   struct envol_volume_info *info) ENVOL_API_CHECK;

/*
 * Look at what an open would need, volume by volume and without using a KEK, and tell @fn
 * of each; changes nothing. 0 if nothing failed, else the first failure's error.
 */
int envol_boot_check(struct envol *ev, const struct envol_boot_table *table,
		     envol_check_fn fn, void *data) ENVOL_API_CHECK;

/*
 * Called with each thing that an initramfs must have to open a volume. @kind is one of
 *
 *	program		path of a program
 *	module		of the kernel, where it has it and has not built it in
 *	dlopen		path of a shared object that is loaded by name
 *	file		path, copied as it is
 *	directory	path that must exist there
 *	sealed		path of a secret that is worth nothing away from this machine's TPM
 *	secret		path of a secret in clear
 *	network, tpm	"yes"
 *
 * The same thing may come more than once. Not 0 ends it with that error.
 */
typedef int (*envol_boot_need_fn)(const char *kind, const char *value, void *data);

/* -EPERM where it needs secrets in clear and its line does not allow that. */
int envol_boot_needs(struct envol *ev, const struct envol_boot_volume *volume,
		     envol_boot_need_fn fn, void *data) ENVOL_API_CHECK;

#ifdef __cplusplus
}
#endif
