# SPDX-License-Identifier: GPL-2.0-or-later
"""Images by the tools that make them, and whole systems that start and end."""
import shutil
import stat

from ground import decrypt
from guest import Guest
from peers import NET
from suite import MASKED, boot, deep, proof, same, took
from tools import BOOT, run as command


@boot
def what_an_initramfs_holds(s):
    """Only what its volumes need; readable for root alone; no secret that nobody allowed."""
    g = s.g
    same(stat.S_IMODE((g.dir / f"initrd-{s.kernel}.img").stat().st_mode), 0o600, "mode of the image")
    held = (g.dir / f"initrd-{s.kernel}.list").read_text()
    for name in "kek/service", "kek/https", "kek/pkcs11", "kek/kmip", "libsofthsm2.so", "keys/boot", "dm-envol.ko":
        assert name in held, f"{name} is missing"
    assert "keys/root\n" not in held, "the seal of the running system is in it"
    g.make_image(s.kernel, "tpm", g.volumes([g.keks["service"]], names=["root"]), DRACUT="1")
    held = (g.dir / "initrd-tpm.list").read_text()
    for name in "kek/https", "kek/pkcs11", "kek/kmip", "libsofthsm2.so", "libcurl", "vault-ca", "client.key", "token.pin":
        assert name not in held, f"{name} is there for nothing"
    kmip = g.volumes([g.keks["kmip"]], names=["root"]).replace("initramfs-secret=clear", "")
    try:
        g.make_image(s.kernel, "refused", kmip)
    except RuntimeError as refused:
        assert "client.key is a secret" in str(refused), refused
    else:
        raise AssertionError("an image with a secret that nobody allowed")


@boot
def by_dracut_with_the_tpm(s):
    g = s.g
    if not (g.dir / "dracut-tpm.img").exists():
        g.make_image(s.kernel, "tpm", g.volumes([g.keks["service"]], names=["root"]), DRACUT="1")
    with s.guest("dracut", s.g.volumes([s.g.keks["service"]], names=["root"]), "init=/usr/local/sbin/proof rw",
                 initrd="dracut-tpm.img", tpm=s.g.tpm) as m:
        proof(m, 200)
        m.wait_end()
        took(m, "dracut, TPM")


@deep
def an_image_for_a_vault_alone(s):
    """There is no TPM, in the machine or in the image."""
    g, volumes = s.g, s.g.volumes([s.g.keks["vault"]], names=["root"]).replace("initramfs-secret=clear", "")
    g.make_image(s.kernel, "alone", volumes)
    held = (g.dir / "initrd-alone.list").read_text()
    assert "kek/https" in held and "vault-ca" in held
    for name in "kek/service", "libtss2", "keys/boot", "tpm_crb", "image/tpm":
        assert name not in held, f"{name} is there for nothing"
    with s.guest("alone", volumes, "init=/usr/local/sbin/proof rw break=bottom", initrd="initrd-alone.img",
                 net=NET) as m:
        m.expect(r"\(initramfs\)", 120)
        m.type("exit")
        proof(m)
        m.wait_end()


@deep
def a_kernel_whose_module_dkms_did_not_build(s):
    """An image that opens by dm-crypt is made with a warning; one that could open nothing is not made."""
    g, volumes = s.g, s.g.volumes([s.g.keks["service"]], names=["root"])
    g.make_image(s.kernel, "without", volumes, WITHOUT="dm-envol", DRACUT="1")
    for log in "update-initramfs.log", "root.log":
        assert "has no module dm-envol, see: dkms status" in (g.dir / log).read_text(), f"{log} does not warn"
    held = (g.dir / "initrd-without.list").read_text()
    assert "dm-crypt.ko" in held and "dm-envol.ko" not in held
    for without, more in ("dm-envol dm-crypt", ""), ("dm-envol", "target=envol"):
        try:
            g.make_image(s.kernel, "refused", g.volumes([g.keks["service"]], names=["root"], more=more), WITHOUT=without)
        except RuntimeError as refused:
            assert "has no module that opens: root" in str(refused), refused
        else:
            raise AssertionError(f"an image without {without} for a volume with {more or 'any target'}")


@deep
def after_a_kernel_upgrade(s):
    """Installed in the running system, whose root its TPM opened; the next start has nobody's help."""
    g, other = s.g, "7.x" if s.kernel != "7.x" else "6.12"
    s.have(other)
    release = command([BOOT / "make-kernel", other, s.out]).strip()
    shutil.copyfile(g.root, g.dir / "written.disk")
    with s.guest("upgrade", g.volumes([g.keks["service"]], names=["root"]), "init=/usr/local/sbin/upgrade rw",
                 disks=("written", "kernel"), writes=True, tpm=g.tpm) as m:
        same(m.expect(r"upgrade: (\d+)", 900).group(1), "0", "exit status of the scripts of a new kernel")
        m.wait_end()
    for name in f"vmlinuz-{release}", f"initrd.img-{release}":
        command(["debugfs", "-R", f"dump /{name} {g.dir / name}", g.dir / "kernel.disk"])
    held = [g.dir / f"{disk}.disk" for disk in ("written", "data")]
    with Guest(g.log / "upgraded.console", g.dir / f"vmlinuz-{release}", g.dir / f"initrd.img-{release}", held,
               "init=/usr/local/sbin/proof rw", tpm=g.tpm) as m:
        facts = proof(m)
        same(facts["kernel"], release, "the kernel that runs")
        assert "data=envol" in facts["mappings"], facts["mappings"]
        m.wait_end()
        took(m, "TPM, after a kernel upgrade")
    (g.dir / "written.disk").unlink()


@deep
def the_units_of_a_running_system_and_its_end(s):
    """tests/boot/units.sh; then the machine ends, and its root file system has no journal to replay."""
    disk, spare = s.g.dir / "written.disk", s.g.dir / "spare.disk"
    shutil.copyfile(s.g.root, disk)
    with open(spare, "wb") as f:
        f.truncate(96 << 20)
    mask = " ".join(f"systemd.mask={unit}" for unit in MASKED)
    volumes = s.g.volumes([s.g.keks["service"]], names=["root"])
    with s.guest("units", volumes, f"systemd.show_status=0 {mask} systemd.wants=units.service", writes=True,
                 disks=("written", "spare"), tpm=s.g.tpm) as m:
        proof(m, 200)
        said = m.expect(r"units: (.*\d+ passed, \d+ failed)", 600).group(1)
        m.wait_end(120)
        assert said.endswith(" 0 failed"), m.text[m.text.index("units: "):][:3000]
    plain = s.g.dir / "written.plain"
    decrypt(disk, plain, s.g.offset, s.g.root_key)
    disk.unlink()
    checked = command(["e2fsck", "-f", "-n", plain])
    assert "journal" not in checked, f"its journal is not empty: {checked}"
    same(command(["debugfs", "-R", "cat /var/tmp/units", plain]).strip(), said, "what it had written last")
    plain.unlink()
