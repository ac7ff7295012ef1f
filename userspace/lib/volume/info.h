/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of a volume, from its header, an unwrap and its mapping. */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/header.h"
#include "userspace/lib/volume/mapping.h"
#include "userspace/lib/volume/unwrap.h"

/* Nothing is known yet; opened_by is -1. */
void envol_info_init(struct envol_volume_info *info);

/*
 * Each adds its part to @info, in place of what the other told of the same. On an
 * error (-ENOMEM) @info is still to be freed. @how may be NULL.
 */
int envol_info_add_header(struct envol *ev, struct envol_volume_info *info,
			  const struct envol_header *h,
			  const struct envol_unwrapped *how) _must_check_;
int envol_info_add_mapping(struct envol *ev, struct envol_volume_info *info,
			   const struct envol_mapping *mapping) _must_check_;
