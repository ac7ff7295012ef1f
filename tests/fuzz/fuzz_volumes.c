// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a table of volumes. Each line of it becomes a volume that is whole, or a
 * mistake that says where; and what is in front of a line does not change what it becomes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/boot/table.h"
#include "userspace/lib/kernel/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void check_volume(struct envol *ev, const struct envol_boot_volume *v)
{
	demand(envol_name_check(ev, v->name) == 0);
	demand(v->device && *v->device && v->line > 0 && v->timeout_s > 0);
	if (v->throwaway)
		demand(!v->id && !v->n_keks && !v->header && !v->initramfs);
	else
		demand(v->id && strlen(v->id) == 32 && v->n_keks > 0);
	demand(!v->overwrite || (v->throwaway && envol_boot_is_stable(v->device)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char before[] = "# first\n\n";
	struct envol_boot_table table, again;
	static struct envol *ev;
	char *longer;
	size_t i;

	if (!ev)
		demand(envol_new(&ev) == 0);
	demand(envol_boot_parse(ev, "f", (const char *)data, size, &table) == 0);
	for (i = 0; i < table.n_volumes; i++)
		check_volume(ev, &table.volumes[i]);
	for (i = 0; i < table.n_defects; i++)
		demand(strncmp(table.defects[i].sentence, "f:", 2) == 0);

	longer = malloc(strlen(before) + size);
	demand(longer != NULL);
	memcpy(longer, before, strlen(before));
	if (size)
		memcpy(longer + strlen(before), data, size);
	demand(envol_boot_parse(ev, "f", longer, strlen(before) + size, &again) == 0);
	demand(again.n_volumes == table.n_volumes);
	demand(again.n_defects == table.n_defects);
	for (i = 0; i < table.n_volumes; i++)
		demand(again.volumes[i].line == table.volumes[i].line + 2);
	free(longer);
	envol_boot_table_free(&table);
	envol_boot_table_free(&again);
	return 0;
}
