// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/pkcs11/nss.h"

#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "tests/pkcs11/softhsm.h"

/* nss_module.so lies beside this program. */
const char *nss_module(void)
{
	static char path[512];
	char self[384] = "";

	CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(path, sizeof(path), "%s/nss_module.so", dirname(self));
	return path;
}

void nss_start(struct place *place)
{
	char text[256];

	CHECK_EQ(mkdir(place_path(place, "nss"), 0700), 0);
	softhsm_write(place, "pin-nss", SOFTHSM_PIN "\n");
	softhsm_run("certutil -N -d sql:%s/nss -f %s/pin-nss", place->top, place->top);
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NULL, "module", nss_module()));
	snprintf(text, sizeof(text), "NSS_DIRECTORY=%s/nss", place->top);
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NULL, "environment", text));
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NSS_SUBJECT, "pin_file",
				    place_path(place, "pin-nss")));
}
