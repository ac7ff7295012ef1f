// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct target_type and its methods. All of them run in tasks and may sleep,
 * but for map and end_io, which are map.c's.
 *
 * The key changes only by messages while the mapping is suspended: from postsuspend
 * to resume, not to preresume, for device-mapper leaves a mapping suspended when
 * another target's preresume fails. That is a rule for people. What keeps bios from
 * a key that goes is key.c's.
 */
#define DM_MSG_PREFIX "envol"

#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "kmod/compat.h"
#include "kmod/envol.h"

static const char *mapping_name(const struct dm_target *ti)
{
	return dm_device_name(dm_table_get_md(ti->table));
}

static const char *yes_no(bool yes)
{
	return yes ? "y" : "n";
}

/* What should have been a reference may be a key; it must not stay in memory. */
static void wipe_key_argument(char *arg)
{
	if (*arg != ':')
		memzero_explicit(arg, strlen(arg));
}

static struct envol_key *locked_key(struct envol_target *et)
{
	return rcu_dereference_protected(et->key, lockdep_is_held(&et->lock));
}

static void free_target(struct dm_target *ti, struct envol_target *et)
{
	envol_key_replace(&et->key, NULL);
	if (et->dev)
		dm_put_device(ti, et->dev);
	if (et->pool.max_bytes)
		envol_pool_close(&et->pool);
	free_percpu(et->stats);
	kfree(et->description);
	mutex_destroy(&et->lock);
	kfree(et);
}

static int choose_engine(struct envol_target *et, const char *name, const char **why)
{
	if (!name) {
		et->engine = envol_xts_best_engine(envol_crypt_cpu());
		return 0;
	}
	et->engine = envol_xts_find_engine(name);
	if (!et->engine) {
		*why = "no engine of that name";
		return -EINVAL;
	}
	if (!envol_xts_engine_runs(et->engine, envol_crypt_cpu())) {
		*why = "this CPU does not run the engine";
		return -EOPNOTSUPP;
	}
	return 0;
}

static int open_device(struct dm_target *ti, struct envol_target *et,
		       const struct envol_table *t, const char **why)
{
	int err = dm_get_device(ti, t->device, dm_table_get_mode(ti->table), &et->dev);

	if (err) {
		et->dev = NULL;
		*why = "device lookup failed";
		return err;
	}
	if (bdev_read_only(et->dev->bdev) &&
	    dm_table_get_mode(ti->table) & ENVOL_COMPAT_WRITE) {
		*why = "the device is read-only: make the mapping read-only";
		return -EROFS;
	}
	if (bdev_is_zoned(et->dev->bdev)) {
		*why = "zoned devices are not supported: use dm-crypt";
		return -EOPNOTSUPP;
	}
	return 0;
}

static int get_memory(struct envol_target *et, const char **why)
{
	unsigned int max_bytes = envol_pool_max_bytes();
	int err;

	*why = "no memory for the mapping";
	et->stats = alloc_percpu(struct envol_stats);
	if (!et->stats)
		return -ENOMEM;
	err = envol_pool_open(&et->pool, max_bytes);
	if (err)
		et->pool.max_bytes = 0;
	return err;
}

/* The table's strings must be the target's own: @t points into arguments. */
static int keep_table(struct envol_target *et, const struct envol_table *t,
		      const char **why)
{
	et->description = kstrdup(t->key_description, GFP_KERNEL);
	if (!et->description) {
		*why = "no memory for the key description";
		return -ENOMEM;
	}
	et->table = *t;
	et->table.key_description = et->description;
	et->table.device = et->dev->name;
	et->table.engine = t->engine ? et->engine->name : NULL;

	et->rate = envol_pace_rate(et->engine);
	et->start = t->start_sector;
	et->iv_offset = t->iv_offset;
	et->du_size = t->du_size;
	if (t->flags & ENVOL_TABLE_IV_LARGE_SECTORS) {
		et->tweak_shift = ilog2(t->du_size) - SECTOR_SHIFT;
		et->tweak_step = 1;
	} else {
		et->tweak_shift = 0;
		et->tweak_step = t->du_size >> SECTOR_SHIFT;
	}
	return 0;
}

static int fill_target(struct dm_target *ti, struct envol_target *et,
		       const struct envol_table *t, const char **why)
{
	struct envol_key *key;
	int err;

	err = choose_engine(et, t->engine, why);
	if (!err)
		err = open_device(ti, et, t, why);
	if (!err)
		err = keep_table(et, t, why);
	if (!err)
		err = get_memory(et, why);
	if (!err)
		err = envol_key_load(&key, et->mapping, t, why);
	if (!err)
		envol_key_replace(&et->key, key);
	return err;
}

static int parse_arguments(struct dm_target *ti, unsigned int argc, char **argv,
			   struct envol_table *t, const char **why)
{
	int err = envol_table_parse(t, argc, argv, why);

	if (err) {
		if (argc > 1)
			wipe_key_argument(argv[1]);
		return err;
	}
	err = envol_table_check_length(t, ti->len, why);
	if (err)
		return err;
	if (t->start_sector != (sector_t)t->start_sector) {
		*why = "start exceeds what this kernel can address";
		return -EINVAL;
	}
	return 0;
}

/* device-mapper logs ti->error. */
static int construct(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct envol_target *et;
	struct envol_table t;
	const char *why = NULL;
	int err;

	err = parse_arguments(ti, argc, argv, &t, &why);
	if (err)
		goto refuse;
	et = kzalloc(sizeof(*et), GFP_KERNEL);
	if (!et) {
		err = -ENOMEM;
		why = "no memory for the mapping";
		goto refuse;
	}
	mutex_init(&et->lock);
	et->suspended = true;
	et->mapping = disk_devt(dm_disk(dm_table_get_md(ti->table)));
	err = fill_target(ti, et, &t, &why);
	if (err) {
		free_target(ti, et);
		goto refuse;
	}

	ti->private = et;
	ti->per_io_data_size = sizeof(struct envol_io);
	ti->accounts_remapped_io = true;
	ti->limit_swap_bios = true;
	ti->num_flush_bios = 1;
	if (t.flags & ENVOL_TABLE_ALLOW_DISCARDS) {
		ti->num_discard_bios = 1;
		ti->num_secure_erase_bios = 1;
	}
	return 0;

refuse:
	ti->error = (char *)why;
	return err;
}

static void destruct(struct dm_target *ti)
{
	free_target(ti, ti->private);
}

static void postsuspend(struct dm_target *ti)
{
	struct envol_target *et = ti->private;

	mutex_lock(&et->lock);
	et->suspended = true;
	mutex_unlock(&et->lock);
}

static int preresume(struct dm_target *ti)
{
	struct envol_target *et = ti->private;
	struct envol_key *key;
	int err;

	mutex_lock(&et->lock);
	key = locked_key(et);
	err = key ? envol_key_check(key) : -ENOKEY;
	mutex_unlock(&et->lock);
	if (err)
		DMERR("%s: not resumed: the key is %s", mapping_name(ti),
		      key ? "revoked or expired" : "wiped");
	return err;
}

static void resume(struct dm_target *ti)
{
	struct envol_target *et = ti->private;

	mutex_lock(&et->lock);
	et->suspended = false;
	mutex_unlock(&et->lock);
}

/* Called with et->lock held and the mapping suspended. On failure the old key stays. */
static int set_key(struct dm_target *ti, struct envol_target *et, char *reference)
{
	struct envol_table t = et->table;
	struct envol_key *key;
	char *description;
	const char *why;
	int err;

	err = envol_table_parse_key(&t, reference, &why);
	if (!err && t.key_size != et->table.key_size) {
		why = "the key's size differs from the table's";
		err = -EINVAL;
	}
	if (err)
		goto refuse;
	description = kstrdup(t.key_description, GFP_KERNEL);
	if (!description) {
		why = "no memory for the key description";
		err = -ENOMEM;
		goto refuse;
	}
	err = envol_key_load(&key, et->mapping, &t, &why);
	if (err) {
		kfree(description);
		goto refuse;
	}
	envol_key_replace(&et->key, key);
	kfree(et->description);
	et->description = description;
	et->table.key_description = description;
	return 0;

refuse:
	DMERR("%s: key not set: %s", mapping_name(ti), why);
	return err;
}

/* wipe, or set :<bytes>:logon:<description> */
static int key_message(struct dm_target *ti, struct envol_target *et,
		       unsigned int argc, char **argv)
{
	bool set = argc == 2 && !strcasecmp(argv[0], ENVOL_MESSAGE_KEY_SET);
	bool wipe = argc == 1 && !strcasecmp(argv[0], ENVOL_MESSAGE_KEY_WIPE);
	unsigned int noio, i;
	int err = 0;

	if (!set && !wipe) {
		DMERR("%s: message key: neither \"wipe\" nor \"set :<bytes>:logon:<description>\"",
		      mapping_name(ti));
		err = -EINVAL;
		goto out;
	}
	mutex_lock(&et->lock);
	if (!et->suspended) {
		DMERR("%s: the key changes only while the mapping is suspended",
		      mapping_name(ti));
		err = -EBUSY;
	} else {
		/* Memory must not be had by writing to the mapping that is suspended. */
		noio = memalloc_noio_save();
		if (set)
			err = set_key(ti, et, argv[1]);
		else
			envol_key_replace(&et->key, NULL);
		memalloc_noio_restore(noio);
	}
	mutex_unlock(&et->lock);
out:
	if (err)
		for (i = 1; i < argc; i++)
			wipe_key_argument(argv[i]);
	return err;
}

static int message(struct dm_target *ti, unsigned int argc, char **argv,
		   char *result, unsigned int maxlen)
{
	struct envol_target *et = ti->private;

	if (argc >= 2 && !strcasecmp(argv[0], ENVOL_MESSAGE_KEY))
		return key_message(ti, et, argc - 1, argv + 1);
	if (argc == 2 && !strcasecmp(argv[0], ENVOL_MESSAGE_STATS) &&
	    !strcasecmp(argv[1], ENVOL_MESSAGE_STATS_CLEAR)) {
		envol_stats_clear(et->stats);
		return 0;
	}
	DMERR("%s: unknown message", mapping_name(ti));
	return -EINVAL;
}

static const char *key_state(struct envol_target *et)
{
	struct envol_key *key = locked_key(et);

	if (!key)
		return ENVOL_STATUS_KEY_WIPED;
	switch (envol_key_check(key)) {
	case 0:
		return ENVOL_STATUS_KEY_READY;
	case -EKEYEXPIRED:
		return ENVOL_STATUS_KEY_EXPIRED;
	default:
		return ENVOL_STATUS_KEY_REVOKED;
	}
}

static void show_info(struct envol_target *et, char *result, unsigned int maxlen)
{
	enum envol_stat stat;
	unsigned int sz = 0;

	DMEMIT(ENVOL_STATUS_KEY " %s " ENVOL_STATUS_ENGINE " %s " ENVOL_STATUS_SPEED " %s",
	       key_state(et), et->engine->name,
	       envol_crypt_is_slow(et->engine) ? ENVOL_STATUS_SPEED_SLOW :
						 ENVOL_STATUS_SPEED_FAST);
	for (stat = 0; stat < ENVOL_STATS; stat++)
		DMEMIT(" %s %llu", envol_stats_name(stat),
		       (unsigned long long)envol_stats_read(et->stats, stat));
}

/* For measurement: what decides over the data, and nothing that changes by itself. */
static void show_ima(struct dm_target *ti, struct envol_target *et,
		     char *result, unsigned int maxlen)
{
	u32 flags = et->table.flags;
	unsigned int sz = 0;

	DMEMIT_TARGET_NAME_VERSION(ti->type);
	DMEMIT(",allow_discards=%s,iv_large_sectors=%s,allow_weak_key=%s",
	       yes_no(flags & ENVOL_TABLE_ALLOW_DISCARDS),
	       yes_no(flags & ENVOL_TABLE_IV_LARGE_SECTORS),
	       yes_no(flags & ENVOL_TABLE_ALLOW_WEAK_KEY));
	DMEMIT(",cipher_string=%s,key_size=%u,sector_size=%u,iv_offset=%llu,start=%llu;",
	       ENVOL_TABLE_CIPHER, et->table.key_size, et->du_size,
	       (unsigned long long)et->iv_offset, (unsigned long long)et->start);
}

static void status(struct dm_target *ti, status_type_t type,
		   unsigned int status_flags, char *result, unsigned int maxlen)
{
	struct envol_target *et = ti->private;

	mutex_lock(&et->lock);
	switch (type) {
	case STATUSTYPE_INFO:
		show_info(et, result, maxlen);
		break;
	case STATUSTYPE_TABLE:
		/* Cut off at maxlen, which device-mapper takes for "come with more room". */
		envol_table_format(&et->table, result, maxlen);
		break;
	case STATUSTYPE_IMA:
		show_ima(ti, et, result, maxlen);
		break;
	}
	mutex_unlock(&et->lock);
}

static int iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn,
			   void *data)
{
	struct envol_target *et = ti->private;

	return fn(ti, et->dev, et->start, ti->len, data);
}

/* dma_alignment stays as it is: a data unit may begin and be split anywhere in memory. */
static void io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	struct envol_target *et = ti->private;
	unsigned int du_size = et->du_size;

	limits->logical_block_size = max_t(unsigned int, limits->logical_block_size, du_size);
	limits->physical_block_size = max_t(unsigned int, limits->physical_block_size, du_size);
	limits->io_min = max_t(unsigned int, limits->io_min, du_size);
	limits->discard_granularity = max_t(unsigned int, limits->discard_granularity, du_size);
}

struct target_type envol_target_type = {
	.name = ENVOL_TARGET_NAME,
	.version = { ENVOL_TARGET_VERSION_MAJOR, ENVOL_TARGET_VERSION_MINOR,
		     ENVOL_TARGET_VERSION_PATCH },
	.module = THIS_MODULE,
	.features = DM_TARGET_NOWAIT,
	.ctr = construct,
	.dtr = destruct,
	.map = envol_map_bio,
	.end_io = envol_map_end_io,
	.postsuspend = postsuspend,
	.preresume = preresume,
	.resume = resume,
	.status = status,
	.message = message,
	.iterate_devices = iterate_devices,
	.io_hints = io_hints,
};
