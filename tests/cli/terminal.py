#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""terminal.py ANSWERS COMMAND… - run a command on a terminal of its own.

ANSWERS is typed line by line, each when the program has asked (": " is the last that it
printed); "^C" and "^Z" type those. Prints what a person would see, says if the terminal was
left without echo or a question was never asked, and exits as the command did.
"""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios

KEYS = {"^C": b"\x03", "^Z": b"\x1a"}
answers = [a for a in sys.argv[1].split("\n") if a]
terminal, line = pty.openpty()
child = subprocess.Popen(sys.argv[2:], stdin=line, stdout=line, stderr=line, start_new_session=True,
                         preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
seen = b""
asked = 0
while True:
    ended = child.poll() is not None
    if select.select([terminal], [], [], 0.05)[0]:
        seen += os.read(terminal, 4096)
    elif ended:
        break
    elif answers and len(seen) > asked and seen.endswith(b": "):
        asked = len(seen)
        answer = answers.pop(0)
        os.write(terminal, KEYS.get(answer) or answer.encode() + b"\n")
        if answer == "^Z":
            asked = 0

print(seen.decode(errors="replace").replace("\r\n", "\n"), end="")
if not termios.tcgetattr(line)[3] & termios.ECHO:
    print("THE TERMINAL IS LEFT WITHOUT ECHO")
if answers:
    print(f"NEVER ASKED FOR {len(answers)} MORE")
if child.returncode < 0:
    print(f"ENDED BY SIGNAL {-child.returncode}")
sys.exit(child.returncode if child.returncode >= 0 else 128 - child.returncode)
