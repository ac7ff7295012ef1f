// SPDX-License-Identifier: GPL-2.0-only
/*
 * map(): what a bio is, and who goes on with it. Runs in the submitter's task.
 *
 * Flushes and discards carry no data and are passed on at their new place; they
 * pass whether or not there is a key. Everything else is encrypted or decrypted.
 * Write zeroes never come: the target does not offer them, for zeroes on the
 * lower device are not encrypted zeroes.
 */
#define DM_MSG_PREFIX "envol"

#include "kmod/envol.h"

#define CREATE_TRACE_POINTS
#include "kmod/trace.h"

static bool carries_no_data(const struct bio *bio)
{
	switch (bio_op(bio)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
		return !bio_has_data((struct bio *)bio);
	default:
		return true;
	}
}

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

int envol_map_bio(struct dm_target *ti, struct bio *bio)
{
	struct envol_io *io = dm_per_bio_data(bio, sizeof(*io));
	struct envol_target *et = ti->private;

	io->decrypt = false;
	/* From here on the sector counts from the start of the target. */
	if (bio_sectors(bio))
		bio->bi_iter.bi_sector = dm_target_offset(ti, bio->bi_iter.bi_sector);
	trace_envol_map(et, bio);
	if (carries_no_data(bio))
		return pass_on(et, bio);
	if (unlikely(!is_whole_units(et, bio))) {
		DMERR_LIMIT("%s: bio of %u bytes at sector %llu is not whole data units of %u bytes",
			    dm_device_name(dm_table_get_md(ti->table)), bio->bi_iter.bi_size,
			    (unsigned long long)bio->bi_iter.bi_sector, et->du_size);
		return DM_MAPIO_KILL;
	}
	if (bio_data_dir(bio) == READ)
		return envol_read_map(et, bio, io);
	return envol_write_map(et, bio, io);
}

int envol_map_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *error)
{
	struct envol_io *io = dm_per_bio_data(bio, sizeof(*io));

	return io->decrypt ? envol_read_end_io(io, error) : DM_ENDIO_DONE;
}
