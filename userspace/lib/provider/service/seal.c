// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tss2/tss2_mu.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/provider/service/pcr.h"
#include "userspace/lib/provider/service/tpm.h"
#include "userspace/lib/provider/service/unseal.h"

static const char *const default_devices[] = { "/dev/tpmrm0", "/dev/tpm0" };

const struct envol_seal_subject *envol_seal_subject(const struct envol_seal *seal)
{
	static const struct envol_seal_subject root_key = {
		.name = "the root key",
		.lost = "move the keystore away, create the keys anew by restoring each from its backup, and use recovery keys until then",
		.changed = "use a recovery key, find out who changed it, then `envol key reseal`",
	};

	return seal->subject ? seal->subject : &root_key;
}

void envol_seal_free(struct envol_seal *seal)
{
	envol_blob_free(&seal->public);
	envol_blob_free(&seal->private);
	envol_blob_free(&seal->storage);
	envol_blob_free(&seal->endorsement);
}

bool envol_seal_is_asked_for(const struct envol *ev)
{
	return *ev->tpm && strcmp(ev->tpm, ENVOL_SEAL_NO_TPM) != 0;
}

/*
 * libtss2's own default also tries TPM simulators on local ports, where anybody's
 * process may answer. Ours are the kernel's devices and no more. One that can't be
 * looked at counts as there: it is an error, and no reason to do without.
 */
int envol_seal_find(struct envol *ev, char **tcti)
{
	size_t i;
	int n = 0;

	*tcti = NULL;
	if (strcmp(ev->tpm, ENVOL_SEAL_NO_TPM) == 0)
		return 0;
	if (*ev->tpm) {
		*tcti = strdup(ev->tpm);
		return *tcti ? 0 : envol_error(ev, -ENOMEM, "out of memory");
	}
	for (i = 0; i < ENVOL_ARRAY_SIZE(default_devices) && !*tcti; i++)
		if (access(default_devices[i], F_OK) == 0 || errno != ENOENT)
			n = asprintf(tcti, "device:%s", default_devices[i]);
	if (n < 0) {
		*tcti = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return 0;
}

static int append_public(struct envol *ev, const TPM2B_PUBLIC *public,
			 struct envol_blob *blob)
{
	uint8_t bytes[sizeof(*public)];
	size_t len = 0;

	if (Tss2_MU_TPM2B_PUBLIC_Marshal(public, bytes, sizeof(bytes), &len))
		return envol_error(ev, -EIO, "the TPM's answer is too long");
	return envol_blob_append(blob, bytes, len);
}

static int append_private(struct envol *ev, const TPM2B_PRIVATE *private,
			  struct envol_blob *blob)
{
	uint8_t bytes[sizeof(*private)];
	size_t len = 0;

	if (Tss2_MU_TPM2B_PRIVATE_Marshal(private, bytes, sizeof(bytes), &len))
		return envol_error(ev, -EIO, "the TPM's answer is too long");
	return envol_blob_append(blob, bytes, len);
}

/* libtss2 sees the key here, in memory that this process wipes when it is freed. */
static int create(struct envol_tpm *tpm, const struct envol_secret *key,
		  const struct envol_secret *pin, struct envol_seal *seal)
{
	TPM2B_PUBLIC template = {
		.publicArea = {
			.type = TPM2_ALG_KEYEDHASH,
			.nameAlg = TPM2_ALG_SHA256,
			.objectAttributes = TPMA_OBJECT_FIXEDTPM |
					    TPMA_OBJECT_FIXEDPARENT,
			.parameters.keyedHashDetail.scheme.scheme =
				TPM2_ALG_NULL,
		},
	};
	_cleanup_secret_ struct envol_secret memory = ENVOL_SECRET_INIT;
	const TPM2B_DATA no_data = { 0 };
	const TPML_PCR_SELECTION no_pcr = { 0 };
	TPM2B_SENSITIVE_CREATE *sensitive;
	TPM2B_PRIVATE *private = NULL;
	TPM2B_PUBLIC *public = NULL;
	TPM2B_CREATION_DATA *data = NULL;
	TPM2B_DIGEST *hash = NULL;
	TPMT_TK_CREATION *ticket = NULL;
	TSS2_RC rc;
	int err;

	/* No dictionary attack on what has no password: lockout does not matter. */
	if (!seal->policy.pin)
		template.publicArea.objectAttributes |= TPMA_OBJECT_NODA;
	if (envol_policy_is_none(&seal->policy))
		template.publicArea.objectAttributes |=
			TPMA_OBJECT_USERWITHAUTH;
	err = envol_secret_alloc(tpm->ev, &memory, sizeof(*sensitive));
	if (err)
		return err;
	sensitive = (TPM2B_SENSITIVE_CREATE *)memory.data;
	sensitive->sensitive.data.size = key->len;
	memcpy(sensitive->sensitive.data.buffer, key->data, key->len);
	if (!envol_policy_is_none(&seal->policy))
		err = envol_pcr_digest(tpm, &seal->policy,
				       &template.publicArea.authPolicy);
	if (!err && seal->policy.pin)
		err = envol_unseal_pin_value(tpm->ev, pin,
					     &sensitive->sensitive.userAuth);
	if (err)
		return err;
	rc = Esys_Create(tpm->esys, tpm->storage, tpm->session, ESYS_TR_NONE,
			 ESYS_TR_NONE, sensitive, &template, &no_data, &no_pcr,
			 &private, &public, &data, &hash, &ticket);
	if (rc)
		return envol_tpm_error(tpm, rc, "seal");
	err = append_public(tpm->ev, public, &seal->public);
	if (!err)
		err = append_private(tpm->ev, private, &seal->private);
	if (err == -ENOMEM)
		envol_error(tpm->ev, err, "out of memory");
	Esys_Free(private);
	Esys_Free(public);
	Esys_Free(data);
	Esys_Free(hash);
	Esys_Free(ticket);
	return err;
}

static int prove_one(struct envol_tpm *tpm, const struct envol_seal *seal,
		     const struct envol_secret *key,
		     const struct envol_secret *pin)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err = envol_unseal_one(tpm, seal, pin, &back);

	if (!err && !envol_secret_equal(key, &back))
		err = envol_error(tpm->ev, -EIO,
				  "the TPM gives back another key than it sealed");
	return err;
}

static int prove(struct envol_tpm *tpm, const struct envol_seal *seal,
		 const struct envol_policy *now, const struct envol_secret *key,
		 const struct envol_secret *pin)
{
	_cleanup_seal_ struct envol_seal twin = ENVOL_SEAL_INIT;
	int err;

	if (!envol_policy_differing(&seal->policy, now))
		return prove_one(tpm, seal, key, pin);
	twin.subject = seal->subject;
	twin.policy = *now;
	twin.policy.pin = seal->policy.pin;
	err = create(tpm, key, pin, &twin);
	return err ? err : prove_one(tpm, &twin, key, pin);
}

static void fill_values(struct envol_policy *policy,
			const struct envol_policy *now)
{
	unsigned int i;

	for (i = 0; i < ENVOL_POLICY_PCRS; i++)
		if (policy->pcrs & ~policy->known & 1u << i)
			memcpy(policy->values[i], now->values[i],
			       ENVOL_POLICY_PCR_SIZE);
	policy->known = policy->pcrs;
}

static int seal_and_prove(struct envol_tpm *tpm, const struct envol_secret *key,
			  const struct envol_secret *pin,
			  struct envol_seal *seal)
{
	struct envol_policy now = { .pcrs = 0 };
	int err = envol_tpm_start_session(tpm);

	if (!err && seal->policy.pcrs)
		err = envol_pcr_read(tpm, seal->policy.pcrs, &now);
	if (err)
		return err;
	fill_values(&seal->policy, &now);
	err = create(tpm, key, pin, seal);
	if (!err)
		err = envol_blob_append(&seal->storage, tpm->storage_name.data,
					tpm->storage_name.len);
	return err ? err : prove(tpm, seal, &now, key, pin);
}

int envol_seal_seal(struct envol *ev, const char *tcti,
		    const struct envol_secret *key,
		    const struct envol_secret *pin, struct envol_seal *seal)
{
	struct envol_tpm tpm;
	int err;

	if (seal->policy.pin && pin->len == 0)
		return envol_error(ev, -EINVAL, "the new PIN is empty");
	err = envol_tpm_open(ev, tcti, &tpm);
	if (err)
		return err;
	seal->created = envol_time_now();
	err = seal_and_prove(&tpm, key, pin, seal);
	/* It only helps to say later what happened, so one that is refused is left out. */
	if (!err && envol_tpm_endorsement_name(&tpm, &seal->endorsement))
		envol_blob_free(&seal->endorsement);
	envol_tpm_close(&tpm);
	return err;
}

static int on_tpm(struct envol *ev, const char *tcti,
		  int (*run)(struct envol_tpm *tpm))
{
	struct envol_tpm tpm;
	int err = envol_tpm_connect(ev, tcti, &tpm);

	if (err)
		return err;
	err = run(&tpm);
	envol_tpm_close(&tpm);
	return err;
}

int envol_seal_check_guesses(struct envol *ev, const char *tcti)
{
	return on_tpm(ev, tcti, envol_pcr_check_guesses);
}

int envol_seal_lock(struct envol *ev, const char *tcti)
{
	return on_tpm(ev, tcti, envol_pcr_lock);
}
