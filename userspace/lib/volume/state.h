/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this host remembers of volumes: the highest generation that it has seen of
 * each header, in <state>/volumes/<volume id>. An older header than that is a
 * rollback: it may bring back a KEK that was removed.
 *
 * The memory is a help that must not lock anyone out: where the directory can't
 * be made, read or written (a root file system that is still read-only) that is
 * said in the log, and the open goes on.
 */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/sealed.h"

/*
 * Compare a proved header's generation with the highest seen, and remember it if it
 * is higher. -ESTALE for a lower one, with both numbers; with @allow_older that
 * one is remembered in place of the higher. -EBADMSG for a record that is damaged.
 */
int envol_state_check(struct envol *ev,
		      const uint8_t volume_id[ENVOL_SEALED_ID_SIZE],
		      uint64_t generation, bool allow_older) _must_check_;

/*
 * The highest generation seen, without remembering anything; 0 for none. -EBADMSG
 * as above, and errors of reading.
 */
int envol_state_seen(struct envol *ev,
		     const uint8_t volume_id[ENVOL_SEALED_ID_SIZE],
		     uint64_t *generation) _must_check_;
