// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/service/enrol.h"
#include "userspace/lib/provider/service/secureboot.h"

#define SEALS_MAX ENVOL_ROOTFILE_SEALS_MAX

struct change {
	struct envol *ev;
	int dir;
	const struct envol_key_reseal *how;
	const char *name;	/* of the file that changes */
	char *tcti;		/* NULL: the key itself goes into the file */
	struct envol_rootfile key;	/* has the key */
	struct envol_rootfile file;	/* as it is, then as it is to be */
	bool is_there;
	struct envol_policy policies[SEALS_MAX];	/* of the new seals */
	size_t n_policies;
};

/* ---- which TPM ------------------------------------------------------------------- */

static int find_target(struct change *change)
{
	struct envol *ev = change->ev;
	const char *to = change->how->to;
	int err;

	if (to && strcmp(to, ENVOL_SEAL_NO_TPM) == 0) {
		if (!change->how->boot && !change->how->policy &&
		    !change->how->add)
			return 0;
		return envol_error(ev, -EINVAL,
				   "without a TPM there are neither policies nor seals for boot");
	}
	if (to && *to) {
		change->tcti = strdup(to);
		return change->tcti ? 0 : envol_error(ev, -ENOMEM,
						      "out of memory");
	}
	err = envol_seal_find(ev, &change->tcti);
	if (err || change->tcti)
		return err;
	return envol_error(ev, -ENODEV,
			   *ev->tpm ? "the settings say to use no TPM; name one (--to)" :
				      "this host has no TPM (no /dev/tpmrm0); name one (--to), or --to none keeps the root key in a file");
}

/* ---- which policies ---------------------------------------------------------------- */

static int default_policy(struct envol *ev, const struct envol_key_reseal *how,
			  struct envol_policy *policy)
{
	if (!how->boot)
		return envol_policy_parse(ev, "none", policy);
	if (envol_secureboot_is_on(ENVOL_SECUREBOOT_VARIABLES))
		return envol_policy_parse(ev, "pcr:7", policy);
	return envol_error(ev, -EINVAL,
			   "Secure Boot is off, or can't be seen from here, so the firmware starts whatever it finds and PCR 7 says nothing; choose: --policy pin asks for a PIN in each boot, --policy none protects the disk away from this machine and not the machine");
}

int envol_enrol_policy(struct envol *ev, const struct envol_key_reseal *how,
		       struct envol_policy *policy)
{
	int err = how->policy ? envol_policy_parse(ev, how->policy, policy) :
				default_policy(ev, how, policy);

	if (!err && how->boot)
		err = envol_policy_for_boot(ev, policy);
	else if (!err && policy->pcrs & 1u << ENVOL_POLICY_BOOT_PCR)
		err = envol_error(ev, -EINVAL,
				  "PCR %u is the one that envol extends in each boot: what asks for it is for boot (--boot)",
				  ENVOL_POLICY_BOOT_PCR);
	return err;
}

/* At the values of now, and those that are given, the same. */
static bool is_same(const struct envol_policy *a, const struct envol_policy *b)
{
	struct envol_policy given = *a;

	given.pcrs &= given.known;
	return envol_policy_is_alike(a, b) &&
	       !envol_policy_differing(&given, b);
}

/* Those that there are, at the values of now, except what now says nothing of. */
static int renew_policies(struct change *change)
{
	uint32_t kept = !change->how->boot ? 0 :
					     1u << ENVOL_POLICY_BOOT_PCR |
						     ENVOL_POLICY_MOVING;
	size_t i, j;

	for (i = 0; i < change->file.n_seals; i++) {
		struct envol_policy *policy =
			&change->policies[change->n_policies];

		*policy = change->file.seals[i].policy;
		if (policy->pin)
			return envol_error(change->ev, -EINVAL,
					   "seal %zu has a PIN, and is made anew under one only when asked for: name its policy and PIN",
					   i + 1);
		policy->known &= kept;
		for (j = 0; j < change->n_policies; j++)
			if (is_same(policy, &change->policies[j]))
				break;
		change->n_policies += j == change->n_policies;
	}
	return 0;
}

static int find_policies(struct change *change)
{
	const struct envol_key_reseal *how = change->how;

	if (!change->tcti)
		return 0;
	if (!how->policy && !how->add && change->file.n_seals)
		return renew_policies(change);
	change->n_policies = 1;
	return envol_enrol_policy(change->ev, how, &change->policies[0]);
}

/* ---- the new file ------------------------------------------------------------------- */

static void move_seal(struct envol_seal *to, struct envol_seal *from)
{
	envol_seal_free(to);
	*to = *from;
	*from = (struct envol_seal)ENVOL_SEAL_INIT;
}

static void drop_seal(struct envol_rootfile *file, size_t i)
{
	envol_seal_free(&file->seals[i]);
	for (; i + 1 < file->n_seals; i++) {
		file->seals[i] = file->seals[i + 1];
		file->seals[i + 1] = (struct envol_seal)ENVOL_SEAL_INIT;
	}
	file->seals[i] = (struct envol_seal)ENVOL_SEAL_INIT;
	file->n_seals--;
}

/* Asks the same TPM for the same values: the new one stands in its place. */
static bool is_replaced(const struct envol_seal *old, const struct envol_seal *new)
{
	return envol_policy_is_alike(&old->policy, &new->policy) &&
	       !envol_policy_differing(&old->policy, &new->policy) &&
	       envol_blob_equal(&old->storage, &new->storage);
}

static int add_seal(struct change *change, const struct envol_policy *policy)
{
	const struct envol_secret no_pin = ENVOL_SECRET_INIT;
	_cleanup_seal_ struct envol_seal seal = ENVOL_SEAL_INIT;
	struct envol_rootfile *file = &change->file;
	size_t i;
	int err;

	seal.policy = *policy;
	err = envol_seal_seal(change->ev, change->tcti, &change->key.key,
			      change->how->pin ? change->how->pin : &no_pin,
			      &seal);
	for (i = 0; !err && i < file->n_seals;)
		if (is_replaced(&file->seals[i], &seal))
			drop_seal(file, i);
		else
			i++;
	if (!err && file->n_seals == SEALS_MAX)
		err = envol_error(change->ev, -ENOSPC,
				  "there are %u seals already; --remove one that nobody needs",
				  SEALS_MAX);
	if (!err)
		move_seal(&file->seals[file->n_seals++], &seal);
	return err;
}

static int make_seals(struct change *change)
{
	size_t i;
	int err = 0;

	if (!change->how->add)
		while (change->file.n_seals)
			drop_seal(&change->file, 0);
	else if (change->is_there && !change->file.n_seals)
		return envol_error(change->ev, -EINVAL,
				   "the root key lies in a file, beside which a seal protects nothing; reseal it without --keep");
	for (i = 0; i < change->n_policies && !err; i++)
		err = add_seal(change, &change->policies[i]);
	if (err || change->n_policies)
		return err;
	return envol_secret_copy(change->ev, &change->file.key,
				 change->key.key.data, change->key.key.len);
}

static int remove_seal(struct change *change)
{
	unsigned int number = change->how->remove;

	if (number > change->file.n_seals)
		return envol_error(change->ev, -ENOENT,
				   "there is no seal %u%s; `envol key list` shows those that there are",
				   number, change->how->boot ? " for boot" : "");
	if (change->file.n_seals == 1 && !change->how->boot)
		return envol_error(change->ev, -EPERM,
				   "it is the only seal: nothing would open the keys");
	drop_seal(&change->file, number - 1);
	return 0;
}

/* ---- what is left must open ----------------------------------------------------------- */

/* One that was sealed to the values of now was proved by unsealing it. */
static bool is_proved(const struct change *change)
{
	size_t i;

	for (i = 0; i < change->n_policies; i++)
		if (!change->policies[i].known)
			return true;
	return false;
}

/* Under the PIN that they were made with, so that no guess is lost. */
static int open_new(struct change *change)
{
	const struct envol_secret no_pin = ENVOL_SECRET_INIT;
	const struct envol_rootfile *file = &change->file;
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	size_t n = change->n_policies;

	return envol_seal_unseal(change->ev, change->tcti,
				 file->seals + file->n_seals - n, n,
				 change->how->pin ? change->how->pin : &no_pin,
				 &key);
}

/* As the next use of a key will, by the same TPM and PIN. */
static int open_old(struct change *change)
{
	struct envol_rootfile old = change->file;
	int err;

	old.key = (struct envol_secret)ENVOL_SECRET_INIT;
	old.n_seals -= change->n_policies;
	err = envol_root_unseal(change->ev, &old);
	envol_secret_wipe(&old.key);
	return err;
}

/*
 * A root key whose seals are all for another time is lost, and every key with it.
 * What is for boot is for another time always, and has the file "root" behind it.
 */
static int prove_rest(struct change *change)
{
	size_t n = change->file.n_seals;
	int err = -EKEYREJECTED;

	if (change->how->boot || !n || is_proved(change))
		return 0;
	if (change->n_policies)
		err = open_new(change);
	if (err && n > change->n_policies)
		err = open_old(change);
	if (!err)
		return 0;
	if (err == -EKEYREJECTED || err == -EBADMSG)
		err = -EPERM;
	return envol_error_while(change->ev, err,
				 "nothing was changed: none of the seals that would be left opens now%s",
				 change->how->remove || change->how->add ?
					 "" : " (--keep)");
}

static int store(struct change *change)
{
	struct envol *ev = change->ev;

	if (change->how->boot && !change->file.n_seals) {
		if (unlinkat(change->dir, change->name, 0) ||
		    fsync(change->dir))
			return envol_error_errno(ev, -errno, "remove %s",
						 change->name);
		return 0;
	}
	strcpy(change->file.id, change->key.id);
	return envol_rootfile_store(ev, change->dir, change->name,
				    &change->file);
}

/*
 * The file that held the key has a new one under its name; what it was goes too, as
 * far as its file system writes in place. Another name for it is somebody's copy.
 */
static void wipe_old(struct envol *ev, int fd)
{
	static const uint8_t zeros[4096];
	struct stat st;

	if (fstat(fd, &st) || st.st_nlink > 0 || st.st_size > (off_t)sizeof(zeros) ||
	    envol_file_pwrite(fd, zeros, st.st_size, 0) || fsync(fd))
		envol_log_warning(ev,
				  "the old file of the root key could not be overwritten, and may still be on the disk");
}

/* ---- for people -------------------------------------------------------------------- */

static char *advise(const struct change *change)
{
	static const char weak[] =
		"A seal without a policy protects the disk away from this machine, not the machine: who starts another system on it opens the keys.";
	static const char brittle[] =
		"When a PCR changes (Secure Boot's keys, firmware) the seal does not open: keep `envol key backup` of each key, or a recovery key of each volume, away from this machine.";
	static const char guarded[] =
		"Without the PIN the seal does not open: keep `envol key backup` of each key, or a recovery key of each volume, away from this machine.";
	static const char plain[] =
		"Who reads that file opens every volume of these keys.";
	uint32_t pcrs = 0, open = 0, pins = 0;
	size_t i;

	for (i = 0; i < change->file.n_seals; i++) {
		struct envol_policy policy = change->file.seals[i].policy;

		policy.pcrs &= ~(1u << ENVOL_POLICY_BOOT_PCR);
		open += envol_policy_is_none(&policy);
		pins += policy.pin;
		pcrs |= policy.pcrs;
	}
	if (!change->file.n_seals)
		return strdup(change->how->boot ? "" : plain);
	return strdup(open ? weak : pcrs ? brittle : pins ? guarded : "");
}

/* ---- */

static int load(struct change *change, struct envol_deadline deadline)
{
	int err = envol_root_load_file(change->ev, change->dir, deadline,
				       &change->key);

	if (err)
		return err;
	err = envol_rootfile_load(change->ev, change->dir, change->name,
				  &change->file);
	change->is_there = !err;
	/* One that can't be read any more is replaced as well. */
	if (err == -ENOENT || (err == -EBADMSG && change->how->boot))
		return 0;
	if (err)
		return err;
	envol_secret_wipe(&change->file.key);
	if (strcmp(change->file.id, change->key.id) == 0)
		return 0;
	if (!change->how->boot)
		return envol_rootfile_damaged(change->ev, change->name);
	/* Of a keystore that was here before. */
	envol_rootfile_free(&change->file);
	change->is_there = false;
	return 0;
}

static int apply(struct change *change, struct envol_deadline deadline)
{
	_cleanup_close_ int lock = -1;
	int err;

	err = change->how->remove ? 0 : find_policies(change);
	if (err)
		return err;
	lock = envol_root_lock_tpm(change->ev, change->dir, deadline);
	if (lock < 0)
		return lock;
	err = change->how->remove ? remove_seal(change) : make_seals(change);
	if (err && change->tcti)
		envol_error_while(change->ev, err, "seal the root key");
	if (!err)
		err = prove_rest(change);
	return err ? err : store(change);
}

int envol_enrol_change(struct envol *ev, int dir, struct envol_deadline deadline,
		       const struct envol_key_reseal *how, char **advice)
{
	struct change change = { .ev = ev, .dir = dir, .how = how };
	_cleanup_close_ int old = -1;
	int err;

	change.name = how->boot ? ENVOL_ROOT_BOOT_FILE : ENVOL_ROOT_FILE;
	old = openat(dir, change.name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	err = how->remove ? 0 : find_target(&change);
	if (!err)
		err = load(&change, deadline);
	if (!err)
		err = apply(&change, deadline);
	if (!err && change.is_there && !how->boot && !how->remove &&
	    !change.key.n_seals)
		wipe_old(ev, old);
	if (!err) {
		*advice = advise(&change);
		if (!*advice)
			err = envol_error(ev, -ENOMEM, "out of memory");
	}
	envol_rootfile_free(&change.key);
	envol_rootfile_free(&change.file);
	free(change.tcti);
	return err;
}
