// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance of the provider that others are begun from. */
#include "tests/provider/conformance.h"

struct conformance conformance = {
	.uri = "template:disk7",
	.other_uri = "template:disk8",
	.unknown_uri = "template:none",
	.creates = true,
};
