# SPDX-License-Identifier: GPL-2.0-or-later
"""Small things that boot tests share."""
import pathlib
import socket
import subprocess
import time

from guest import SCALE

BOOT = pathlib.Path(__file__).resolve().parent
TESTS = BOOT.parent


def run(command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit status {done.returncode}\n"
                           f"{done.stdout}{done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, done, seconds=30):
    end = time.monotonic() + seconds * SCALE
    while not done():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} does not come up")
        time.sleep(0.1)


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0
