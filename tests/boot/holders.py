# SPDX-License-Identifier: GPL-2.0-or-later
"""By whom a root volume is opened."""
from ground import TPM_PIN, ini
from peers import HOST, NET
from suite import MASKED, PROMPT, boot, proof, took


@boot
def by_a_service_key_that_the_tpm_sealed(s):
    """Two volumes, without a network, up to a login prompt and down again."""
    volumes = s.g.volumes([s.g.keks["service"]], [s.g.keks["service"]])
    mask = " ".join(f"systemd.mask={unit}" for unit in MASKED)
    with s.guest("tpm", volumes, f"systemd.show_status=0 {mask}", disks=("root", "data"), tpm=s.g.tpm) as m:
        facts = proof(m, 200)
        assert "data=envol" in facts["mappings"], facts["mappings"]
        m.seen = 0    # which of both comes first is systemd's choice
        m.expect("envol-boot login:", 120)
        assert "Bringing up" not in m.text
        took(m, "TPM")


@boot
def by_a_vault_that_comes_up_late_with_the_clock_wrong(s):
    """A managed identity: the initramfs holds no secret."""
    s.g.vault.down()
    try:
        with s.guest("vault", s.g.volumes([s.g.keks["vault"]], names=["root"]), net=NET, clock="2001-01-01") as m:
            m.expect("the clock said 2001", 90)
            m.expect(PROMPT, 30)
            m.expect("try 2 in", 90)
            s.g.vault.up()
            m.expect("volume root is open", 90)
            facts = proof(m)
            assert int(facts["year"]) >= 2024, facts["year"]
            m.wait_end()
            took(m, "vault, of which it was down a while")
    finally:
        s.g.vault.up()


@boot
def by_a_token_since_the_vault_disabled_its_key_and_by_a_key_server(s):
    """The next of the line's KEKs opens, where one is refused for good."""
    keks = s.g.keks
    s.g.vault.enable(False)
    try:
        with s.guest("hsm", s.g.volumes([keks["vault"], keks["hsm"]], [keks["kmip"]]), net=NET,
                     disks=("root", "data")) as m:
            facts = proof(m)
            assert "data=envol" in facts["mappings"], facts["mappings"]
            m.wait_end()
            took(m, "PKCS#11 for root, KMIP for data")
    finally:
        s.g.vault.enable(True)


@boot
def by_a_pin_that_is_typed_and_by_a_vault_whose_secret_the_tpm_sealed(s):
    """A wrong PIN is not the end; the secret of the application is nowhere in clear."""
    files = {"var/lib/envol/keys/boot": s.g.seal_with_pin, "etc/envol/vault.secret.boot": s.g.sealed_secret,
             "usr/local/libexec/envol/initramfs/image/pin": "yes\n",
             "etc/envol/envol.conf": ini(s.g.vault.settings_with_a_secret(HOST))}
    with s.guest("pin", s.g.volumes([s.g.keks["service"]], [s.g.keks["vault"]]).replace("initramfs-secret=clear", ""),
                 net=NET, disks=("root", "data"), files=files, tpm=s.g.tpm) as m:
        m.expect("PIN or recovery key of volume root", 90)
        m.type("not the PIN")
        m.expect("the TPM refused the PIN", 90)
        m.expect("PIN or recovery key of volume root", 60)
        m.type(TPM_PIN)
        facts = proof(m)
        assert "data=envol" in facts["mappings"], facts["mappings"]
        m.wait_end()
        assert TPM_PIN not in m.text, "the PIN was echoed"
        took(m, "PIN for root, vault with a sealed secret for data")


@boot
def by_the_recovery_key_while_the_kek_is_disabled(s):
    s.g.vault.enable(False)
    try:
        with s.guest("recovery", s.g.volumes([s.g.keks["vault"]], names=["root"]), net=NET) as m:
            m.expect(PROMPT, 90)
            m.expect("disabled", 90)
            m.type("not the key")
            m.expect("no recovery key has", 60)
            m.expect(PROMPT, 60)
            m.type(s.g.recovery.read_text().strip())
            proof(m)
            m.wait_end()
            assert s.g.recovery.read_text().strip() not in m.text, "the key was echoed"
            took(m, "recovery key")
    finally:
        s.g.vault.enable(True)
