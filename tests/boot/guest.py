# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine in QEMU whose console is read and typed at."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

OVMF = pathlib.Path("/usr/share/OVMF")
SCALE = int(os.environ.get("ENVOL_VM_SCALE", "1"))


def start(command, **options):
    """However this program ends, no child goes on without it."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)], **options)


class Stuck(Exception):
    """The console did not say what was waited for."""


class Guest:
    def __init__(self, log, kernel, initrd, disks, append="", tpm=None, net=None, clock=None, mem="1024",
                 writes=False, under=(), secure_boot=None):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="envol-boot-"))
        self.log = log
        self.text, self.seen = "", 0
        self.began = time.monotonic()
        self.times = []
        self.lock = threading.Condition()
        self.children = []
        command = [*under, "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
                   "-smp", "2", "-m", mem, "-nodefaults", "-display", "none", "-no-reboot",
                   "-serial", "stdio", "-kernel", kernel, "-initrd", initrd,
                   "-append", "console=ttyS0 loglevel=4 no5lvl root=/dev/mapper/root " + append]
        for n, disk in enumerate(disks):
            # What the machine writes is gone with it, unless that is looked at.
            snapshot = "off" if writes else "on"
            command += ["-drive", f"file={disk},format=raw,if=none,id=d{n},snapshot={snapshot},cache=unsafe",
                        "-device", f"virtio-blk-pci,drive=d{n},serial=disk{n}"]
        command += ["-net", "none"] if not net else net
        if clock:
            command += ["-rtc", f"base={clock}"]
        if secure_boot is not None:
            command += self.firmware(secure_boot)
        if tpm:
            shutil.copytree(tpm, self.work / "tpm")
            self.children.append(start(["swtpm", "socket", "--tpm2", "--tpmstate", "dir=tpm",
                                        "--ctrl", "type=unixio,path=ctrl"], cwd=self.work))
            until = time.monotonic() + 20 * SCALE
            while not (self.work / "ctrl").exists() and time.monotonic() < until:
                time.sleep(0.05)
            command += ["-chardev", "socket,id=tpm,path=ctrl", "-tpmdev", "emulator,id=tpm,chardev=tpm",
                        "-device", "tpm-crb,tpmdev=tpm"]
        self.qemu = start(command, cwd=self.work, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
        self.children.append(self.qemu)
        threading.Thread(target=self.read, daemon=True).start()

    def firmware(self, has_keys):
        """UEFI, with Secure Boot by keys that are for tests; without any it is off, by the same firmware."""
        variables = self.work / "variables"
        shutil.copyfile(OVMF / ("OVMF_VARS_4M.snakeoil.fd" if has_keys else "OVMF_VARS_4M.fd"), variables)
        return ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on",
                "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF}/OVMF_CODE_4M.secboot.fd",
                "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]

    def read(self):
        with open(self.log, "wb") as log:
            while chunk := os.read(self.qemu.stdout.fileno(), 4096):
                log.write(chunk)
                log.flush()
                with self.lock:
                    self.text += chunk.decode(errors="replace").replace("\r", "")
                    self.times.append((len(self.text), time.monotonic()))
                    self.lock.notify_all()
        with self.lock:
            self.lock.notify_all()

    def expect(self, pattern, seconds=60):
        """What the console says next, from where the last one ended."""
        until = time.monotonic() + seconds * SCALE
        with self.lock:
            while True:
                found = re.compile(pattern, re.M).search(self.text, self.seen)
                if found:
                    self.seen = found.end()
                    return found
                left = until - time.monotonic()
                if left <= 0 or self.qemu.poll() is not None:
                    ended = " and it ended" if self.qemu.poll() is not None else ""
                    raise Stuck(f"no “{pattern}” within {seconds} s{ended}")
                self.lock.wait(min(left, 1))

    def when(self, pattern):
        """Seconds from power on to the first line like that; None: there was none."""
        found = re.compile(pattern, re.M).search(self.text)
        if not found:
            return None
        return next(at for end, at in self.times if end >= found.end()) - self.began

    def type(self, text):
        self.qemu.stdin.write(text.encode() + b"\n")
        self.qemu.stdin.flush()

    def interrupt(self):
        self.qemu.stdin.write(b"\x03")
        self.qemu.stdin.flush()

    def wait_end(self, seconds=60):
        self.qemu.wait(seconds * SCALE)

    def stop(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
            child.wait()
        shutil.rmtree(self.work, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
