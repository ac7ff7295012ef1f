// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tss2/tss2_mu.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/provider/service/pcr.h"
#include "userspace/lib/provider/service/unseal.h"

int envol_unseal_pin_value(struct envol *ev, const struct envol_secret *pin,
			   TPM2B_AUTH *value)
{
	static const char info[] = "envol keystore pin 1";
	_cleanup_secret_ struct envol_secret derived = ENVOL_SECRET_INIT;
	int err = envol_digest_hkdf(ev, pin, NULL, 0, info, strlen(info),
				    &derived, ENVOL_DIGEST_SIZE);

	if (err)
		return err;
	memcpy(value->buffer, derived.data, derived.len);
	value->size = derived.len;
	while (value->size && !value->buffer[value->size - 1])
		value->size--;
	return 0;
}

/* The storage key comes from the owner's seed, which a clear replaces; the endorsement's seed it leaves. */
static int not_the_same(struct envol_tpm *tpm, const struct envol_seal *seal)
{
	const struct envol_seal_subject *subject = envol_seal_subject(seal);
	_cleanup_blob_ struct envol_blob name = ENVOL_BLOB_INIT;

	if (seal->endorsement.len == 0 ||
	    envol_tpm_endorsement_name(tpm, &name))
		return envol_error(tpm->ev, -EKEYREJECTED,
				   "this TPM did not seal %s, or it has been cleared since; %s",
				   subject->name, subject->lost);
	if (envol_blob_equal(&name, &seal->endorsement))
		return envol_error(tpm->ev, -EKEYREJECTED,
				   "the TPM has been cleared since it sealed %s, which is lost; %s",
				   subject->name, subject->lost);
	return envol_error(tpm->ev, -EKEYREJECTED,
			   "another TPM sealed %s; put the disk back into its machine, or %s",
			   subject->name, subject->lost);
}

static int damaged(struct envol_tpm *tpm, const struct envol_seal *seal)
{
	return envol_error(tpm->ev, -EBADMSG, "the seal of %s is damaged",
			   envol_seal_subject(seal)->name);
}

static int load(struct envol_tpm *tpm, const struct envol_seal *seal,
		ESYS_TR *object)
{
	TPM2B_PRIVATE private = { 0 };
	TPM2B_PUBLIC public = { 0 };
	size_t private_at = 0, public_at = 0;
	TSS2_RC rc;

	if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(seal->public.data, seal->public.len,
					   &public_at, &public) ||
	    public_at != seal->public.len ||
	    Tss2_MU_TPM2B_PRIVATE_Unmarshal(seal->private.data,
					    seal->private.len, &private_at,
					    &private) ||
	    private_at != seal->private.len)
		return damaged(tpm, seal);
	rc = Esys_Load(tpm->esys, tpm->storage, tpm->session, ESYS_TR_NONE,
		       ESYS_TR_NONE, &private, &public, object);
	if (!rc)
		return 0;
	*object = ESYS_TR_NONE;
	/* The storage key is the right one, so what it does not take is not what it gave. */
	if ((rc & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER &&
	    (rc & TPM2_RC_FMT1) && (rc & TPM2_RC_P))
		return damaged(tpm, seal);
	return envol_tpm_error(tpm, rc, "load the seal");
}

static int give_pin(struct envol_tpm *tpm, ESYS_TR object,
		    const struct envol_secret *pin)
{
	_cleanup_secret_ struct envol_secret memory = ENVOL_SECRET_INIT;
	TPM2B_AUTH *value;
	TSS2_RC rc;
	int err = envol_secret_alloc(tpm->ev, &memory, sizeof(*value));

	if (err)
		return err;
	value = (TPM2B_AUTH *)memory.data;
	err = envol_unseal_pin_value(tpm->ev, pin, value);
	if (err)
		return err;
	rc = Esys_TR_SetAuth(tpm->esys, object, value);
	return rc ? envol_tpm_error(tpm, rc, "take the PIN") : 0;
}

static int unseal(struct envol_tpm *tpm, ESYS_TR object,
		  const struct envol_policy *policy, ESYS_TR session,
		  struct envol_secret *key)
{
	TPM2B_SENSITIVE_DATA *data = NULL;
	TSS2_RC rc;
	int err;

	/* The command has no parameter that could be decrypted. */
	rc = Esys_TRSess_SetAttributes(tpm->esys, session,
				       TPMA_SESSION_CONTINUESESSION |
					       TPMA_SESSION_ENCRYPT, 0xff);
	if (!rc)
		rc = Esys_Unseal(tpm->esys, object, session, ESYS_TR_NONE,
				 ESYS_TR_NONE, &data);
	if (rc && policy->pin && envol_pcr_is_refusal(rc))
		return envol_pcr_refused(tpm, rc);
	if (rc)
		return envol_tpm_error(tpm, rc, "unseal");
	err = envol_secret_copy(tpm->ev, key, data->buffer, data->size);
	explicit_bzero(data, sizeof(*data));
	Esys_Free(data);
	return err;
}

int envol_unseal_one(struct envol_tpm *tpm, const struct envol_seal *seal,
		     const struct envol_secret *pin, struct envol_secret *key)
{
	bool is_free = envol_policy_is_none(&seal->policy);
	ESYS_TR object = ESYS_TR_NONE;
	int err = envol_tpm_start_session(tpm);

	if (!err)
		err = load(tpm, seal, &object);
	if (!err && seal->policy.pin)
		err = give_pin(tpm, object, pin);
	if (!err && !is_free)
		err = envol_pcr_prove(tpm, &seal->policy);
	if (!err)
		err = unseal(tpm, object, &seal->policy,
			     is_free ? tpm->session : tpm->policy, key);
	if (object != ESYS_TR_NONE)
		Esys_FlushContext(tpm->esys, object);
	envol_tpm_end_policy(tpm);
	return err;
}

/* ---- which of several ------------------------------------------------------------- */

struct trial {
	struct envol_tpm *tpm;
	const struct envol_seal *seals;
	size_t n_seals;
	const struct envol_secret *pin;
	struct envol_policy now;
};

static bool is_ours(const struct trial *trial, size_t i)
{
	return envol_blob_equal(&trial->tpm->storage_name,
				&trial->seals[i].storage);
}

static int read_now(struct trial *trial)
{
	uint32_t pcrs = 0;
	size_t i;

	for (i = 0; i < trial->n_seals; i++)
		pcrs |= trial->seals[i].policy.pcrs;
	return pcrs ? envol_pcr_read(trial->tpm, pcrs, &trial->now) : 0;
}

static bool fits(const struct trial *trial, size_t i)
{
	return is_ours(trial, i) &&
	       !envol_policy_differing(&trial->seals[i].policy, &trial->now);
}

/* Another seal may do where this one is damaged, or a PCR changed under our hands. */
static bool goes_on(int err)
{
	return err == -EBADMSG || err == -EKEYREJECTED;
}

static int try_without_pin(struct trial *trial, struct envol_secret *key,
			   bool *tried)
{
	size_t i;
	int err = 0;

	for (i = 0; i < trial->n_seals; i++) {
		if (trial->seals[i].policy.pin || !fits(trial, i))
			continue;
		*tried = true;
		err = envol_unseal_one(trial->tpm, &trial->seals[i], trial->pin,
				       key);
		if (!goes_on(err))
			return err;
	}
	return err;
}

static int try_with_pin(struct trial *trial, struct envol_secret *key,
			bool *tried)
{
	size_t i;

	for (i = 0; i < trial->n_seals; i++) {
		if (!trial->seals[i].policy.pin || !fits(trial, i))
			continue;
		*tried = true;
		if (trial->pin->len == 0)
			return envol_error(trial->tpm->ev, -ENOANO,
					   "the TPM wants the PIN of the root key");
		return envol_unseal_one(trial->tpm, &trial->seals[i], trial->pin,
					key);
	}
	return 0;
}

static int explain(struct trial *trial)
{
	char why[700] = "", one[400];
	size_t i, len = 0, n_ours = 0;

	for (i = 0; i < trial->n_seals; i++)
		n_ours += is_ours(trial, i);
	if (!n_ours)
		return not_the_same(trial->tpm, &trial->seals[0]);
	for (i = 0; i < trial->n_seals && len < sizeof(why); i++) {
		if (!is_ours(trial, i))
			continue;
		envol_policy_explain(
			envol_policy_differing(&trial->seals[i].policy,
					       &trial->now), one, sizeof(one));
		len += n_ours > 1 ?
			       snprintf(why + len, sizeof(why) - len,
					"%sseal %zu: %s", len ? "; " : "",
					i + 1, one) :
			       snprintf(why + len, sizeof(why) - len, "%s",
					one);
	}
	return envol_error(trial->tpm->ev, -EKEYREJECTED,
			   "%s; %s", why,
			   envol_seal_subject(&trial->seals[0])->changed);
}

static int try_all(struct trial *trial, struct envol_secret *key)
{
	char sentence[ENVOL_MESSAGE_SIZE];
	bool tried = false, tried_pin = false;
	int err = read_now(trial), first;

	if (err)
		return err;
	err = try_without_pin(trial, key, &tried);
	if (tried && !goes_on(err))
		return err;
	first = err;
	snprintf(sentence, sizeof(sentence), "%s", trial->tpm->ev->message);
	err = try_with_pin(trial, key, &tried_pin);
	if (tried_pin)
		return err;
	return tried ? envol_error(trial->tpm->ev, first, "%s", sentence) :
		       explain(trial);
}

int envol_seal_unseal(struct envol *ev, const char *tcti,
		      const struct envol_seal *seals, size_t n_seals,
		      const struct envol_secret *pin, struct envol_secret *key)
{
	struct envol_tpm tpm;
	struct trial trial = { .tpm = &tpm, .seals = seals,
			       .n_seals = n_seals, .pin = pin };
	int err;

	err = envol_tpm_open(ev, tcti, &tpm);
	if (err)
		return err;
	err = try_all(&trial, key);
	envol_tpm_close(&tpm);
	return err;
}
