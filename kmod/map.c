// SPDX-License-Identifier: GPL-2.0-only
/*
 * map(): what a bio is, and who goes on with it. Runs in the submitter's task.
 *
 * Flushes carry no data and are passed on, key or no key. Discards carry none
 * either, but destroy some: with the key their right to it has ended. Reads and
 * writes are decrypted and encrypted. Any other operation is refused, whatever it
 * will be: it may carry data. Write zeroes the target does not offer, for zeroes
 * on the lower device are not encrypted zeroes.
 */
#define DM_MSG_PREFIX "envol"

#include <linux/build_bug.h>

#include "kmod/envol.h"

#define CREATE_TRACE_POINTS
#include "kmod/trace.h"

/* It is part of every bio of the mapping. */
static_assert(sizeof(struct envol_io) <= 128);

static int pass_on(struct envol_target *et, struct bio *bio)
{
	bio_set_dev(bio, et->dev->bdev);
	if (bio_sectors(bio))
		bio->bi_iter.bi_sector += et->start;
	return DM_MAPIO_REMAPPED;
}

static bool is_whole_units(const struct envol_target *et, const struct bio *bio)
{
	u64 mask = et->du_size - 1;

	return !(((bio->bi_iter.bi_sector << SECTOR_SHIFT) | bio->bi_iter.bi_size) & mask);
}

static int map_data(struct dm_target *ti, struct bio *bio, struct envol_io *io)
{
	struct envol_target *et = ti->private;

	if (unlikely(!is_whole_units(et, bio))) {
		DMERR_LIMIT("%s: bio of %u bytes at sector %llu is not whole data units of %u bytes",
			    dm_device_name(dm_table_get_md(ti->table)), bio->bi_iter.bi_size,
			    (unsigned long long)bio->bi_iter.bi_sector, et->du_size);
		return DM_MAPIO_KILL;
	}
	if (bio_op(bio) == REQ_OP_READ)
		return envol_read_map(et, bio, io);
	return envol_write_map(et, bio, io);
}

int envol_map_bio(struct dm_target *ti, struct bio *bio)
{
	struct envol_io *io = dm_per_bio_data(bio, sizeof(*io));
	struct envol_target *et = ti->private;

	io->decrypt = false;
	/* From here on the sector counts from the start of the target. */
	if (bio_sectors(bio))
		bio->bi_iter.bi_sector = dm_target_offset(ti, bio->bi_iter.bi_sector);
	trace_envol_map(et, bio);
	switch (bio_op(bio)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
		if (bio_has_data(bio))
			return map_data(ti, bio, io);
		return pass_on(et, bio);
	case REQ_OP_FLUSH:
		return pass_on(et, bio);
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
		if (envol_key_lives(&et->key))
			return pass_on(et, bio);
		envol_stats_inc(et, ENVOL_STAT_KEY_ERRORS);
		return DM_MAPIO_KILL;
	default:
		DMERR_LIMIT("%s: operation %u is not one of ours",
			    dm_device_name(dm_table_get_md(ti->table)), (unsigned int)bio_op(bio));
		return DM_MAPIO_KILL;
	}
}

int envol_map_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *error)
{
	struct envol_io *io = dm_per_bio_data(bio, sizeof(*io));

	return io->decrypt ? envol_read_end_io(io, error) : DM_ENDIO_DONE;
}
