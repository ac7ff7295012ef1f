// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One volume of the table, within its time. Whoever opens it first wins: another process
 * of this kind, or a person with the recovery key. What the others then find is no error.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "userspace/include/envol_boot.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/boot/device.h"
#include "userspace/lib/boot/throwaway.h"
#include "userspace/lib/volume/info.h"
#include "userspace/lib/volume/mapping.h"
#include "userspace/lib/volume/run.h"

#define BACKOFF_BASE_MS 1000
#define BACKOFF_MAX_MS	20000
#define LOOK_MS		500	/* whether somebody else has opened it */
#define APPEAR_MS	15000	/* for a TPM or a token that is not there yet */

/* ---- whose mapping has the name ---- */

static bool is_on(const struct envol_mapping *mapping, const char *path)
{
	struct stat a, b;

	return mapping->device && !stat(mapping->device, &a) &&
	       !stat(path, &b) && S_ISBLK(a.st_mode) && a.st_rdev == b.st_rdev;
}

/* @is_proved: by what envol itself remembers of the mapping. */
static enum envol_boot_state compare(struct envol *ev,
				     const struct envol_boot_volume *volume,
				     const struct envol_mapping *mapping,
				     bool *is_proved)
{
	const char *want = volume->throwaway ? ENVOL_RUN_THROWAWAY : volume->id;
	const char *got = mapping->known.fingerprint;
	_cleanup_free_ char *path = NULL;

	*is_proved = *got;
	if (!mapping->info.live_table ||
	    (volume->throwaway && strcmp(got, ENVOL_RUN_UNFINISHED) == 0))
		return ENVOL_BOOT_CLOSED;
	if (*got && strcmp(got, want) != 0)
		return ENVOL_BOOT_OTHER;
	if (*got && !volume->throwaway)
		return ENVOL_BOOT_OPEN;
	/* Of a throwaway one that nothing is remembered of, nothing can be said. */
	if (!*got && volume->throwaway)
		return ENVOL_BOOT_OTHER;
	if (envol_boot_device_find(ev, volume->device, &path) ||
	    !is_on(mapping, path))
		return ENVOL_BOOT_OTHER;
	return ENVOL_BOOT_OPEN;
}

static enum envol_boot_state look(struct envol *ev,
				  const struct envol_boot_volume *volume,
				  bool *is_proved)
{
	_cleanup_mapping_ struct envol_mapping mapping = ENVOL_MAPPING_INIT;
	int err = envol_mapping_find(ev, volume->name, &mapping);

	*is_proved = true;
	if (!err)
		return compare(ev, volume, &mapping, is_proved);
	return err == -ENODEV	   ? ENVOL_BOOT_CLOSED :
	       err == -EMEDIUMTYPE ? ENVOL_BOOT_OTHER :
				     ENVOL_BOOT_UNKNOWN;
}

/* One that is being made has its table and is remembered once this lock is free. */
static void await_makers(struct envol *ev)
{
	int lock = envol_run_lock(ev);

	if (lock >= 0)
		close(lock);
}

enum envol_boot_state envol_boot_state(struct envol *ev,
				       const struct envol_boot_volume *volume)
{
	char message[ENVOL_MESSAGE_SIZE];
	enum envol_boot_state state;
	bool is_proved;

	memcpy(message, ev->message, sizeof(message));
	state = look(ev, volume, &is_proved);
	if (!is_proved) {
		await_makers(ev);
		state = look(ev, volume, &is_proved);
	}
	if (state == ENVOL_BOOT_OPEN && !is_proved)
		envol_log_warning(ev,
				  "mapping %s was not made by envol since the last start: that it is the volume of the table was not proved",
				  volume->name);
	memcpy(ev->message, message, sizeof(message));
	return state;
}

static bool is_open_now(struct envol *ev, const struct envol_boot_volume *volume)
{
	char message[ENVOL_MESSAGE_SIZE];

	memcpy(message, ev->message, sizeof(message));
	await_makers(ev);
	memcpy(ev->message, message, sizeof(message));
	return envol_boot_state(ev, volume) == ENVOL_BOOT_OPEN;
}

/* ---- one try ---- */

static int try_open(struct envol *ev, const struct envol_boot_volume *volume,
		    const struct envol_secret *recovery, const char *device,
		    const char *header, struct envol_volume_info *info)
{
	const struct envol_volume_open open = {
		.source = {
			.device = device,
			.header = header,
			.keks = (const char *const *)volume->keks,
			.n_keks = volume->n_keks,
			.id = volume->id,
			.unattended = true,
			.recovery = recovery,
		},
		.name = volume->name,
		.target = volume->target,
		.engine = volume->engine,
		.read_only = volume->read_only,
		.discards = volume->discards,
	};

	return envol_volume_open(ev, &open, info);
}

/* The handle's limits are for one use of a KEK; here all of them share what is left. */
static int try_in_time(struct envol *ev, const struct envol_boot_volume *volume,
		       const struct envol_secret *recovery,
		       struct envol_deadline deadline, bool is_first,
		       struct envol_volume_info *info)
{
	unsigned int timeout_ms = ev->timeout_ms, spread_ms = ev->spread_ms;
	_cleanup_free_ char *device = NULL, *header = NULL;
	unsigned int left;
	int err;

	err = envol_boot_device_await(ev, volume->device, deadline, &device);
	if (!err && volume->header)
		err = envol_boot_device_await(ev, volume->header, deadline,
					      &header);
	if (err)
		return err;
	left = envol_deadline_left_ms(deadline);
	if (left < timeout_ms)
		ev->timeout_ms = left ? left : 1;
	if (!is_first || recovery)
		ev->spread_ms = 0;
	else if (left / 2 < spread_ms)
		ev->spread_ms = left / 2;
	if (volume->throwaway)
		err = envol_throwaway_open(ev, volume, device, info);
	else
		err = try_open(ev, volume, recovery, device, header, info);
	ev->timeout_ms = timeout_ms;
	ev->spread_ms = spread_ms;
	return err;
}

/* ---- as many as make sense ---- */

static bool is_worth_it(int err, int64_t ms_since_start)
{
	switch (err) {
	case -ETIMEDOUT:
	case -EHOSTUNREACH:
	case -ENETUNREACH:
	case -EAGAIN:
		return true;
	case -ENODEV:
	case -ENXIO:
		return ms_since_start < APPEAR_MS;
	default:
		return false;
	}
}

/* False where the volume is open meanwhile. */
static bool pause_unless_open(struct envol *ev,
			      const struct envol_boot_volume *volume, int ms)
{
	struct envol_deadline until = envol_deadline_in(ms);
	int left;

	while ((left = envol_deadline_left_ms(until))) {
		poll(NULL, 0, left < LOOK_MS ? left : LOOK_MS);
		if (envol_boot_state(ev, volume) == ENVOL_BOOT_OPEN)
			return false;
	}
	return true;
}

static int try_again(struct envol *ev, const struct envol_boot_volume *volume,
		     const struct envol_secret *recovery,
		     struct envol_volume_info *info)
{
	struct envol_deadline deadline = envol_deadline_in(volume->timeout_s * 1000);
	int64_t began = envol_deadline_now_ms();
	int tries, pause, left, err;

	for (tries = 1;; tries++) {
		err = try_in_time(ev, volume, recovery, deadline, tries == 1,
				  info);
		if (!err || recovery ||
		    !is_worth_it(err, envol_deadline_now_ms() - began))
			return err;
		left = envol_deadline_left_ms(deadline);
		pause = envol_deadline_backoff_ms(tries, BACKOFF_BASE_MS,
						  BACKOFF_MAX_MS);
		if (pause >= left ||
		    (volume->retries >= 0 && tries > volume->retries))
			return envol_error(ev, err, "%s (try %d, the last of %u s)",
					   envol_error_message(ev), tries,
					   volume->timeout_s);
		envol_log_warning(ev, "volume %s: %s; try %d in %d.%d s, %d s are left",
				  volume->name, envol_error_message(ev),
				  tries + 1, pause / 1000, pause % 1000 / 100,
				  left / 1000);
		if (!pause_unless_open(ev, volume, pause))
			return -EEXIST;
	}
}

/* What the header is, and not what a KEK says, makes the difference. */
static int refuse_header(struct envol *ev, int err)
{
	if (err == -EBADMSG || err == -ESTALE || err == -ENODATA ||
	    (err == -EKEYREJECTED && ev->is_other_volume))
		return -EUCLEAN;
	return err;
}

static int describe_open(struct envol *ev, const struct envol_boot_volume *volume,
			 struct envol_volume_info *info)
{
	envol_log_info(ev, "volume %s is open already", volume->name);
	if (info && envol_volume_status(ev, volume->name, NULL, info))
		envol_info_init(info);
	return 0;
}

int envol_boot_open(struct envol *ev, const struct envol_boot_volume *volume,
		    const struct envol_secret *recovery,
		    struct envol_volume_info *info)
{
	int err;

	if (envol_boot_state(ev, volume) == ENVOL_BOOT_OPEN)
		return describe_open(ev, volume, info);
	ev->is_other_volume = false;
	err = try_again(ev, volume, recovery, info);
	if (!err)
		return 0;
	/* Somebody else was faster, and is in the way. */
	if (is_open_now(ev, volume))
		return describe_open(ev, volume, info);
	err = refuse_header(ev, err);
	return envol_error_while(ev, err, "volume %s", volume->name);
}
