// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * udev is waited for as stock tools do: a cookie on what makes or removes nodes,
 * with the library's own node-making off; where udev is missing or disabled
 * libdevmapper says that there is no sync, and makes the nodes itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <libdevmapper.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/kernel/dm.h"

#define CONTROL "/dev/mapper/control"
#define LIBDM_LEVEL 7	/* of its levels: the rest are flags */

struct task {
	struct dm_task *dmt;
};

#define _cleanup_task_ _cleanup_(task_destroy)

static void task_destroy(struct task *task)
{
	if (task->dmt)
		dm_task_destroy(task->dmt);
}

/*
 * libdevmapper's sink is global and gets no data; libcryptsetup sets one of its
 * own. So ours is there only while a task runs.
 */
static _Thread_local struct {
	struct envol *ev;
	char first_error[512];
} said;

static void keep_line(int level, const char *file, int line, int class,
		      const char *fmt, ...) _printf_(5, 6);
static void keep_line(int level, const char *file, int line, int class,
		      const char *fmt, ...)
{
	char text[sizeof(said.first_error)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* What follows the first is advice that fits a person at dmsetup. */
	if ((level & LIBDM_LEVEL) <= LOG_ERR && !said.first_error[0])
		strcpy(said.first_error, text);
	else if ((level & LIBDM_LEVEL) <= LOG_INFO)
		envol_log_debug(said.ev, "libdevmapper: %s", text);
}

static void listen(struct envol *ev)
{
	said.ev = ev;
	said.first_error[0] = 0;
	dm_log_with_errno_init(keep_line);
}

static void stop_listening(void)
{
	dm_log_with_errno_init(NULL);
	said.ev = NULL;
}

/* 0, or the errno that opening the control node gives. */
static int try_control(void)
{
	_cleanup_close_ int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

	return fd < 0 ? errno : 0;
}

/*
 * libdevmapper has no error of its own for a caller that may not, and says once in
 * a process that it reaches nothing; its control node tells both.
 */
static int no_device_mapper(struct envol *ev)
{
	int err = try_control();

	if (err == EACCES || err == EPERM)
		return envol_error(ev, -EACCES,
				   "device-mapper is root's: open " CONTROL ": %s",
				   strerror(err));
	return envol_error(ev, -EOPNOTSUPP, "no device-mapper to talk to: %s",
			   said.first_error[0] ? said.first_error :
						 strerror(err));
}

/* @name NULL: a task without one. */
static int task_open(struct envol *ev, struct task *task, int type,
		     const char *name)
{
	bool made;

	listen(ev);
	task->dmt = dm_task_create(type);
	made = task->dmt && (!name || dm_task_set_name(task->dmt, name));
	stop_listening();
	if (made)
		return 0;
	/* Making one asks the kernel for its version. */
	if (said.first_error[0] || try_control())
		return no_device_mapper(ev);
	/* It never asks twice, and says nothing the second time. */
	return envol_error(ev, -ENOMEM,
			   "libdevmapper gives up: memory is short, or device-mapper came after it was first asked for; run the command again");
}

static int task_error(struct envol *ev, int error, const char *what,
		      const char *name)
{
	int err = error == ENXIO ? -ENODEV : -error;

	if (err == -EOPNOTSUPP)
		return no_device_mapper(ev);
	if (err == -ENODEV)
		return envol_error(ev, err, "no mapping %s", name);
	if (said.first_error[0])
		return envol_error(ev, err, "%s%s%s: %s", what,
				   name ? " " : "", name ? name : "",
				   said.first_error);
	return envol_error_errno(ev, err, "%s%s%s", what, name ? " " : "",
				 name ? name : "");
}

static int task_run(struct envol *ev, struct task *task, const char *what,
		    const char *name)
{
	int error = 0;

	listen(ev);
	if (!dm_task_run(task->dmt)) {
		error = dm_task_get_errno(task->dmt);
		/* No ioctl was made: there is nothing to make it to. */
		if (!error)
			error = EOPNOTSUPP;
	}
	stop_listening();
	return error ? task_error(ev, error, what, name) : 0;
}

static int task_set_cookie(struct envol *ev, struct task *task,
			   struct envol_dm_udev *udev)
{
	bool wanted;

	/* The first question about udev is answered on stderr if nobody listens. */
	listen(ev);
	wanted = dm_udev_get_sync_support();
	if (wanted)
		udev->is_waited_for =
			dm_task_set_cookie(task->dmt, &udev->cookie,
					   DM_UDEV_DISABLE_LIBRARY_FALLBACK);
	stop_listening();
	if (wanted && !udev->is_waited_for)
		return envol_error(ev, -ENOSPC, "semaphore for udev: %s",
				   said.first_error);
	return 0;
}

/* Open, run, and nothing to be told of it. */
static int run_simple(struct envol *ev, int type, const char *what,
		      const char *name)
{
	_cleanup_task_ struct task task = { 0 };
	int err = task_open(ev, &task, type, name);

	return err ? err : task_run(ev, &task, what, name);
}

/* ---- looking ---- */

static void keep_uuid(const struct task *task, struct envol_dm_info *info)
{
	const char *uuid = dm_task_get_uuid(task->dmt);

	snprintf(info->uuid, sizeof(info->uuid), "%s", uuid ? uuid : "");
}

int envol_dm_info(struct envol *ev, const char *name, struct envol_dm_info *info)
{
	_cleanup_task_ struct task task = { 0 };
	struct dm_info got;
	int err;

	err = task_open(ev, &task, DM_DEVICE_INFO, name);
	if (!err)
		err = task_run(ev, &task, "look at mapping", name);
	if (err)
		return err;
	if (!dm_task_get_info(task.dmt, &got) || !got.exists)
		return envol_error(ev, -ENODEV, "no mapping %s", name);
	*info = (struct envol_dm_info){
		.major = got.major,
		.minor = got.minor,
		.open_count = got.open_count,
		.suspended = got.suspended,
		.read_only = got.read_only,
		.live_table = got.live_table,
		.inactive_table = got.inactive_table,
	};
	keep_uuid(&task, info);
	return 0;
}

void envol_dm_free_names(char ***names)
{
	char **name;

	for (name = *names; name && *name; name++)
		free(*name);
	free(*names);
	*names = NULL;
}

/* The first has device 0 where there are none. */
static const struct dm_names *next_name(const struct dm_names *at)
{
	return at->next ? (const void *)((const char *)at + at->next) : NULL;
}

int envol_dm_list(struct envol *ev, char ***names)
{
	_cleanup_task_ struct task task = { 0 };
	_cleanup_dm_names_ char **out = NULL;
	const struct dm_names *first, *at;
	size_t n = 0;
	int err;

	err = task_open(ev, &task, DM_DEVICE_LIST, NULL);
	if (!err)
		err = task_run(ev, &task, "list mappings", NULL);
	if (err)
		return err;
	first = dm_task_get_names(task.dmt);
	if (first && !first->dev)
		first = NULL;
	for (at = first; at; at = next_name(at))
		n++;
	out = calloc(n + 1, sizeof(*out));
	for (n = 0, at = first; out && at; at = next_name(at), n++) {
		out[n] = strdup(at->name);
		if (!out[n])
			break;
	}
	if (!out || at)
		return envol_error(ev, -ENOMEM, "list mappings: out of memory");
	*names = take_ptr(out);
	return 0;
}

void envol_dm_free_target(struct envol_dm_target *target)
{
	free(target->params);
	*target = (struct envol_dm_target)ENVOL_DM_TARGET_INIT;
}

static int get_target(struct envol *ev, int type, const char *name,
		      struct envol_dm_target *target)
{
	_cleanup_task_ struct task task = { 0 };
	uint64_t start, len;
	char *target_type, *params;
	void *next;
	int err;

	err = task_open(ev, &task, type, name);
	if (err)
		return err;
	if (!dm_task_secure_data(task.dmt) || !dm_task_no_flush(task.dmt))
		return envol_error(ev, -EOPNOTSUPP,
				   "this libdevmapper can't wipe its buffers");
	err = task_run(ev, &task, "look at the table of mapping", name);
	if (err)
		return err;
	next = dm_get_next_target(task.dmt, NULL, &start, &len, &target_type,
				  &params);
	if (!target_type)
		return envol_error(ev, -EMEDIUMTYPE, "mapping %s has no table",
				   name);
	if (next || start)
		return envol_error(ev, -EMEDIUMTYPE,
				   "mapping %s has several targets", name);
	target->params = strdup(params ? params : "");
	if (!target->params)
		return envol_error(ev, -ENOMEM, "out of memory");
	snprintf(target->type, sizeof(target->type), "%s", target_type);
	target->len_sectors = len;
	return 0;
}

int envol_dm_table(struct envol *ev, const char *name,
		   struct envol_dm_target *target)
{
	return get_target(ev, DM_DEVICE_TABLE, name, target);
}

int envol_dm_status(struct envol *ev, const char *name,
		    struct envol_dm_target *target)
{
	return get_target(ev, DM_DEVICE_STATUS, name, target);
}

int envol_dm_lower(struct envol *ev, const char *name, unsigned int *major,
		   unsigned int *minor)
{
	_cleanup_task_ struct task task = { 0 };
	const struct dm_deps *deps;
	int err;

	err = task_open(ev, &task, DM_DEVICE_DEPS, name);
	if (!err)
		err = task_run(ev, &task, "look under mapping", name);
	if (err)
		return err;
	deps = dm_task_get_deps(task.dmt);
	if (!deps || deps->count != 1)
		return envol_error(ev, -EMEDIUMTYPE,
				   "mapping %s lies on %u devices, not on one",
				   name, deps ? deps->count : 0);
	/* The kernel's encoding of a device number, as libdevmapper leaves it. */
	*major = (deps->device[0] & 0xfff00) >> 8;
	*minor = (deps->device[0] & 0xff) | ((deps->device[0] >> 12) & 0xfff00);
	return 0;
}

static bool file_has(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char found[128];
	ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof(found) - 1);

	if (n <= 0)
		return false;
	found[n] = 0;
	return strstr(found, text);
}

/* Because of a parameter, or of Secure Boot, which locks the kernel down. */
static bool takes_signed_modules_only(void)
{
	return file_has("/sys/module/module/parameters/sig_enforce", "Y") ||
	       file_has("/sys/kernel/security/lockdown", "[integrity]") ||
	       file_has("/sys/kernel/security/lockdown", "[confidentiality]");
}

int envol_dm_target_version(struct envol *ev, const char *type,
			    unsigned int version[3])
{
	_cleanup_task_ struct task task = { 0 };
	const struct dm_versions *found;
	int err;

	err = task_open(ev, &task, DM_DEVICE_GET_TARGET_VERSION, type);
	if (!err)
		err = task_run(ev, &task, "look for target", type);
	if (err && err != -EINVAL)
		return err;
	found = err ? NULL : dm_task_get_versions(task.dmt);
	if (!found)
		return envol_error(ev, -ENOENT,
				   "this kernel has no device-mapper target %s, and loads no module dm-%s%s",
				   type, type,
				   takes_signed_modules_only() ?
					   " (it takes only those signed with a key that it knows: mokutil --import /var/lib/dkms/mok.pub)" :
					   "");
	memcpy(version, found->version, sizeof(found->version));
	return 0;
}

/* ---- changing ---- */

int envol_dm_create(struct envol *ev, const char *name, const char *uuid)
{
	_cleanup_task_ struct task task = { 0 };
	int err;

	err = task_open(ev, &task, DM_DEVICE_CREATE, name);
	if (err)
		return err;
	if (!dm_task_set_uuid(task.dmt, uuid))
		return envol_error(ev, -ENOMEM, "out of memory");
	err = task_run(ev, &task, "create mapping", name);
	if (err == -EBUSY)
		return envol_error(ev, -EEXIST,
				   "there is a mapping %s already, or one with the UUID %s",
				   name, uuid);
	return err;
}

int envol_dm_load(struct envol *ev, const char *name,
		  const struct envol_dm_target *target, bool read_only)
{
	_cleanup_task_ struct task task = { 0 };
	int err;

	err = task_open(ev, &task, DM_DEVICE_RELOAD, name);
	if (err)
		return err;
	if (!dm_task_secure_data(task.dmt) ||
	    (read_only && !dm_task_set_ro(task.dmt)) ||
	    !dm_task_add_target(task.dmt, 0, target->len_sectors, target->type,
				target->params))
		return envol_error(ev, -ENOMEM, "out of memory");
	return task_run(ev, &task, "load the table of mapping", name);
}

int envol_dm_resume(struct envol *ev, const char *name,
		    struct envol_dm_udev *udev)
{
	_cleanup_task_ struct task task = { 0 };
	int err;

	*udev = (struct envol_dm_udev){ 0 };
	err = task_open(ev, &task, DM_DEVICE_RESUME, name);
	if (!err)
		err = task_set_cookie(ev, &task, udev);
	return err ? err : task_run(ev, &task, "resume mapping", name);
}

/* After a failure as well: the wait is what removes the cookie. */
void envol_dm_settle(struct envol *ev, struct envol_dm_udev *udev)
{
	listen(ev);
	if (udev->is_waited_for)
		dm_udev_wait(udev->cookie);
	udev->is_waited_for = false;
	dm_task_update_nodes();
	stop_listening();
}

int envol_dm_suspend(struct envol *ev, const char *name)
{
	return run_simple(ev, DM_DEVICE_SUSPEND, "suspend mapping", name);
}

int envol_dm_suspend_unfrozen(struct envol *ev, const char *name)
{
	_cleanup_task_ struct task task = { 0 };
	int err = task_open(ev, &task, DM_DEVICE_SUSPEND, name);

	if (err)
		return err;
	if (!dm_task_skip_lockfs(task.dmt))
		return envol_error(ev, -ENOMEM, "out of memory");
	return task_run(ev, &task, "suspend mapping", name);
}

int envol_dm_message(struct envol *ev, const char *name, const char *message)
{
	_cleanup_task_ struct task task = { 0 };
	int err = task_open(ev, &task, DM_DEVICE_TARGET_MSG, name);

	if (err)
		return err;
	if (!dm_task_secure_data(task.dmt) || !dm_task_set_sector(task.dmt, 0) ||
	    !dm_task_set_message(task.dmt, message))
		return envol_error(ev, -ENOMEM, "out of memory");
	return task_run(ev, &task, "send a message to mapping", name);
}

static int remove_task(struct envol *ev, const char *name,
		       int (*how)(struct dm_task *))
{
	_cleanup_task_ struct task task = { 0 };
	struct envol_dm_udev udev = { 0 };
	int err;

	err = task_open(ev, &task, DM_DEVICE_REMOVE, name);
	if (err)
		return err;
	if (!how(task.dmt))
		return envol_error(ev, -ENOMEM, "out of memory");
	err = task_set_cookie(ev, &task, &udev);
	if (!err)
		err = task_run(ev, &task, "remove mapping", name);
	envol_dm_settle(ev, &udev);
	return err;
}

int envol_dm_remove(struct envol *ev, const char *name)
{
	int err = remove_task(ev, name, dm_task_retry_remove);

	if (err == -EBUSY)
		return envol_error(ev, err, "mapping %s is in use", name);
	return err;
}

int envol_dm_remove_deferred(struct envol *ev, const char *name)
{
	return remove_task(ev, name, dm_task_deferred_remove);
}
