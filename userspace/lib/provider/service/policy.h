/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a TPM asks for before it unseals: PCRs of the bank sha256 that have certain
 * values, a PIN, both or neither. As text
 *
 *	none
 *	pin
 *	pcr:7			pcr7 will do
 *	pcr:7+11
 *	pcr:7=HEX+13=HEX,pin	with the values, as it is stored
 *
 * One PCR is envol's own: zero when the machine starts, and extended before anybody
 * gets a shell. What is sealed for boot asks for its zero, so that it opens once at
 * most in each boot, and early. Pure.
 */
#pragma once

#include "userspace/lib/internal.h"

#define ENVOL_POLICY_PCRS 24u
#define ENVOL_POLICY_PCR_SIZE 32u

/*
 * systemd-stub's for system extensions of a unified kernel image. Without these it is
 * zero, and nobody else extends it or seals to it. Of the others shim has 14, systemd
 * 11, 12 and 15, GRUB 8 and 9, IMA 10; 16 and 23 can be reset by anybody, and 17 to 22
 * are not zero at the start.
 */
#define ENVOL_POLICY_BOOT_PCR 13u

/*
 * Bits of those that systemd goes on extending after the initramfs, by the phase of the
 * boot and by what is mounted: their values of now are no values for boot.
 */
#define ENVOL_POLICY_MOVING (1u << 11 | 1u << 15)

struct envol_policy {
	uint32_t pcrs;		/* bit N: PCR N */
	uint32_t known;		/* of them, those whose value is said */
	bool pin;
	uint8_t values[ENVOL_POLICY_PCRS][ENVOL_POLICY_PCR_SIZE];
};

#define ENVOL_POLICY_TEXT_SIZE 1792	/* of every PCR with its value, and the PIN */

/* -EINVAL for what is no policy, or asks for a PCR that proves nothing. */
int envol_policy_parse(struct envol *ev, const char *text,
		       struct envol_policy *policy) _must_check_;

/* Its one spelling; the values as far as they are known, or none of them. */
void envol_policy_format(const struct envol_policy *policy, bool with_values,
			 char text[ENVOL_POLICY_TEXT_SIZE]);

/* Asks for nothing at all. */
bool envol_policy_is_none(const struct envol_policy *policy);

/*
 * Add the PCR of boot, which must be zero. -EINVAL if the policy names it already, or
 * one that moves without its value.
 */
int envol_policy_for_boot(struct envol *ev, struct envol_policy *policy)
	_must_check_;

/* The PCRs whose values in @now are not those that @policy wants. */
uint32_t envol_policy_differing(const struct envol_policy *policy,
				const struct envol_policy *now);

/* Do they ask for the same, whatever the values? */
bool envol_policy_is_alike(const struct envol_policy *a,
			   const struct envol_policy *b);

/*
 * For people: "PCR 7 is not what it was at enrolment (Secure Boot's state or its keys
 * changed)", of each in @pcrs.
 */
void envol_policy_explain(uint32_t pcrs, char *text, size_t size);
