// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key of a mapping: found in the kernel keyring, expanded once, wiped as one.
 *
 * Nothing is ever encrypted with a half-wiped key: each job takes a live
 * reference (percpu_ref) just before it uses the round keys and puts it just
 * after. Ending the key kills the reference, so that no job gets another one,
 * and the round keys are wiped by whoever puts the last. That may be a job, in a
 * softirq or a task, or an RCU callback: wiping and complete_all() suit them all.
 *
 * The kernel key ends this one: no notifier tells of a revocation, so each job
 * looks at the kernel key's state (two words, read without a lock), and a timer
 * looks every few seconds on behalf of an idle mapping. Whoever finds it dead
 * first kills the reference; percpu_ref_kill() neither sleeps nor minds where it
 * is called from.
 *
 * Whoever replaces a key waits for the jobs that found the old one and are about to
 * take a reference (RCU). So device-mapper's promises about when bios are under
 * way are not needed here: it ends suspended mappings with bios still coming back.
 *
 * Our copy of the kernel key's reference goes with the mapping, so a key that was
 * only unlinked from all keyrings lives exactly as long as its mappings.
 */
#define DM_MSG_PREFIX "envol"

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/log2.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <keys/user-type.h>

#include "kmod/envol.h"
#include "kmod/trace.h"

/* A dead key on an idle mapping is found within 10 s: timer slack included. */
#define CHECK_INTERVAL (5 * HZ)

struct envol_key {
	struct envol_xts_key round_keys;
	struct percpu_ref live;
	struct completion wiped;
	atomic_t cause;			/* of the end, -errno; 0 while alive */
	struct key *kernel_key;
	dev_t mapping;
	struct delayed_work check;
};

static void wipe_round_keys(struct percpu_ref *live)
{
	struct envol_key *key = container_of(live, struct envol_key, live);

	envol_xts_wipe_key(&key->round_keys);
	complete_all(&key->wiped);
}

/* True for the one caller that ended it. */
static bool end_key(struct envol_key *key, int cause)
{
	if (atomic_cmpxchg(&key->cause, 0, cause) != 0)
		return false;
	percpu_ref_kill(&key->live);
	trace_envol_key_end(key->mapping, cause);
	return true;
}

static const char *cause_text(int cause)
{
	switch (cause) {
	case -EKEYEXPIRED:
		return "has expired";
	case -EKEYREVOKED:
		return "has been revoked";
	default:
		return "has been invalidated";
	}
}

int envol_key_check(struct envol_key *key)
{
	int err = atomic_read(&key->cause);

	if (err)
		return err;
	err = key_validate(key->kernel_key);
	if (unlikely(err) && end_key(key, err))
		DMERR("%u:%u: the kernel key %s: round keys wiped, I/O fails from now on",
		      MAJOR(key->mapping), MINOR(key->mapping), cause_text(err));
	return err;
}

static void check_idle_key(struct work_struct *work)
{
	struct envol_key *key = container_of(to_delayed_work(work),
					     struct envol_key, check);

	if (!envol_key_check(key))
		queue_delayed_work(envol_job_queue(), &key->check, CHECK_INTERVAL);
}

struct envol_key *envol_key_get(struct envol_key __rcu *const *place)
{
	struct envol_key *key;

	rcu_read_lock();
	key = rcu_dereference(*place);
	if (key && (envol_key_check(key) || !percpu_ref_tryget_live(&key->live)))
		key = NULL;
	rcu_read_unlock();
	return key;
}

void envol_key_put(struct envol_key *key)
{
	percpu_ref_put(&key->live);
}

bool envol_key_lives(struct envol_key __rcu *const *place)
{
	struct envol_key *key = envol_key_get(place);

	if (key)
		envol_key_put(key);
	return key != NULL;
}

const struct envol_xts_key *envol_key_round_keys(const struct envol_key *key)
{
	return &key->round_keys;
}

/* The assembly uses round keys as aligned memory operands; kmalloc() aligns powers of two. */
static struct envol_key *alloc_key(void)
{
	return kzalloc(roundup_pow_of_two(sizeof(struct envol_key)), GFP_KERNEL);
}

static int expand(struct envol_key *key, const struct envol_table *t,
		  const char **why)
{
	const struct user_key_payload *payload;
	unsigned int flags = t->flags & ENVOL_TABLE_ALLOW_WEAK_KEY ?
			     ENVOL_XTS_ALLOW_WEAK : 0;
	int err;

	down_read(&key->kernel_key->sem);
	payload = user_key_payload_locked(key->kernel_key);
	if (!payload) {
		*why = "the kernel key has been revoked";
		err = -EKEYREVOKED;
	} else if (payload->datalen != t->key_size) {
		*why = "the kernel key's size differs from the table's";
		err = -EINVAL;
	} else {
		err = envol_crypt_set_key(&key->round_keys, payload->data,
					  payload->datalen, flags);
		if (err)
			*why = "the two halves of the key are equal: give allow_weak_key if they must be";
	}
	up_read(&key->kernel_key->sem);
	return err;
}

static struct key *find_kernel_key(const struct envol_table *t, const char **why)
{
	struct key *kernel_key = request_key(&key_type_logon, t->key_description, NULL);

	if (!IS_ERR(kernel_key))
		return kernel_key;
	switch (PTR_ERR(kernel_key)) {
	case -EKEYREVOKED:
		*why = "the kernel key has been revoked";
		break;
	case -EKEYEXPIRED:
		*why = "the kernel key has expired";
		break;
	case -EACCES:
		*why = "the kernel key may not be used by this process";
		break;
	case -EINVAL:
		*why = "the kernel key's description needs a prefix and a colon";
		break;
	case -ENOMEM:
		*why = "no memory to look for the kernel key";
		break;
	default:
		*why = "no such logon key in the caller's keyrings";
		break;
	}
	return kernel_key;
}

int envol_key_load(struct envol_key **keyp, dev_t mapping,
		   const struct envol_table *t, const char **why)
{
	struct envol_key *key = alloc_key();
	int err;

	if (!key) {
		*why = "no memory for the key";
		return -ENOMEM;
	}
	key->mapping = mapping;
	init_completion(&key->wiped);
	INIT_DELAYED_WORK(&key->check, check_idle_key);

	key->kernel_key = find_kernel_key(t, why);
	if (IS_ERR(key->kernel_key)) {
		err = PTR_ERR(key->kernel_key);
		goto err_free;
	}
	err = expand(key, t, why);
	if (err)
		goto err_put;
	err = percpu_ref_init(&key->live, wipe_round_keys, 0, GFP_KERNEL);
	if (err) {
		*why = "no memory for the key's reference count";
		goto err_put;
	}
	queue_delayed_work(envol_job_queue(), &key->check, CHECK_INTERVAL);
	*keyp = key;
	return 0;

err_put:
	key_put(key->kernel_key);
err_free:
	kfree_sensitive(key);
	return err;
}

static void free_key(struct envol_key *key)
{
	cancel_delayed_work_sync(&key->check);
	end_key(key, -ENOKEY);
	synchronize_rcu();
	wait_for_completion(&key->wiped);
	percpu_ref_exit(&key->live);
	key_put(key->kernel_key);
	kfree_sensitive(key);
}

void envol_key_replace(struct envol_key __rcu **place, struct envol_key *key)
{
	struct envol_key *old = rcu_replace_pointer(*place, key, true);

	if (old)
		free_key(old);
}
