// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tss2/tss2_mu.h>

#include "userspace/lib/provider/service/seal.h"
#include "userspace/lib/provider/service/tpm.h"
#include "userspace/lib/util/error.h"

static const char *const default_devices[] = { "/dev/tpmrm0", "/dev/tpm0" };

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
		  struct envol_seal *seal)
{
	static const TPM2B_PUBLIC template = {
		.publicArea = {
			.type = TPM2_ALG_KEYEDHASH,
			.nameAlg = TPM2_ALG_SHA256,
			/* No dictionary attack on what has no password: lockout does not matter. */
			.objectAttributes = TPMA_OBJECT_FIXEDTPM |
					    TPMA_OBJECT_FIXEDPARENT |
					    TPMA_OBJECT_USERWITHAUTH |
					    TPMA_OBJECT_NODA,
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

	err = envol_secret_alloc(tpm->ev, &memory, sizeof(*sensitive));
	if (err)
		return err;
	sensitive = (TPM2B_SENSITIVE_CREATE *)memory.data;
	sensitive->sensitive.data.size = key->len;
	memcpy(sensitive->sensitive.data.buffer, key->data, key->len);
	rc = Esys_Create(tpm->esys, tpm->storage, tpm->session, ESYS_TR_NONE,
			 ESYS_TR_NONE, sensitive, &template, &no_data, &no_pcr,
			 &private, &public, &data, &hash, &ticket);
	if (rc)
		return envol_tpm_error(tpm, rc, "seal the root key");
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

int envol_seal_seal(struct envol *ev, const char *tcti,
		    const struct envol_secret *key, struct envol_seal *seal)
{
	struct envol_tpm tpm;
	int err;

	err = envol_tpm_open(ev, tcti, &tpm);
	if (err)
		return err;
	err = envol_tpm_start_session(&tpm);
	if (!err)
		err = create(&tpm, key, seal);
	if (!err)
		err = envol_blob_append(&seal->storage, tpm.storage_name.data,
					tpm.storage_name.len);
	/* It only helps to say later what happened, so one that is refused is left out. */
	if (!err && envol_tpm_endorsement_name(&tpm, &seal->endorsement))
		envol_blob_free(&seal->endorsement);
	envol_tpm_close(&tpm);
	return err;
}

/* The storage key comes from the owner's seed, which a clear replaces; the endorsement's seed it leaves. */
static int not_the_same(struct envol_tpm *tpm, const struct envol_seal *seal)
{
	_cleanup_blob_ struct envol_blob name = ENVOL_BLOB_INIT;
	static const char way_out[] =
		"move the keystore away, create the keys anew by restoring each from its backup, and use recovery keys until then";

	if (seal->endorsement.len == 0 ||
	    envol_tpm_endorsement_name(tpm, &name))
		return envol_error(tpm->ev, -EKEYREJECTED,
				   "this TPM did not seal the root key, or it has been cleared since; %s",
				   way_out);
	if (envol_blob_equal(&name, &seal->endorsement))
		return envol_error(tpm->ev, -EKEYREJECTED,
				   "the TPM has been cleared since it sealed the root key, which is lost; %s",
				   way_out);
	return envol_error(tpm->ev, -EKEYREJECTED,
			   "another TPM sealed the root key; put the disk back into its machine, or %s",
			   way_out);
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
		return envol_error(tpm->ev, -EBADMSG,
				   "the sealed root key is damaged");
	rc = Esys_Load(tpm->esys, tpm->storage, tpm->session, ESYS_TR_NONE,
		       ESYS_TR_NONE, &private, &public, object);
	if (!rc)
		return 0;
	*object = ESYS_TR_NONE;
	/* The storage key is the right one, so what it does not take is not what it gave. */
	if ((rc & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER &&
	    (rc & TPM2_RC_FMT1) && (rc & TPM2_RC_P))
		return envol_error(tpm->ev, -EBADMSG,
				   "the sealed root key is damaged (the TPM says 0x%x)",
				   rc);
	return envol_tpm_error(tpm, rc, "load the root key");
}

static int unseal(struct envol_tpm *tpm, ESYS_TR object,
		  struct envol_secret *key)
{
	TPM2B_SENSITIVE_DATA *data = NULL;
	TSS2_RC rc;
	int err;

	/* The command has no parameter that could be decrypted. */
	rc = Esys_TRSess_SetAttributes(tpm->esys, tpm->session,
				       TPMA_SESSION_CONTINUESESSION |
					       TPMA_SESSION_ENCRYPT, 0xff);
	if (!rc)
		rc = Esys_Unseal(tpm->esys, object, tpm->session, ESYS_TR_NONE,
				 ESYS_TR_NONE, &data);
	if (rc)
		return envol_tpm_error(tpm, rc, "unseal the root key");
	err = envol_secret_copy(tpm->ev, key, data->buffer, data->size);
	explicit_bzero(data, sizeof(*data));
	Esys_Free(data);
	return err;
}

int envol_seal_unseal(struct envol *ev, const char *tcti,
		      const struct envol_seal *seal, struct envol_secret *key)
{
	ESYS_TR object = ESYS_TR_NONE;
	struct envol_tpm tpm;
	int err;

	err = envol_tpm_open(ev, tcti, &tpm);
	if (err)
		return err;
	err = envol_blob_equal(&tpm.storage_name, &seal->storage) ?
		      envol_tpm_start_session(&tpm) :
		      not_the_same(&tpm, seal);
	if (!err)
		err = load(&tpm, seal, &object);
	if (!err)
		err = unseal(&tpm, object, key);
	if (object != ESYS_TR_NONE)
		Esys_FlushContext(tpm.esys, object);
	envol_tpm_close(&tpm);
	return err;
}
