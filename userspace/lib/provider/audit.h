/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The audit record: one line of JSON for each use of a KEK, appended to audit.log in the
 * state directory and sent to the system's log. Documentation/providers.md has
 * the fields. What can't be written is a warning and no more: a host that boots
 * with its state directory still read-only must open its volumes.
 */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/provider/kek.h"

struct envol_audit_record {
	const char *operation;	/* unwrap */
	const char *uri;
	const char *version;	/* NULL: not known */
	const uint8_t *volume_id;	/* ENVOL_KEK_ID_SIZE bytes; NULL: none */
	int result;		/* 0 or -errno */
	const char *sentence;	/* of an error */
	const char *decision;	/* of the watch, whatever @result is; NULL */
	int64_t time;		/* Unix seconds */
	int64_t duration_ms;
};

/* The line with its newline; malloc'ed, NULL where memory is short. */
char *envol_audit_format(const struct envol_audit_record *record) _must_check_;

/* Leaves the handle's sentence alone. */
void envol_audit_write(struct envol *ev, const struct envol_audit_record *record);

/* To the datagram socket of a system log (RFC 3164's form), if it is there and takes it at once. */
void envol_audit_send(const char *socket_path, const char *line);
