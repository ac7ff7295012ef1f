#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-or-later
// Azure's own SDK for JavaScript, unmodified, against the double: under the service's real
// names, by way of the double's proxy, with every check of the SDK's left on. sdk/ pins it.
"use strict";
const assert = require("assert");
const { execFileSync, spawn } = require("child_process");
const fs = require("fs");
const { createRequire } = require("module");
const os = require("os");
const path = require("path");
const readline = require("readline");

const DEK = Buffer.from(Array.from({ length: 64 }, (_, n) => n));
const POLLING = { intervalInMs: 100 };
const tests = [];
const test = (name, run) => tests.push({ name, run });

// The first process starts the double and runs itself once more: node takes extra
// authorities only when it starts.
async function outer() {
	const directory = fs.mkdtempSync(path.join(os.tmpdir(), "envol-double-"));
	const double = spawn(path.join(__dirname, "start"), [directory],
		{ stdio: ["ignore", "pipe", "inherit"] });
	const facts = {};
	for await (const line of readline.createInterface({ input: double.stdout })) {
		if (line === "ready")
			break;
		const [name, ...value] = line.split("=");
		facts[name] = value.join("=");
	}
	const sdk = execFileSync(path.join(__dirname, "sdk", "install")).toString().trim();
	const inner = spawn(process.execPath, [__filename, ...process.argv.slice(2)], {
		stdio: "inherit",
		env: { ...process.env, DOUBLE: JSON.stringify(facts), SDK: sdk,
			NODE_EXTRA_CA_CERTS: facts.CA, HTTPS_PROXY: facts.PROXY,
			NO_PROXY: "127.0.0.1,localhost" },
	});
	inner.on("exit", (status) => {
		double.kill();
		fs.rmSync(directory, { recursive: true });
		process.exit(status === null ? 1 : status);
	});
}

const facts = JSON.parse(process.env.DOUBLE || "{}");
const read = (fact) => fs.readFileSync(facts[fact], "utf8");

async function tell(verb, said = {}) {
	const answer = await fetch(`${facts.CONTROL}/${verb}`,
		{ method: "POST", body: JSON.stringify(said) });
	assert.strictEqual(answer.status, 200, await answer.clone().text());
	return answer.json();
}

let sdk;
function load() {
	const from = createRequire(path.join(process.env.SDK, "package.json"));
	sdk = { ...from("@azure/keyvault-keys"), ...from("@azure/identity") };
	sdk.secret = () => new sdk.ClientSecretCredential(facts.TENANT, facts.CLIENT_ID,
		read("SECRET_FILE"));
	sdk.client = (credential, host = "envol.vault.azure.net") =>
		new sdk.KeyClient(`https://${host}`, credential || sdk.secret());
}

async function refusal(promise, status, inner) {
	const error = await promise.then(() => assert.fail("it was not refused"), (e) => e);
	if (error.statusCode === undefined)
		throw error;
	assert.strictEqual(error.statusCode, status);
	const details = error.details && error.details.error;
	if (inner)
		assert.strictEqual((details.innererror || details.innerError).code, inner);
	return error;
}

async function unwraps(credential) {
	const keys = sdk.client(credential);
	const key = await keys.createRsaKey("kek", { keySize: 2048 });
	const crypto = new sdk.CryptographyClient(key.id, credential);
	const wrapped = await crypto.wrapKey("RSA-OAEP-256", DEK);
	assert.strictEqual(wrapped.keyID, key.id);
	const { result } = await crypto.unwrapKey("RSA-OAEP-256", wrapped.result);
	assert.deepStrictEqual(Buffer.from(result), DEK);
}

async function all(pages) {
	const found = [];
	for await (const one of pages)
		found.push(one);
	return found;
}

test("create_get_wrap_rotate_and_unwrap_the_old", async () => {
	const keys = sdk.client(), credential = sdk.secret();
	const key = await keys.createRsaKey("kek", { keySize: 3072, hsm: true });
	assert.strictEqual(key.keyType, "RSA-HSM");
	assert.strictEqual(key.properties.recoveryLevel, "Recoverable");
	const old = new sdk.CryptographyClient(key.id, credential);
	const wraps = [];
	for (const alg of ["RSA-OAEP-256", "RSA-OAEP", "RSA1_5"])
		wraps.push(await old.wrapKey(alg, DEK));
	assert.strictEqual(wraps[0].result.length, 384);
	const next = await keys.rotateKey("kek");
	assert.notStrictEqual(next.id, key.id);
	assert.strictEqual((await keys.getKey("kek")).id, next.id);
	assert.strictEqual((await keys.getKey("kek", { version: key.properties.version })).id, key.id);
	assert.deepStrictEqual(
		new Set((await all(keys.listPropertiesOfKeyVersions("kek"))).map((one) => one.id)),
		new Set([key.id, next.id]));
	for (const wrapped of wraps) {
		const { result } = await old.unwrapKey(wrapped.algorithm, wrapped.result);
		assert.deepStrictEqual(Buffer.from(result), DEK);
	}
	await refusal(new sdk.CryptographyClient(next.id, credential)
		.unwrapKey("RSA-OAEP-256", wraps[0].result), 400);
});

test("a_disabled_key_refuses", async () => {
	const keys = sdk.client();
	const key = await keys.createRsaKey("kek", { keySize: 2048 });
	const crypto = new sdk.CryptographyClient(key.id, sdk.secret());
	const wrapped = await crypto.wrapKey("RSA-OAEP-256", DEK);
	await keys.updateKeyProperties("kek", key.properties.version, { enabled: false });
	await refusal(crypto.unwrapKey("RSA-OAEP-256", wrapped.result), 403, "KeyDisabled");
	await keys.updateKeyProperties("kek", key.properties.version, { enabled: true });
	const { result } = await crypto.unwrapKey("RSA-OAEP-256", wrapped.result);
	assert.deepStrictEqual(Buffer.from(result), DEK);
});

test("backup_delete_recover_purge_restore", async () => {
	await tell("vault", { purge_protected: false, delete_seconds: 0.3, recover_seconds: 0.3 });
	const keys = sdk.client();
	await keys.createRsaKey("kek", { keySize: 2048 });
	const key = await keys.rotateKey("kek");
	const blob = await keys.backupKey("kek");
	await (await keys.beginDeleteKey("kek", POLLING)).pollUntilDone();
	await refusal(keys.createRsaKey("kek", { keySize: 2048 }), 409,
		"ObjectIsDeletedButRecoverable");
	assert.strictEqual((await keys.getDeletedKey("kek")).id, key.id);
	assert.deepStrictEqual((await all(keys.listDeletedKeys())).map((one) => one.name), ["kek"]);
	await (await keys.beginRecoverDeletedKey("kek", POLLING)).pollUntilDone();
	assert.strictEqual((await keys.getKey("kek")).id, key.id);
	await (await keys.beginDeleteKey("kek", POLLING)).pollUntilDone();
	await keys.purgeDeletedKey("kek");
	assert.strictEqual((await refusal(keys.getKey("kek"), 404)).code, "KeyNotFound");
	assert.strictEqual((await keys.restoreKeyBackup(blob)).id, key.id);
	assert.strictEqual((await all(keys.listPropertiesOfKeyVersions("kek"))).length, 2);
});

test("purge_protection_holds", async () => {
	const keys = sdk.client();
	await keys.createEcKey("kek");
	await (await keys.beginDeleteKey("kek", POLLING)).pollUntilDone();
	await refusal(keys.purgeDeletedKey("kek"), 403);
});

test("lists_have_pages", async () => {
	await tell("vault", { reuse_material: true, empty_page: true });
	const keys = sdk.client();
	for (let n = 0; n < 27; n++)
		await keys.createEcKey(`k${n}`);
	assert.strictEqual((await all(keys.listPropertiesOfKeys())).length, 27);
	assert.strictEqual(
		(await all(keys.listPropertiesOfKeys().byPage({ maxPageSize: 10 }))).length, 4);
});

test("rotation_policies", async () => {
	const keys = sdk.client();
	await keys.createRsaKey("kek", { keySize: 2048 });
	await keys.updateKeyRotationPolicy("kek", { expiresIn: "P90D",
		lifetimeActions: [{ action: "Rotate", timeAfterCreate: "P60D" }] });
	const policy = await keys.getKeyRotationPolicy("kek");
	assert.strictEqual(policy.expiresIn, "P90D");
	assert.strictEqual(policy.lifetimeActions[0].timeAfterCreate, "P60D");
	const { properties } = await keys.rotateKey("kek");
	assert.strictEqual(properties.expiresOn - properties.createdOn, 90 * 86400 * 1000);
});

test("a_managed_hsm_wraps_with_aes", async () => {
	const credential = sdk.secret(), keys = sdk.client(credential, "hsm.managedhsm.azure.net");
	const key = await keys.createOctKey("kek", { keySize: 256, hsm: true });
	assert.strictEqual(key.keyType, "oct-HSM");
	const crypto = new sdk.CryptographyClient(key.id, credential);
	const wrapped = await crypto.wrapKey("A256KW", DEK);
	assert.strictEqual(wrapped.result.length, 72);
	const { result } = await crypto.unwrapKey("A256KW", wrapped.result);
	assert.deepStrictEqual(Buffer.from(result), DEK);
	assert.strictEqual((await keys.getRandomBytes(32)).length, 32);
	const { requests } = await tell("requests");
	assert.deepStrictEqual(requests.filter((one) => one.place === "hsm" && one.method === "POST")
		.slice(-3).map((one) => one.path.split("/").pop().toLowerCase()),
		["wrapkey", "unwrapkey", "rng"]);
});

test("a_key_is_imported", async () => {
	const pair = require("crypto").generateKeyPairSync("rsa", { modulusLength: 2048 });
	const jwk = pair.privateKey.export({ format: "jwk" }), key = {};
	for (const name of ["n", "e", "d", "dp", "dq", "qi", "p", "q"])
		key[name] = Buffer.from(jwk[name], "base64url");
	const imported = await sdk.client().importKey("kek",
		{ kty: "RSA", keyOps: ["wrapKey", "unwrapKey"], ...key });
	const crypto = new sdk.CryptographyClient(imported.id, sdk.secret());
	const mine = require("crypto").publicEncrypt({ key: pair.publicKey, oaepHash: "sha256" }, DEK);
	const { result } = await crypto.unwrapKey("RSA-OAEP-256", mine);
	assert.deepStrictEqual(Buffer.from(result), DEK);
});

test("a_client_certificate", async () => {
	await unwraps(new sdk.ClientCertificateCredential(facts.TENANT, facts.CLIENT_ID,
		facts.CERTIFICATE_FILE));
});

test("a_claims_challenge_is_met", async () => {
	const keys = sdk.client();
	await keys.createKey("claimed", "EC");
	await tell("tokens", { demand: "c1" });
	try {
		assert.strictEqual((await keys.getKey("claimed")).name, "claimed");
	} finally {
		await tell("tokens", { demand: "" });
	}
});

test("an_unknown_certificate_is_refused", async () => {
	await tell("application", { client_id: facts.CLIENT_ID, drop_certificates: true });
	await assert.rejects(unwraps(new sdk.ClientCertificateCredential(facts.TENANT,
		facts.CLIENT_ID, facts.CERTIFICATE_FILE)), /AADSTS700027/);
});

test("a_wrong_secret_is_refused", async () => {
	await assert.rejects(unwraps(new sdk.ClientSecretCredential(facts.TENANT, facts.CLIENT_ID,
		"no")), /AADSTS7000215/);
});

test("a_workload_identity", async () => {
	await unwraps(new sdk.WorkloadIdentityCredential({ tenantId: facts.TENANT,
		clientId: facts.CLIENT_ID, tokenFilePath: facts.FEDERATED_TOKEN_FILE }));
});

async function managed(variables, options) {
	Object.assign(process.env, variables);
	try {
		await unwraps(new sdk.ManagedIdentityCredential(options));
	} finally {
		for (const name of Object.keys(variables))
			delete process.env[name];
	}
	const { requests } = await tell("requests");
	return requests.filter((one) => one.place === "identity").map((one) => one.status);
}

test("the_identity_of_a_virtual_machine", async () => {
	assert.ok((await managed({ AZURE_POD_IDENTITY_AUTHORITY_HOST: facts.IMDS })).includes(200));
});

test("the_identity_of_an_app_service", async () => {
	assert.deepStrictEqual(await managed({ IDENTITY_ENDPOINT: facts.APP_SERVICE,
		IDENTITY_HEADER: read("IDENTITY_HEADER_FILE") }, { clientId: facts.IDENTITY_ID }), [200]);
});

test("a_throttled_request_is_repeated_only_when_told_when", async () => {
	const keys = sdk.client();
	await keys.createEcKey("kek");
	await tell("fault", { do: "throttle", retry_after: 1, times: 1, method: "GET", path: "kek" });
	await keys.getKey("kek");
	await tell("fault", { do: "throttle", times: 1, method: "GET", path: "kek" });
	await refusal(keys.getKey("kek"), 429);
});

test("a_right_that_is_missing_is_named", async () => {
	const keys = sdk.client();
	await keys.createEcKey("kek");
	for (const [style, inner] of [["rbac", "ForbiddenByRbac"], ["policy", "ForbiddenByPolicy"]]) {
		await tell("access", { style, denied: ["get"] });
		await refusal(keys.getKey("kek"), 403, inner);
	}
});

async function inner() {
	load();
	const chosen = tests.filter((one) => one.name.includes(process.argv[2] || ""));
	let failed = 0;
	for (const [n, one] of chosen.entries()) {
		await tell("reset");
		try {
			await one.run();
			console.log(`ok ${n + 1} - ${one.name}`);
		} catch (error) {
			failed++;
			console.log(`not ok ${n + 1} - ${one.name}`);
			console.log(`# ${error.stack || error}`.replace(/\n/g, "\n# "));
		}
	}
	console.log(`1..${chosen.length}`);
	process.exit(failed || !chosen.length ? 1 : 0);
}

if (process.env.DOUBLE)
	inner();
else
	outer();
