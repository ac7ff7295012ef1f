# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine for stock tools: in a mount namespace of our own envol is installed as
`make install` does it, with an empty /etc/envol and /var/lib, and nothing of it outlives
the test. Tests are functions that are called with it, and their results are TAP."""
import hashlib
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
import traceback

TOP = pathlib.Path(__file__).resolve().parents[2]
O = pathlib.Path(os.environ["O"]).resolve()
PLUGINS = "/lib/x86_64-linux-gnu/cryptsetup"
VOLUMES = pathlib.Path("/etc/envol/volumes")
CONFIG = pathlib.Path("/etc/envol/envol.conf")
TESTS = []


class Failure(Exception):
    pass


def test(function):
    TESTS.append(function)
    return function


def check(condition, why):
    if not condition:
        raise Failure(why)


class Result:
    def __init__(self, status, text):
        self.status, self.text = status, text

    def has(self, *words):
        for word in words:
            check(word in self.text, f"no \"{word}\" in: {self.text}")
        return self

    def lacks(self, word):
        check(word not in self.text, f"\"{word}\" in: {self.text}")
        return self


def run(*words, status=0, stdin=None):
    """A program without a terminal; @status None takes any but a signal."""
    done = subprocess.run([str(w) for w in words], input=stdin, text=True, timeout=120,
                          stdin=None if stdin is not None else subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    wanted = done.returncode >= 0 if status is None else done.returncode == status
    check(wanted, f"{' '.join(map(str, words))}: exit {done.returncode}: {done.stdout}")
    return Result(done.returncode, done.stdout)


def run_at_terminal(*words, status=0, answers=()):
    """The same as somebody would type it, who answers to what is asked: (question, answer)."""
    said, answers, seen = bytearray(), list(answers), 0
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(words[0], [str(w) for w in words])
    while True:
        if not select.select([terminal], [], [], 120)[0]:
            os.kill(pid, signal.SIGKILL)
            raise Failure(f"{' '.join(map(str, words))}: waits, having said: {said.decode()}")
        try:
            data = os.read(terminal, 4096)
        except OSError:
            break
        if not data:
            break
        said += data
        at = said.find(answers[0][0].encode(), seen) if answers else -1
        if at >= 0:
            seen = len(said)
            # What is typed before the echo is off is thrown away.
            while termios.tcgetattr(terminal)[3] & termios.ECHO:
                time.sleep(0.01)
            os.write(terminal, (answers.pop(0)[1] + "\n").encode())
    os.close(terminal)
    got = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    check(not answers, f"{' '.join(map(str, words))}: not asked for {answers}: {said.decode()}")
    check(status in (None, got), f"{' '.join(map(str, words))}: exit {got}: {said.decode()}")
    return Result(got, said.decode())


def token_open(disk, *words, status=0):
    return run("cryptsetup", "open", "-v", "--test-passphrase", "--token-only", *words, disk,
               status=status)


class Volume:
    """An image file with a volume under service keys, made by envol itself."""

    def __init__(self, path, keks, *options):
        self.path = path
        self.head = options[options.index("--header") + 1] if "--header" in options else path
        with open(path, "wb") as image:
            image.truncate(8 << 20)
        words = [w for kek in keks for w in ("--kek", kek)]
        said = run("envol", "format", path, "--yes", *words, *options).text
        self.id = re.search(r"\b[0-9a-f]{32}\b", said[said.index("fingerprint"):])[0]
        self.uuid = run("cryptsetup", "luksUUID", self.head).text.strip()
        self.keks = keks
        self.good = self.header()

    def header(self):
        with open(self.head, "rb") as image:
            return image.read(4 << 20)

    def digest(self):
        return hashlib.sha256(self.header()).hexdigest()

    def restore(self):
        with open(self.head, "r+b") as image:
            image.write(self.good)

    def line(self, name="data", device=None, keks=None, id=None):
        uris = " ".join(f"kek={k}" for k in keks or self.keks)
        return f"{name} {device or 'UUID=' + self.uuid} id={id or self.id} {uris}\n"


class Place:
    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="envol-token-"))
        root = self.dir / "root"
        run("flock", O / "install.lock", "make", "-s", "-C", TOP, f"O={O}", f"DESTDIR={root}", "install-files")
        shutil.copytree("/etc", self.dir / "etc", symlinks=True,
                        ignore=shutil.ignore_patterns("envol"))
        shutil.copytree(root / "etc/envol", self.dir / "etc/envol")
        run("mount", "--bind", str(root) + PLUGINS, PLUGINS)
        run("mount", "--bind", root / "usr/local", "/usr/local")
        run("mount", "--bind", self.dir / "etc", "/etc")
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/lib")
        CONFIG.write_text("[defaults]\ntpm = none\n")

    def volume(self, name="image", keks=("service:first",), options=(), anew=True):
        """One that the table has, and alone; on a host that is as new unless not @anew."""
        if anew:
            CONFIG.write_text("[defaults]\ntpm = none\n")
            shutil.rmtree("/var/lib/envol", ignore_errors=True)
            for key in "first", "second", "third", "other":
                run("envol", "key", "create", key)
        volume = Volume(self.dir / name, keks, *options)
        VOLUMES.write_text(volume.line())
        return volume

    def close(self):
        run("umount", "/var/lib", "/etc", "/usr/local", PLUGINS)
        shutil.rmtree(self.dir)


def main():
    """In a namespace of our own, which is made by starting anew in it."""
    if os.environ.get("ENVOL_TOKEN_PLACE") != "yes":
        os.environ["ENVOL_TOKEN_PLACE"] = "yes"
        os.environ["PATH"] = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", *sys.argv])
    words, failed = sys.argv[1:], 0
    place = Place()
    tests = [t for t in TESTS if not words or any(w in t.__name__ for w in words)]
    print(f"1..{len(tests)}")
    for number, function in enumerate(tests, 1):
        try:
            function(place)
            print(f"ok {number} {function.__name__}", flush=True)
        except Exception as why:
            failed = 1
            for line in str(why).splitlines() or [repr(why)]:
                print("#", line)
            if not isinstance(why, Failure):
                traceback.print_exc()
            print(f"not ok {number} {function.__name__}", flush=True)
    place.close()
    sys.exit(failed)
