# SPDX-License-Identifier: GPL-2.0-or-later
"""What boot tests stand on: volumes with a Debian in one of them, who holds their keys, an
initramfs.

The machine that builds needs no device-mapper: a volume is formatted as a file, and its data
is encrypted here, by Python's OpenSSL."""
import json
import os
import shutil
import stat
import subprocess

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from guest import start
from peers import HOST, Kmip, SoftHsm, Vault
from tools import BOOT, free_port, listens, run, until

ROOT_SIZE = 400 << 20
UNIT = 4096
HERE = "127.0.0.1"
TPM_PIN = "71-lanterns"


def transform(source, sink, key, encrypts):
    """As aes-xts-plain64 with data units of 4096 bytes: the tweak counts sectors."""
    sector = 0
    while block := source.read(UNIT):
        xts = Cipher(algorithms.AES(key), modes.XTS(sector.to_bytes(16, "little")))
        sink.write((xts.encryptor() if encrypts else xts.decryptor()).update(block))
        sector += UNIT // 512


def encrypt(plain, volume, offset, key):
    with open(plain, "rb") as source, open(volume, "r+b") as sink:
        sink.seek(offset)
        transform(source, sink, key, True)


def decrypt(volume, plain, offset, key):
    with open(volume, "rb") as source, open(plain, "wb") as sink:
        source.seek(offset)
        transform(source, sink, key, False)


def ini(sections):
    return "".join(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
                   for name, keys in sections.items())


def write(path, text, mode=0o600):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


class Ground:
    def __init__(self, out):
        self.out = out
        self.dir = out / "boot"
        shutil.rmtree(self.dir, ignore_errors=True)
        self.log = self.dir / "log"
        self.log.mkdir(parents=True)
        self.seed = self.dir / "seed"
        shutil.copytree(BOOT / "seed", self.seed, symlinks=True)
        (self.seed / "etc" / "envol").mkdir()
        self.tpm, self.root, self.data = self.dir / "tpm", self.dir / "root.disk", self.dir / "data.disk"
        self.recovery = self.dir / "recovery-key"
        self.peers, self.ids, self.uuids = [], {}, {}

    # ---- what envol is told

    def envol(self, *words):
        return run([self.out / "envol", "--config", self.dir / "host.conf", *words])

    def settings(self, host, defaults):
        sections = {"defaults": defaults}
        for peer in self.holders:
            sections.update(peer.settings(host))
        return ini(sections)

    def volumes(self, root=(), data=(), more="", names=("root", "data")):
        """The table: the volumes and by which KEKs."""
        keks = {"root": root, "data": data}
        return "".join(
            f"{name} UUID={self.uuids[name]} id={self.ids[name]} initramfs initramfs-secret=clear {more}\n"
            + "".join(f"  kek={kek}\n" for kek in keks[name]) for name in names)

    # ---- who holds the keys

    def start_peers(self):
        self.tpm.mkdir()
        port = free_port()
        self.swtpm = start(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.tpm}",
                            "--server", f"type=tcp,port={port}", "--ctrl", f"type=tcp,port={port + 1}",
                            "--flags", "not-need-init,startup-clear"])
        until("swtpm", lambda: listens(port + 1))
        self.vault, self.kmip, self.hsm = Vault(), Kmip(), SoftHsm(self.seed)
        self.holders = [self.vault, self.kmip, self.hsm]
        self.state = self.seed / "var" / "lib" / "envol"
        self.state.mkdir(parents=True, mode=0o700)
        write(self.dir / "host.conf", self.settings(HERE, {
            "keystore": self.state / "keys", "state": self.dir / "state",
            "tpm": f"swtpm:host=127.0.0.1,port={port}"}))
        for peer in self.holders:
            for name, text in peer.files().items():
                write(self.seed / name, text)
        self.guest_settings = self.settings(HOST, {})
        write(self.seed / "etc" / "envol" / "envol.conf", self.guest_settings)

    def stop_tpm(self):
        """From now on the machine that boots has it."""
        self.swtpm.terminate()
        self.swtpm.wait()

    # ---- volumes

    def make_volumes(self):
        self.envol("key", "create", "service:root")
        for kek in self.vault.kek, self.hsm.kek:
            self.envol("key", "create", kek)
        self.keks = {"service": "service:root", "vault": self.vault.kek, "kmip": self.kmip.kek, "hsm": self.hsm.kek}
        self.format("root", self.root, ROOT_SIZE, self.keks.values())
        self.format("data", self.data, 4 << 20, [self.keks["service"], self.keks["kmip"], self.keks["vault"]])
        pin = self.dir / "pin"
        write(pin, TPM_PIN)
        self.envol("key", "reseal", "--boot", "--policy", "pin", "--new-pin-file", pin, "--yes")
        self.seal_with_pin = (self.state / "keys/boot").read_text()
        self.envol("key", "reseal", "--boot", "--policy", "none", "--yes")
        sealed = self.dir / "vault.secret.boot"
        self.envol("credential", "seal", "--boot", "--policy", "none", "https.client_secret_file",
                   self.vault.double.secret_file, sealed)
        self.sealed_secret = sealed.read_text()

    def format(self, name, disk, size, keks):
        with open(disk, "wb") as f:
            f.truncate((4 << 20) + size)
        words = [word for kek in keks for word in ("--kek", kek)]
        if name == "root":
            words += ["--recovery-key-file", self.recovery]
        said = json.loads(self.envol("--json", "format", disk, "--sector-size", str(UNIT), "--yes", *words))
        volume = said["volume"]
        self.ids[name], self.uuids[name] = volume["fingerprint"], volume["uuid"]
        self.offset = volume["data_offset"]

    def fill_root(self):
        key, passphrase = self.dir / "dek", self.dir / "passphrase"
        write(passphrase, self.recovery.read_text().strip())
        run(["cryptsetup", "luksDump", "--dump-volume-key", "--volume-key-file", key, "--key-file",
             passphrase, "--batch-mode", self.root])
        self.root_key = key.read_bytes()
        encrypt(self.dir / "root.img", self.root, self.offset, self.root_key)
        key.unlink()

    # ---- what boots

    def make_root(self, kernel, size=ROOT_SIZE, **environment):
        run([BOOT / "make-root", kernel, self.out, self.seed, str(size)], env=dict(os.environ, **environment))

    def make_image(self, kernel, name, volumes, **environment):
        """Another initramfs, NAME's, of a machine with that table."""
        write(self.seed / "etc/envol/volumes", volumes)
        self.make_root(kernel, 0, NAME=name, **environment)

    def initrd(self, kind, name, volumes, files=None):
        """A copy with another table and more files: what comes later in the image counts."""
        top = self.dir / f"over-{name}"
        write(top / "etc/envol/volumes", volumes)
        for path, text in (files or {}).items():
            write(top / path, text)
        here = top / "usr/local/libexec/envol/initramfs/image"
        names = [line.split()[0] for line in volumes.splitlines() if line[0] != " "]
        write(here / "names", "".join(f"{name}\n" for name in names))
        is_remote = "https:" in volumes or "kmip:" in volumes
        write(here / "network", "yes\n" if is_remote and not kind.startswith("dracut") else "")
        packed = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=top, check=True,
                                input="\n".join(sorted(str(p.relative_to(top)) for p in top.rglob("*"))).encode(),
                                stdout=subprocess.PIPE).stdout
        base = (self.dir / kind).read_bytes()
        path = self.dir / f"{name}.initrd"
        path.write_bytes(base + bytes(-len(base) % 512) + packed)
        path.chmod(stat.S_IRUSR)
        return path

    def stop(self):
        for peer in getattr(self, "holders", []):
            peer.stop()
        if self.swtpm.poll() is None:
            self.stop_tpm()
