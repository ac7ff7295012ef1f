// SPDX-License-Identifier: LGPL-2.1-or-later
/* pkg-config: tss2-esys tss2-mu tss2-rc tss2-tctildr */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/service/tpm.h"

#define DEVICE "device:"

/*
 * The storage root key of the TCG's provisioning guidance for ECC P-256: made from
 * the hierarchy's seed and this template, so the same TPM always makes the same.
 */
static const TPM2B_PUBLIC storage_template = {
	.publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM |
				    TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
				    TPMA_OBJECT_DECRYPT,
		.parameters.eccDetail = {
			.symmetric = { .algorithm = TPM2_ALG_AES,
				       .keyBits.aes = 128,
				       .mode.aes = TPM2_ALG_CFB },
			.scheme.scheme = TPM2_ALG_NULL,
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
		.unique.ecc = { .x.size = 32, .y.size = 32 },
	},
};

/* What a response code means to who runs the machine. Codes without their handle or session number. */
static const struct {
	TSS2_RC rc;
	int err;
	const char *advice;
} meanings[] = {
	{ TPM2_RC_RETRY, -EAGAIN, "it is busy" },
	{ TPM2_RC_YIELDED, -EAGAIN, "it is busy" },
	{ TPM2_RC_TESTING, -EAGAIN, "it is testing itself" },
	{ TPM2_RC_NV_RATE, -EAGAIN, "it limits writes for now" },
	{ TPM2_RC_NV_UNAVAILABLE, -EAGAIN, "its memory can't be written for now" },
	{ TPM2_RC_NV_SPACE, -ENOSPC, "its lasting memory is full; remove what nobody needs (tpm2_getcap handles-nv-index)" },
	{ TPM2_RC_CONTEXT_GAP, -EAGAIN, "other programs' sessions are in the way" },
	{ TPM2_RC_OBJECT_MEMORY, -EAGAIN, "its memory is full of other programs' keys; a resource manager (/dev/tpmrm0) avoids that" },
	{ TPM2_RC_SESSION_MEMORY, -EAGAIN, "its memory is full of other programs' sessions; a resource manager (/dev/tpmrm0) avoids that" },
	{ TPM2_RC_SESSION_HANDLES, -EAGAIN, "its memory is full of other programs' sessions; a resource manager (/dev/tpmrm0) avoids that" },
	{ TPM2_RC_OBJECT_HANDLES, -EAGAIN, "its memory is full of other programs' keys; a resource manager (/dev/tpmrm0) avoids that" },
	{ TPM2_RC_MEMORY, -EAGAIN, "its memory is full" },
	{ TPM2_RC_PCR_CHANGED, -EAGAIN, "a PCR was extended meanwhile" },
	{ TPM2_RC_POLICY_FAIL, -EBADMSG, "the seal's policy is not what its line says" },
	{ TPM2_RC_LOCKOUT, -EACCES, "it is locked out after wrong passwords; wait, or reset its lockout (tpm2_dictionarylockout --clear-lockout)" },
	{ TPM2_RC_BAD_AUTH, -EACCES, "its owner hierarchy has a password, and envol uses one without" },
	{ TPM2_RC_AUTH_FAIL, -EACCES, "its owner hierarchy has a password, and envol uses one without" },
	{ TPM2_RC_HIERARCHY, -EACCES, "its owner hierarchy is disabled, by the firmware perhaps" },
	{ TPM2_RC_DISABLED, -EACCES, "it is disabled, by the firmware perhaps" },
	{ TPM2_RC_INTEGRITY, -EBADMSG, "the seal is damaged" },
	{ TPM2_RC_FAILURE, -EIO, "it is in failure mode until the machine is powered off" },
	{ TPM2_RC_INITIALIZE, -EIO, "it was never started (TPM2_Startup)" },
	{ TPM2_RC_REBOOT, -EIO, "the machine has to be restarted first" },
};

/* Format-one codes carry the number of a handle, session or parameter beside the error. */
static TSS2_RC bare(TSS2_RC rc)
{
	return rc & TPM2_RC_FMT1 ? rc & (TPM2_RC_FMT1 | 0x3f) : rc;
}

int envol_tpm_error(struct envol_tpm *tpm, TSS2_RC rc, const char *doing)
{
	TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
	size_t i;

	if (layer == TSS2_TCTI_RC_LAYER)
		return envol_error(tpm->ev, -ENODEV,
				   "%s: the TPM (%s) can't be reached: %s",
				   doing, tpm->tcti, Tss2_RC_Decode(rc));
	/* The kernel's resource manager answers with the same codes under a layer of its own. */
	for (i = 0; i < ENVOL_ARRAY_SIZE(meanings); i++)
		if ((layer == TSS2_TPM_RC_LAYER ||
		     layer == TSS2_RESMGR_TPM_RC_LAYER) &&
		    bare(rc & ~TSS2_RC_LAYER_MASK) == meanings[i].rc)
			return envol_error(tpm->ev, meanings[i].err,
					   "%s: the TPM (%s) refuses: %s (0x%x)",
					   doing, tpm->tcti, meanings[i].advice,
					   rc);
	return envol_error(tpm->ev, -EIO, "%s: the TPM (%s) refuses: %s (0x%x)",
			   doing, tpm->tcti, Tss2_RC_Decode(rc), rc);
}

/* libtss2 does not say why it can't open a device; open() does. */
static int check_device(struct envol_tpm *tpm)
{
	const char *path = tpm->tcti + strlen(DEVICE);
	int fd, err;

	if (strncmp(tpm->tcti, DEVICE, strlen(DEVICE)) != 0)
		return 0;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	err = -errno;
	if (err == -EBUSY)
		return envol_error(tpm->ev, err,
				   "the TPM (%s) is held by another process; /dev/tpmrm0 can be shared",
				   path);
	return envol_error_errno(tpm->ev, err == -ENOENT ? -ENODEV : err,
				 "open the TPM (%s)", path);
}

static int take_name(struct envol_tpm *tpm, ESYS_TR key, struct envol_blob *name)
{
	TPM2B_NAME *found = NULL;
	TSS2_RC rc = Esys_TR_GetName(tpm->esys, key, &found);
	int err;

	if (rc)
		return envol_tpm_error(tpm, rc, "read a key's name");
	err = envol_blob_append(name, found->name, found->size);
	Esys_Free(found);
	return err ? envol_error(tpm->ev, err, "out of memory") : 0;
}

static int make_primary(struct envol_tpm *tpm, ESYS_TR hierarchy, ESYS_TR *key,
			struct envol_blob *name)
{
	const TPM2B_SENSITIVE_CREATE no_secret = { 0 };
	const TPM2B_DATA no_data = { 0 };
	const TPML_PCR_SELECTION no_pcr = { 0 };
	TPM2B_PUBLIC *public = NULL;
	TPM2B_CREATION_DATA *data = NULL;
	TPM2B_DIGEST *hash = NULL;
	TPMT_TK_CREATION *ticket = NULL;
	TSS2_RC rc;

	rc = Esys_CreatePrimary(tpm->esys, hierarchy, ESYS_TR_PASSWORD,
				ESYS_TR_NONE, ESYS_TR_NONE, &no_secret,
				&storage_template, &no_data, &no_pcr, key,
				&public, &data, &hash, &ticket);
	Esys_Free(public);
	Esys_Free(data);
	Esys_Free(hash);
	Esys_Free(ticket);
	if (rc) {
		*key = ESYS_TR_NONE;
		return envol_tpm_error(tpm, rc, "make the storage key");
	}
	return take_name(tpm, *key, name);
}

int envol_tpm_connect(struct envol *ev, const char *tcti,
		      struct envol_tpm *tpm)
{
	TSS2_RC rc;
	int err;

	*tpm = (struct envol_tpm){ .ev = ev, .tcti = tcti,
				   .storage = ESYS_TR_NONE,
				   .session = ESYS_TR_NONE,
				   .policy = ESYS_TR_NONE };
	err = check_device(tpm);
	if (err)
		return err;
	rc = Tss2_TctiLdr_Initialize(tcti, &tpm->io);
	if (rc)
		return envol_error(ev, -ENODEV,
				   "the TPM (%s) can't be reached: %s", tcti,
				   Tss2_RC_Decode(rc));
	rc = Esys_Initialize(&tpm->esys, tpm->io, NULL);
	err = rc ? envol_tpm_error(tpm, rc, "talk to it") : 0;
	if (err)
		envol_tpm_close(tpm);
	return err;
}

int envol_tpm_open(struct envol *ev, const char *tcti, struct envol_tpm *tpm)
{
	int err = envol_tpm_connect(ev, tcti, tpm);

	if (err)
		return err;
	err = make_primary(tpm, ESYS_TR_RH_OWNER, &tpm->storage,
			   &tpm->storage_name);
	if (err)
		envol_tpm_close(tpm);
	return err;
}

static void flush(struct envol_tpm *tpm, ESYS_TR *handle)
{
	if (*handle != ESYS_TR_NONE)
		Esys_FlushContext(tpm->esys, *handle);
	*handle = ESYS_TR_NONE;
}

void envol_tpm_end_policy(struct envol_tpm *tpm)
{
	flush(tpm, &tpm->policy);
}

void envol_tpm_close(struct envol_tpm *tpm)
{
	flush(tpm, &tpm->policy);
	flush(tpm, &tpm->session);
	flush(tpm, &tpm->storage);
	if (tpm->esys)
		Esys_Finalize(&tpm->esys);
	if (tpm->io)
		Tss2_TctiLdr_Finalize(&tpm->io);
	envol_blob_free(&tpm->storage_name);
}

int envol_tpm_start_session(struct envol_tpm *tpm)
{
	const TPMT_SYM_DEF symmetric = { .algorithm = TPM2_ALG_AES,
					 .keyBits.aes = 128,
					 .mode.aes = TPM2_ALG_CFB };
	TSS2_RC rc;

	flush(tpm, &tpm->session);
	rc = Esys_StartAuthSession(tpm->esys, tpm->storage, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   NULL, TPM2_SE_HMAC, &symmetric,
				   TPM2_ALG_SHA256, &tpm->session);
	if (rc) {
		tpm->session = ESYS_TR_NONE;
		return envol_tpm_error(tpm, rc, "start a session");
	}
	rc = Esys_TRSess_SetAttributes(tpm->esys, tpm->session,
				       TPMA_SESSION_CONTINUESESSION |
					       TPMA_SESSION_DECRYPT |
					       TPMA_SESSION_ENCRYPT, 0xff);
	return rc ? envol_tpm_error(tpm, rc, "encrypt a session") : 0;
}

int envol_tpm_endorsement_name(struct envol_tpm *tpm, struct envol_blob *name)
{
	ESYS_TR key = ESYS_TR_NONE;
	int err = make_primary(tpm, ESYS_TR_RH_ENDORSEMENT, &key, name);

	flush(tpm, &key);
	return err;
}
