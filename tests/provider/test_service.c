// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance of service keys whose root key lies in a file. */
#include "tests/provider/conformance.h"

struct conformance conformance = {
	.uri = "service:disk7",
	.other_uri = "service:disk8",
	.unknown_uri = "service:none",
	.creates = true,
	.lists = true,
	.rotates = true,
	.disables = true,
	.backs_up = true,
};
