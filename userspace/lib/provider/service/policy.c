// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/provider/service/policy.h"
#include "userspace/lib/provider/service/text.h"

#define BIT(n) (1u << (n))
#define RESETTABLE (BIT(16) | BIT(23))

/* What a change of it means. */
static const char *const meanings[ENVOL_POLICY_PCRS] = {
	[0] = "the firmware was updated",
	[1] = "the firmware's settings or the hardware changed",
	[2] = "a card's firmware changed",
	[3] = "a card's settings changed",
	[4] = "the boot loader changed",
	[5] = "the boot loader's settings or the partitions changed",
	[7] = "Secure Boot's state or its keys changed",
	[8] = "GRUB's commands or the kernel's command line changed",
	[9] = "the kernel or the initramfs changed",
	[10] = "the integrity measurements differ",
	[11] = "the unified kernel image changed, or the boot has gone on",
	[12] = "the kernel's command line or its credentials changed",
	[13] = "the TPM is locked until the machine starts again",
	[14] = "the machine owner's keys changed",
	[15] = "the machine's or a file system's identity changed, or the boot has gone on",
};

static int bad(struct envol *ev, const char *text)
{
	return envol_error(ev, -EINVAL,
			   "\"%.200s\" is no policy of a TPM: none, pin, pcr7, pcr:7+11, or PCRs and a PIN as in pcr:7,pin",
			   text);
}

static int take_pcr(struct envol *ev, struct envol_text *at, const char *text,
		    struct envol_policy *policy)
{
	uint64_t n;

	if (!envol_text_number(at, &n, 0, ENVOL_POLICY_PCRS - 1) ||
	    policy->pcrs & BIT(n))
		return bad(ev, text);
	if (RESETTABLE & BIT(n))
		return envol_error(ev, -EINVAL,
				   "PCR %ju can be reset by anybody at any time, so it proves nothing",
				   (uintmax_t)n);
	policy->pcrs |= BIT(n);
	if (!envol_text_take(at, "="))
		return 0;
	policy->known |= BIT(n);
	return envol_text_hex(at, policy->values[n], ENVOL_POLICY_PCR_SIZE) ?
		       0 : bad(ev, text);
}

static int take_word(struct envol *ev, struct envol_text *at, const char *text,
		     struct envol_policy *policy)
{
	int err;

	if (envol_text_take(at, "pin")) {
		if (policy->pin)
			return bad(ev, text);
		policy->pin = true;
		return 0;
	}
	if (policy->pcrs || !envol_text_take(at, "pcr"))
		return bad(ev, text);
	envol_text_take(at, ":");
	do
		err = take_pcr(ev, at, text, policy);
	while (!err && envol_text_take(at, "+"));
	return err;
}

int envol_policy_parse(struct envol *ev, const char *text,
		       struct envol_policy *policy)
{
	struct envol_text at = { text, text + strlen(text) };
	int err;

	*policy = (struct envol_policy){ .pcrs = 0 };
	if (strcmp(text, "none") == 0)
		return 0;
	do
		err = take_word(ev, &at, text, policy);
	while (!err && envol_text_take(&at, ","));
	return !err && at.at != at.end ? bad(ev, text) : err;
}

void envol_policy_format(const struct envol_policy *policy, bool with_values,
			 char text[ENVOL_POLICY_TEXT_SIZE])
{
	const char *separator = "pcr:";
	unsigned int i, len = 0;

	for (i = 0; i < ENVOL_POLICY_PCRS; i++) {
		if (!(policy->pcrs & BIT(i)))
			continue;
		len += sprintf(text + len, "%s%u", separator, i);
		separator = "+";
		if (!with_values || !(policy->known & BIT(i)))
			continue;
		text[len++] = '=';
		envol_hex_encode(text + len, policy->values[i],
				 ENVOL_POLICY_PCR_SIZE);
		len += 2 * ENVOL_POLICY_PCR_SIZE;
	}
	if (policy->pin)
		sprintf(text + len, "%spin", len ? "," : "");
	else if (len == 0)
		strcpy(text, "none");
}

bool envol_policy_is_none(const struct envol_policy *policy)
{
	return !policy->pcrs && !policy->pin;
}

int envol_policy_for_boot(struct envol *ev, struct envol_policy *policy)
{
	uint32_t moving;

	if (policy->pcrs & BIT(ENVOL_POLICY_BOOT_PCR))
		return envol_error(ev, -EINVAL,
				   "PCR %u is the one that envol extends in each boot: every seal for boot has it anyway",
				   ENVOL_POLICY_BOOT_PCR);
	moving = policy->pcrs & ~policy->known & ENVOL_POLICY_MOVING;
	if (moving)
		return envol_error(ev, -EINVAL,
				   "PCR %u is another one in the initramfs than it is now: systemd extends it as the boot goes on; give the value that it has there (pcr:%u=HEX%s)",
				   moving & BIT(11) ? 11 : 15,
				   moving & BIT(11) ? 11 : 15,
				   moving & BIT(11) ? ", which systemd-measure calculate computes" : "");
	policy->pcrs |= BIT(ENVOL_POLICY_BOOT_PCR);
	policy->known |= BIT(ENVOL_POLICY_BOOT_PCR);
	memset(policy->values[ENVOL_POLICY_BOOT_PCR], 0, ENVOL_POLICY_PCR_SIZE);
	return 0;
}

uint32_t envol_policy_differing(const struct envol_policy *policy,
				const struct envol_policy *now)
{
	uint32_t differing = policy->pcrs & ~now->known;
	unsigned int i;

	for (i = 0; i < ENVOL_POLICY_PCRS; i++)
		if (policy->pcrs & BIT(i) &&
		    memcmp(policy->values[i], now->values[i],
			   ENVOL_POLICY_PCR_SIZE) != 0)
			differing |= BIT(i);
	return differing;
}

bool envol_policy_is_alike(const struct envol_policy *a,
			   const struct envol_policy *b)
{
	return a->pcrs == b->pcrs && a->pin == b->pin;
}

void envol_policy_explain(uint32_t pcrs, char *text, size_t size)
{
	size_t len = 0;
	unsigned int i;

	*text = 0;
	for (i = 0; i < ENVOL_POLICY_PCRS && len < size; i++) {
		if (!(pcrs & BIT(i)))
			continue;
		len += snprintf(text + len, size - len,
				"%sPCR %u is not what it was at enrolment%s%s%s",
				len ? ", " : "", i, meanings[i] ? " (" : "",
				meanings[i] ? meanings[i] : "",
				meanings[i] ? ")" : "");
	}
}
