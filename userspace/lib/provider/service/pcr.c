// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/provider/service/pcr.h"

#define BIT(n) (1u << (n))
#define SELECT_SIZE 3u	/* bytes, of 24 PCRs */

static TPML_PCR_SELECTION selection(uint32_t pcrs)
{
	TPML_PCR_SELECTION select = { .count = 1 };
	unsigned int i;

	select.pcrSelections[0].hash = TPM2_ALG_SHA256;
	select.pcrSelections[0].sizeofSelect = SELECT_SIZE;
	for (i = 0; i < SELECT_SIZE; i++)
		select.pcrSelections[0].pcrSelect[i] = (uint8_t)(pcrs >> 8 * i);
	return select;
}

static uint32_t selected(const TPML_PCR_SELECTION *select)
{
	const TPMS_PCR_SELECTION *one = &select->pcrSelections[0];
	uint32_t pcrs = 0;
	unsigned int i;

	if (select->count != 1 || one->hash != TPM2_ALG_SHA256)
		return 0;
	for (i = 0; i < one->sizeofSelect && i < SELECT_SIZE; i++)
		pcrs |= (uint32_t)one->pcrSelect[i] << 8 * i;
	return pcrs;
}

/* As many of them as the TPM tells at once. */
static void take(uint32_t got, const TPML_DIGEST *digests,
		 struct envol_policy *now)
{
	unsigned int i, n = 0;

	for (i = 0; i < ENVOL_POLICY_PCRS && n < digests->count; i++) {
		if (!(got & BIT(i)))
			continue;
		if (digests->digests[n].size == ENVOL_POLICY_PCR_SIZE) {
			memcpy(now->values[i], digests->digests[n].buffer,
			       ENVOL_POLICY_PCR_SIZE);
			now->known |= BIT(i);
		}
		n++;
	}
}

int envol_pcr_read(struct envol_tpm *tpm, uint32_t pcrs,
		   struct envol_policy *now)
{
	*now = (struct envol_policy){ .pcrs = pcrs };
	while (now->known != pcrs) {
		TPML_PCR_SELECTION want = selection(pcrs & ~now->known);
		TPML_PCR_SELECTION *got = NULL;
		TPML_DIGEST *digests = NULL;
		uint32_t before = now->known;
		TSS2_RC rc;

		rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE,
				   ESYS_TR_NONE, &want, NULL, &got, &digests);
		if (rc)
			return envol_tpm_error(tpm, rc, "read PCRs");
		take(selected(got) & pcrs, digests, now);
		Esys_Free(got);
		Esys_Free(digests);
		if (now->known == before)
			return envol_error(tpm->ev, -EOPNOTSUPP,
					   "the TPM (%s) keeps no PCRs in SHA-256; the firmware's setup may turn that bank on",
					   tpm->tcti);
	}
	return 0;
}

int envol_pcr_lock(struct envol_tpm *tpm)
{
	static const char word[] = "envol boot lock 1";
	static const uint8_t zero[ENVOL_POLICY_PCR_SIZE];
	TPML_DIGEST_VALUES *digests = NULL;
	TPM2B_EVENT event = { .size = sizeof(word) - 1 };
	struct envol_policy now;
	TSS2_RC rc;
	int err;

	memcpy(event.buffer, word, event.size);
	/* All banks, whichever somebody's policy is about. */
	rc = Esys_PCR_Event(tpm->esys, ESYS_TR_PCR0 + ENVOL_POLICY_BOOT_PCR,
			    ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
			    &event, &digests);
	Esys_Free(digests);
	if (rc)
		return envol_tpm_error(tpm, rc, "extend the PCR of boot");
	err = envol_pcr_read(tpm, BIT(ENVOL_POLICY_BOOT_PCR), &now);
	/* Without that bank nothing can have been sealed to it. */
	if (err == -EOPNOTSUPP)
		return 0;
	if (!err && memcmp(now.values[ENVOL_POLICY_BOOT_PCR], zero,
			   sizeof(zero)) == 0)
		err = envol_error(tpm->ev, -EIO,
				  "PCR %u is zero after it was extended",
				  ENVOL_POLICY_BOOT_PCR);
	return err;
}

/* PolicyPCR wants the hash of the values, in the order of their numbers. */
static int hash_values(struct envol_tpm *tpm, const struct envol_policy *policy,
		       TPM2B_DIGEST *digest)
{
	uint8_t all[ENVOL_POLICY_PCRS * ENVOL_POLICY_PCR_SIZE];
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < ENVOL_POLICY_PCRS; i++) {
		if (!(policy->pcrs & BIT(i)))
			continue;
		memcpy(all + len, policy->values[i], ENVOL_POLICY_PCR_SIZE);
		len += ENVOL_POLICY_PCR_SIZE;
	}
	digest->size = ENVOL_DIGEST_SIZE;
	return envol_digest_sha256(tpm->ev, all, len, digest->buffer);
}

static int assert_policy(struct envol_tpm *tpm, ESYS_TR session,
			 const struct envol_policy *policy)
{
	TPML_PCR_SELECTION select = selection(policy->pcrs);
	TPM2B_DIGEST values;
	TSS2_RC rc = 0;
	int err;

	if (policy->pcrs) {
		err = hash_values(tpm, policy, &values);
		if (err)
			return err;
		rc = Esys_PolicyPCR(tpm->esys, session, ESYS_TR_NONE,
				    ESYS_TR_NONE, ESYS_TR_NONE, &values,
				    &select);
	}
	/* Somebody extended one since they were read. */
	if (rc == (TPM2_RC_VALUE | TPM2_RC_P | TPM2_RC_1))
		return envol_error(tpm->ev, -EKEYREJECTED,
				   "a PCR has changed just now");
	if (!rc && policy->pin)
		rc = Esys_PolicyAuthValue(tpm->esys, session, ESYS_TR_NONE,
					  ESYS_TR_NONE, ESYS_TR_NONE);
	return rc ? envol_tpm_error(tpm, rc, "prove the policy") : 0;
}

static int start(struct envol_tpm *tpm, TPM2_SE type, ESYS_TR *session)
{
	const TPMT_SYM_DEF symmetric = { .algorithm = TPM2_ALG_AES,
					 .keyBits.aes = 128,
					 .mode.aes = TPM2_ALG_CFB };
	TSS2_RC rc;

	rc = Esys_StartAuthSession(tpm->esys,
				   type == TPM2_SE_TRIAL ? ESYS_TR_NONE :
							   tpm->storage,
				   ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   ESYS_TR_NONE, NULL, type, &symmetric,
				   TPM2_ALG_SHA256, session);
	if (!rc)
		return 0;
	*session = ESYS_TR_NONE;
	return envol_tpm_error(tpm, rc, "start a session");
}

int envol_pcr_digest(struct envol_tpm *tpm, const struct envol_policy *policy,
		     TPM2B_DIGEST *digest)
{
	TPM2B_DIGEST *found = NULL;
	ESYS_TR trial;
	TSS2_RC rc;
	int err;

	err = start(tpm, TPM2_SE_TRIAL, &trial);
	if (err)
		return err;
	err = assert_policy(tpm, trial, policy);
	rc = err ? 0 : Esys_PolicyGetDigest(tpm->esys, trial, ESYS_TR_NONE,
					    ESYS_TR_NONE, ESYS_TR_NONE, &found);
	if (rc)
		err = envol_tpm_error(tpm, rc, "compute the policy");
	if (!err)
		*digest = *found;
	Esys_Free(found);
	Esys_FlushContext(tpm->esys, trial);
	return err;
}

int envol_pcr_prove(struct envol_tpm *tpm, const struct envol_policy *policy)
{
	int err;

	envol_tpm_end_policy(tpm);
	err = start(tpm, TPM2_SE_POLICY, &tpm->policy);
	return err ? err : assert_policy(tpm, tpm->policy, policy);
}

/* ---- guesses -------------------------------------------------------------------- */

struct guesses {
	bool locked;
	uint32_t wrong, max, recovery_s;
};

static int read_property(struct envol_tpm *tpm, uint32_t property,
			 uint32_t *value)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;
	TSS2_RC rc;

	rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE,
				ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES, property,
				1, &more, &data);
	if (rc)
		return envol_tpm_error(tpm, rc, "read its state");
	if (data->data.tpmProperties.count == 1 &&
	    data->data.tpmProperties.tpmProperty[0].property == property)
		*value = data->data.tpmProperties.tpmProperty[0].value;
	else
		rc = 1;
	Esys_Free(data);
	return rc ? envol_error(tpm->ev, -EIO, "the TPM does not tell its state") :
		    0;
}

static int read_guesses(struct envol_tpm *tpm, struct guesses *guesses)
{
	uint32_t permanent;
	int err;

	err = read_property(tpm, TPM2_PT_PERMANENT, &permanent);
	if (!err)
		err = read_property(tpm, TPM2_PT_LOCKOUT_COUNTER,
				    &guesses->wrong);
	if (!err)
		err = read_property(tpm, TPM2_PT_MAX_AUTH_FAIL, &guesses->max);
	if (!err)
		err = read_property(tpm, TPM2_PT_LOCKOUT_INTERVAL,
				    &guesses->recovery_s);
	if (!err)
		guesses->locked = permanent & TPMA_PERMANENT_INLOCKOUT ||
				  guesses->wrong >= guesses->max;
	return err;
}

static TSS2_RC bare(TSS2_RC rc)
{
	rc &= ~TSS2_RC_LAYER_MASK;
	return rc & TPM2_RC_FMT1 ? rc & (TPM2_RC_FMT1 | 0x3f) : rc;
}

bool envol_pcr_is_refusal(TSS2_RC rc)
{
	return bare(rc) == TPM2_RC_AUTH_FAIL || bare(rc) == TPM2_RC_BAD_AUTH ||
	       bare(rc) == TPM2_RC_LOCKOUT;
}

int envol_pcr_refused(struct envol_tpm *tpm, TSS2_RC rc)
{
	struct guesses guesses = { .locked = bare(rc) == TPM2_RC_LOCKOUT };
	bool was_tried = !guesses.locked;

	if (read_guesses(tpm, &guesses))
		return envol_error(tpm->ev, was_tried ? -ENOANO : -EACCES,
				   was_tried ? "the TPM refused the PIN" :
					       "the TPM takes no PIN for now, after wrong ones");
	if (!was_tried || guesses.locked)
		return envol_error(tpm->ev, -EACCES,
				   "%sthe TPM takes none for now, after %u wrong ones: the next in %u s at most, if it stays on; or reset its lockout (tpm2_dictionarylockout --clear-lockout)",
				   was_tried ? "the PIN was wrong, and " : "no PIN was tried: ",
				   guesses.wrong, guesses.recovery_s);
	return envol_error(tpm->ev, -ENOANO,
			   "the TPM refused the PIN; it takes %u more before it locks, and forgets a wrong one every %u s",
			   guesses.max - guesses.wrong, guesses.recovery_s);
}

int envol_pcr_check_guesses(struct envol_tpm *tpm)
{
	struct guesses guesses = { .locked = false };
	int err = read_guesses(tpm, &guesses);

	if (err || (!guesses.locked && guesses.wrong + 1 < guesses.max))
		return err;
	return envol_error(tpm->ev, -ENOANO,
			   "one more wrong PIN would lock the TPM, which has seen %u; it forgets one every %u s",
			   guesses.wrong, guesses.recovery_s);
}
