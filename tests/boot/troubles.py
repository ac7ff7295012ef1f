# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong while a machine starts, and what is then on its console."""
import re
import sys
import time

from peers import NET
from suite import PROMPT, boot, deep, proof, same
from tools import TESTS

sys.path.insert(0, str(TESTS / "generators"))
import luks2  # noqa: E402  pylint: disable=wrong-import-position


def gives_nothing(m):
    """The TPM, to who types at this shell."""
    m.type("cat /sys/class/tpm/tpm0/pcr-sha256/13; ls /dev/mapper; echo listed")
    assert m.expect("^[0-9A-F]{64}$", 30)[0].strip("0"), "PCR 13 is still zero"
    before = m.seen
    m.expect("^listed$", 30)
    same(re.findall("^(root|data)$", m.text[before:m.seen], re.M), [], "volumes that are still open")
    m.type("envol key show service:root; envol boot open root")
    m.expect("envol: error.*PCR 13 is not what it was", 60)


@boot
def a_header_that_was_changed_is_refused_and_nobody_is_asked(s):
    """What the TPM gives, the shell that follows can't have."""
    disk = s.g.dir / "changed.disk"
    with open(s.g.root, "rb") as good, open(disk, "wb") as bad:
        bad.write(good.read(s.g.offset))
        bad.truncate(s.g.root.stat().st_size)
    header = luks2.Header(disk)
    header.json["segments"]["0"]["sector_size"] = 512
    header.write()
    # Debian's own script knows the volume too, and would ask.
    crypttab = {"cryptroot/crypttab": f"root UUID={s.g.uuids['root']} none luks,initramfs\n"}
    with s.guest("changed", s.g.volumes([s.g.keks["service"]], names=["root"]), disks=("changed",), files=crypttab,
                 tpm=s.g.tpm) as m:
        m.expect("nobody is asked for a key", 120)
        refused = len(m.text)
        m.expect(r"\(initramfs\)", 60)
        time.sleep(3)
        assert not re.search("unlock disk|Recovery key", m.text[refused:]), m.text[refused:]
        gives_nothing(m)
        m.type("exit")
        m.expect("was refused", 60)
        m.expect(r"\(initramfs\)", 30)
        assert "unlock disk" not in m.text


@deep
def after_a_shell_all_volumes_are_tried_again(s):
    """The shell for one volume closes the other, which a TPM opened; leaving it asks for both."""
    with s.guest("shell", s.g.volumes([s.g.keks["service"]], [s.g.keks["vault"]], more="timeout=10"),
                 disks=("root", "data"), tpm=s.g.tpm) as m:
        m.expect("Recovery key of volume data", 120)
        m.interrupt()
        m.expect("volume root is closed before the shell", 60)
        m.expect(r"\(initramfs\)", 60)
        m.type("ls /dev/mapper; exit")
        m.expect(PROMPT, 60)
        m.type(s.g.recovery.read_text().strip())
        m.expect("Recovery key of volume data", 60)
        m.interrupt()
        m.expect("going on without volume data", 60)
        facts = proof(m)
        assert "data=" not in facts["mappings"], facts["mappings"]


@deep
def nobody_at_the_console_and_panic(s):
    """The vault stays away: the machine starts anew by itself, as panic= says."""
    s.g.vault.down()
    try:
        with s.guest("panic", s.g.volumes([s.g.keks["vault"]], names=["root"], more="timeout=20"),
                     "init=/usr/local/sbin/proof rw panic=5", net=NET) as m:
            m.expect(PROMPT, 90)
            m.expect("Rebooting automatically due to panic=", 240)
            m.wait_end()
            assert "(initramfs)" not in m.text
    finally:
        s.g.vault.up()


@deep
def a_root_that_does_not_mount_and_a_shell(s):
    """What the TPM has opened is closed before the shell; with panic= there is no shell."""
    volumes, append = s.g.volumes([s.g.keks["service"]], names=["root"]), "root=/dev/mapper/absent rw"
    with s.guest("rescue", volumes, append, tpm=s.g.tpm) as m:
        m.expect("volume root is open", 120)
        m.expect("volume root is closed before the shell", 120)
        m.expect(r"\(initramfs\)", 60)
        gives_nothing(m)
    with s.guest("rescue-panic", volumes, append + " panic=5", tpm=s.g.tpm) as m:
        m.expect("volume root is open", 120)
        m.expect("Rebooting automatically due to panic=", 120)
        m.wait_end()
        assert "(initramfs)" not in m.text


@deep
def a_shell_before_anything(s):
    """Its TPM is shut as early as that, and the boot that goes on wants the recovery key."""
    with s.guest("top", s.g.volumes([s.g.keks["service"]], names=["root"]),
                 "init=/usr/local/sbin/proof rw break=top", tpm=s.g.tpm) as m:
        m.expect(r"\(initramfs\)", 120)
        m.type("cat /sys/class/tpm/tpm0/pcr-sha256/13")
        assert m.expect("^[0-9A-F]{64}$", 30)[0].strip("0"), "PCR 13 is still zero"
        m.type("exit")
        m.expect(PROMPT, 90)
        m.expect("PCR 13 is not what it was", 60)
        m.type(s.g.recovery.read_text().strip())
        proof(m)
        m.wait_end()
