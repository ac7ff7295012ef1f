// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>

#include "userspace/lib/kernel/loop.h"
#include "userspace/lib/volume/activate.h"
#include "userspace/lib/volume/holder.h"
#include "userspace/lib/volume/place.h"

void envol_place_leave(struct envol_place *place)
{
	envol_device_close(&place->device);
	envol_device_close(&place->image);
	if (place->loop >= 0)
		close(place->loop);
	place->loop = -1;
}

/* Two processes must not attach one image twice; one that can't be written may be. */
static int lock_image(struct envol *ev, const char *path, bool *read_only,
		      struct envol_device *image)
{
	int err = -EROFS;

	if (!*read_only)
		err = envol_device_open(ev, path, O_RDWR, image);
	if (err == -EROFS || err == -EACCES) {
		*read_only = true;
		return envol_device_open(ev, path, O_RDONLY, image);
	}
	return err ? err : envol_device_lock(ev, image);
}

static int attach(struct envol *ev, const char *path, bool read_only,
		  struct envol_place *place)
{
	_cleanup_free_ char *node = NULL;
	int err = lock_image(ev, path, &read_only, &place->image);

	if (!err)
		err = envol_holder_check(ev, &place->image);
	if (err)
		return err;
	place->loop = envol_loop_attach(ev, path, read_only, &node);
	if (place->loop < 0)
		return place->loop;
	envol_device_close(&place->device);
	return envol_device_open(ev, node, O_RDONLY, &place->device);
}

static int take(struct envol *ev, const char *path, bool read_only,
		struct envol_place *place)
{
	int err = envol_device_open(ev, path, O_RDONLY, &place->device);

	if (!err && place->device.is_file)
		err = attach(ev, path, read_only, place);
	if (!err)
		err = envol_block_look(ev, place->device.fd,
				       place->device.path, &place->block);
	if (!err)
		err = envol_activate_clear_device(ev, &place->block);
	return err ? err : envol_holder_check(ev, &place->device);
}

int envol_place_take(struct envol *ev, const char *path, bool read_only,
		     struct envol_place *place)
{
	int err = take(ev, path, read_only, place);

	if (err)
		envol_place_leave(place);
	return err;
}
