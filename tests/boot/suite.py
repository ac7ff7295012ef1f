# SPDX-License-Identifier: GPL-2.0-or-later
"""What every boot here starts from, and what it is asked."""
import os
import pathlib
import re
import time

from ground import Ground, write
from guest import Guest
from tools import BOOT, TESTS, run as command

BOOTS, DEEP = [], os.environ.get("ENVOL_DEEP") == "1"
PROMPT = r"Recovery key of volume root"
# What a whole system starts and this suite does not look at.
MASKED = ("e2scrub_reap e2scrub_all.timer fstrim.timer dpkg-db-backup.timer getty-static "
          "systemd-tmpfiles-clean.timer dracut-shutdown systemd-update-utmp getty@tty1").split()


def boot(function):
    BOOTS.append(function)
    return function


def deep(function):
    function.deep = True
    return boot(function)


def same(got, expected, what):
    assert got == expected, f"{what}: {got!r} where {expected!r} was expected"


class Suite:
    def __init__(self, options):
        self.options, self.out = options, pathlib.Path(options.out).resolve()
        self.kernel = options.kernel
        self.g = Ground(self.out)

    def prepare(self):
        began = time.monotonic()
        self.have(self.kernel)
        g = self.g
        g.start_peers()
        g.make_volumes()
        g.stop_tpm()
        write_files(g)
        g.make_root(self.kernel)
        g.fill_root()
        print(f"# the ground took {time.monotonic() - began:.0f} s", flush=True)

    def have(self, kernel):
        command([TESTS / "vm" / "fetch", kernel])
        command([TESTS / "vm" / "build-module", kernel, self.out])

    def guest(self, name, volumes, append="init=/usr/local/sbin/proof rw", initrd=None, disks=("root",), files=None,
              kernel=None, vmlinuz=None, **options):
        g, kernel = self.g, kernel or self.kernel
        initrd = g.initrd(initrd or f"initrd-{kernel}.img", name, volumes, files)
        home = command(["bash", "-c", f". {TESTS}/vm/common.sh; kernel_dir {kernel}"]).strip()
        return Guest(g.log / f"{name}.console", vmlinuz or f"{home}/vmlinuz", initrd,
                     [g.dir / f"{disk}.disk" for disk in disks], append, **options)


def write_files(g):
    """What the administrator of the machine wrote; the hook reads it."""
    write(g.seed / "etc/fstab", "/dev/mapper/root / ext4 defaults 0 1\n", 0o644)
    write(g.seed / "usr/local/sbin/units", (BOOT / "units.sh").read_text(), 0o755)
    write(g.seed / "etc/hostname", "envol-boot\n", 0o644)
    write(g.seed / "etc/envol/volumes", g.volumes(g.keks.values(), [g.keks["service"], g.keks["kmip"]]))


def proof(m, seconds=120):
    """What the booted machine says, as a dictionary; it ended by itself."""
    m.expect("proof: root", seconds)
    m.expect("proof: end", 60)
    facts = dict(re.findall(r"proof: (\w+) ?(.*)$", m.text, re.M))
    same(facts["root"], "/dev/mapper/root", "what is mounted on /")
    assert "root=envol,aes-xts-plain64" in facts["mappings"], facts["mappings"]
    same(facts["left"], "", "what still runs of the initramfs")
    same(facts["address"].strip(), "", "addresses that are left")
    assert not facts["pcr"] or facts["pcr"].strip("0"), "the TPM still gives what it sealed for the boot: PCR 13 is zero"
    same(facts["run"].strip(), "", "what is left in /run")
    return facts


def took(m, name):
    """Never asserted: other things run on the machine that measures."""
    began, opened = m.when(r"local-top|Recovery key"), m.when("volume root is open|proof: root")
    if began and opened:
        print(f"# {name}: at the console after {began:.1f} s, root was open {opened - began:.1f} s later", flush=True)
