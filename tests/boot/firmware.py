# SPDX-License-Identifier: GPL-2.0-or-later
"""What a TPM gives to a machine with Secure Boot, and what it keeps when that is turned off."""
import base64
import re

from suite import PROMPT, deep, proof, same, took

SHELL = "init=/bin/sh rw"
# What the first process of a machine does by itself, where a shell is it.
EFI = "mount -t efivarfs efivarfs /sys/firmware/efi/efivars"


def enrol(m):
    """By the machine itself, whose own choice that policy is where there was no seal: the seal, and its PCR 7."""
    m.expect(r"^# ?$", 300)
    m.type(EFI + "; echo pcr7 $(cat /sys/class/tpm/tpm0/pcr-sha256/7)")
    pcr = m.expect("^pcr7 ([0-9A-F]{64})$", 60).group(1)
    m.type("cd /var/lib/envol/keys; rm boot; /usr/local/sbin/envol key reseal --boot --yes && echo boot $(base64 -w0 boot) end")
    return base64.b64decode(m.expect("^boot ([A-Za-z0-9+/=]{100,}) end$", 120).group(1)).decode(), pcr


@deep
def by_pcr_7_until_secure_boot_is_off(s):
    """Another value of it opens nothing, and is what the console names; the recovery key opens."""
    g, volumes = s.g, s.g.volumes([s.g.keks["service"]], names=["root"])
    # In the running system, whose modules these machines don't have, it is loaded by who needs it.
    with open(g.seed / "etc/initramfs-tools/modules", "a", encoding="ascii") as modules:
        modules.write("efivarfs\n")
    g.make_image(s.kernel, "signed", volumes, SIGNED="1")
    machine = {"initrd": "initrd-signed.img", "vmlinuz": g.dir / "vmlinuz-signed", "tpm": g.tpm}
    with s.guest("enrol", volumes, SHELL, secure_boot=True, **machine) as m:
        seal, enrolled = enrol(m)
        assert "UEFI Secure Boot is enabled" in m.text
    same(re.search("^seal (pcr:7=[0-9a-f]*)", seal, re.M)[1].upper(), f"PCR:7={enrolled}", "what it was sealed to")
    machine["files"] = {"var/lib/envol/keys/boot": seal}
    with s.guest("secure", volumes, secure_boot=True, **machine) as m:
        proof(m, 300)
        m.wait_end()
        took(m, "PCR 7")
    with s.guest("insecure", volumes, secure_boot=False, **machine) as m:
        m.expect(PROMPT, 300)
        m.expect("envol: .*PCR 7 ", 90)
        m.type(s.g.recovery.read_text().strip())
        proof(m)
        m.wait_end()
