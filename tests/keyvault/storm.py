# SPDX-License-Identifier: GPL-2.0-or-later
"""A boot storm in simulated time: hosts that all want their volume open, and one vault with the
published limits. The hosts' retries are run.c's own (storm.c), the limits are the double's
(double/limits.py); the network and the time that the service takes are made up (LATENCY_S).
`storm.py --update` writes the table and the plot of Documentation/scale.md."""
import ctypes
import errno
import heapq
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
from double.limits import PUBLISHED, WINDOW, Limits  # noqa: E402

LATENCY_S = 0.02, 0.08      # a request, there and back
BOOTS_S = 10                # all power comes back within that


class Policy:
    """The hosts' side, as compiled from the C sources."""

    def __init__(self):
        with tempfile.TemporaryDirectory() as directory:
            made = os.path.join(directory, "storm.so")
            subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu11", "-D_GNU_SOURCE", "-I.",
                            "-O2", "-fPIC", "-shared", "-fvisibility=hidden",
                            "-ffunction-sections", "-Wl,--gc-sections",
                            os.path.join(HERE, "storm.c"),
                            "userspace/lib/base/deadline.c", "-o", made], cwd=TOP, check=True)
            self.c = ctypes.CDLL(made)
        self.c.storm_seed.argtypes = [ctypes.c_uint64]
        self.c.storm_worth_retrying.restype = ctypes.c_bool
        assert self.c.storm_worth_retrying(-errno.EAGAIN), "run.c gives up when it is throttled"
        with open(os.path.join(TOP, "userspace/lib/envol.c")) as f:
            self.timeout_s = int(re.search(r"#define DEFAULT_TIMEOUT_MS (\d+)",
                                           f.read()).group(1)) / 1000
        with open(os.path.join(TOP, "userspace/lib/provider/keyvault/refusal.c")) as f:
            self.throttled_s = int(re.search(r"#define THROTTLED_S\s+(\d+)", f.read()).group(1))

    def seed(self, seed):
        self.c.storm_seed(seed)

    def pause(self, tries, retry_after_s):
        return self.c.storm_pause_ms(tries, retry_after_s) / 1000


class Storm:
    """hosts; the key's (size, on an HSM); spread: seconds within which unattended opens begin;
    throttled_s: at least how long a host waits that was refused, None for what C has."""

    def __init__(self, policy, hosts, key, spread=0, retry_after=None, seed=1, timeout_s=None,
                 throttled_s=None, until_s=7200):
        self.policy, self.hosts, self.key, self.spread = policy, hosts, key, spread
        self.timeout_s, self.retry_after = timeout_s or policy.timeout_s, retry_after
        self.throttled_s = policy.throttled_s if throttled_s is None else throttled_s
        self.until_s, self.random = until_s, random.Random(seed)
        policy.seed(seed)
        self.limits = Limits()
        self.limits.set("published", retry_after)
        self.bound_s = hosts / (PUBLISHED[key] / WINDOW)
        self.requests = self.refused = self.again = 0
        self.opened, self.waited, self.events = [], [], []

    def begin(self, host, now):
        """An open: its deadline runs from its first try, after its place in the spread."""
        start = now + self.random.uniform(0, self.spread)
        heapq.heappush(self.events, (start, host, 1, start + self.timeout_s))

    def run(self):
        first = []
        for host in range(self.hosts):
            first.append(self.random.uniform(0, BOOTS_S))
            self.begin(host, first[host])
        kty = "RSA-HSM" if self.key[1] else "RSA"
        while self.events:
            now, host, tries, deadline = heapq.heappop(self.events)
            if now > self.until_s:
                break
            self.requests += 1
            wait = self.limits.take(now, "key", kty, self.key[0])
            done = now + self.random.uniform(*LATENCY_S)
            if wait is None:
                self.opened.append(done)
                self.waited.append(done - first[host])
                continue
            self.refused += 1
            said = max(1, int(wait + 0.999)) if self.retry_after == "real" else 0
            pause = self.policy.pause(tries, max(said, self.throttled_s))
            if deadline - done <= pause:    # as try_until: exit code 6, and whoever started
                self.again += 1             # the open starts it once more
                self.begin(host, done)
            else:
                heapq.heappush(self.events, (done + pause, host, tries + 1, deadline))
        self.opened.sort()
        return self

    @property
    def total_s(self):
        return self.opened[-1] if len(self.opened) == self.hosts else None

    @property
    def wasted(self):
        return self.refused / self.requests


HSM_4096, SOFTWARE_2048 = (4096, True), (2048, False)
SPREAD_4096, SPREAD_2048 = 480, 30   # a fifth more than the bound
SCENARIOS = [   # a letter for the plot, what it is, and how
    ("A", "4096-bit HSM key, `spread = 480`", {"key": HSM_4096, "spread": SPREAD_4096}),
    ("B", "the same, the vault says Retry-After",
     {"key": HSM_4096, "spread": SPREAD_4096, "retry_after": "real"}),
    ("C", "2048-bit software key, `spread = 30`",
     {"key": SOFTWARE_2048, "spread": SPREAD_2048}),
    ("D", "4096-bit HSM key, no spread, `timeout = 3600`",
     {"key": HSM_4096, "timeout_s": 3600}),
    ("E", "4096-bit HSM key, no spread, pauses of 0.2 to 5 s (as they were), after a minute",
     {"key": HSM_4096, "throttled_s": 0, "timeout_s": 3600, "until_s": 60}),
]
HOSTS = 10000


def table(runs):
    lines = ["| | 10,000 hosts | bound | all open after | refused | longest wait |",
             "|---|---|---|---|---|---|"]
    for (letter, what, _), at in zip(SCENARIOS, runs):
        total = f"{at.total_s:.0f} s" if at.total_s else f"never: {len(at.opened)} are open"
        longest = f"{max(at.waited):.0f} s" if at.total_s else "no end"
        lines.append(f"| {letter} | {what} | {at.bound_s:.0f} s | {total} | "
                     f"{at.wasted * 100:.1f} % | {longest} |")
    return "\n".join(lines) + "\n"


PLOT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 400" font-family="sans-serif"
 font-size="13"><rect width="720" height="400" fill="white"/>
<g stroke="#bbb">{grid}</g>
{labels}
<text x="370" y="392" text-anchor="middle">seconds after power came back</text>
<text x="380" y="18" text-anchor="middle">thousands of volumes open</text>
{curves}
</svg>
"""
COLOURS = "#0b6e4f", "#c44900", "#1d4e89", "#7a3e9d", "#b00020"
RIGHT_S = 1800


def plot(runs):
    """Volumes open over time, a curve a scenario; grey and broken, what the limit allows."""
    def at(seconds, opened):
        return f"{60 + seconds / RIGHT_S * 640:.1f},{360 - opened / HOSTS * 330:.1f}"
    grid = "".join(f'<path d="M{at(0, n)} L{at(RIGHT_S, n)}"/>' for n in range(0, HOSTS + 1, 2000))
    labels = "".join(f'<text x="52" y="{364 - n / HOSTS * 330:.0f}" text-anchor="end">{n // 1000}'
                     "</text>" for n in range(0, HOSTS + 1, 2000))
    labels += "".join(f'<text x="{60 + s / RIGHT_S * 640:.0f}" y="376" text-anchor="middle">{s}'
                      "</text>" for s in range(0, RIGHT_S + 1, 300))
    curves = "".join(
        f'<path d="M{at(0, 0)} L{at(bound, HOSTS)}" stroke="#888" stroke-dasharray="4 4"/>'
        for bound in sorted({run.bound_s for run in runs}))
    for (letter, _, _), run, colour in zip(SCENARIOS, runs, COLOURS):
        step = max(1, len(run.opened) // 100)
        points = [at(time, n + 1) for n, time in enumerate(run.opened) if n % step == 0]
        end = run.opened[-1] if run.total_s else RIGHT_S
        points.append(at(end, len(run.opened)))
        x, y = (float(part) for part in points[-1].split(","))
        x += 14 if letter == "B" else -4    # it lies on A
        curves += (f'<path d="M{" L".join(points)}" fill="none" stroke="{colour}" '
                   f'stroke-width="2"/><text x="{x:.0f}" y="{y - 4:.0f}" '
                   f'fill="{colour}" text-anchor="end">{letter}</text>\n')
    return PLOT.format(grid=grid, labels=labels, curves=curves)


def run_all():
    policy = Policy()
    return [Storm(policy, HOSTS, **how).run() for _, _, how in SCENARIOS]


PAGE = os.path.join(TOP, "Documentation/scale.md")
DRAWING = os.path.join(TOP, "Documentation/scale.svg")
TABLE = re.compile(r"(?<=<!-- storm.py -->\n).*?(?=<!-- -->)", re.S)

if __name__ == "__main__":
    storms = run_all()
    print(table(storms), end="")
    if sys.argv[1:] == ["--update"]:
        with open(PAGE) as f:
            page = TABLE.sub(lambda _: table(storms), f.read())
        with open(PAGE, "w") as f:
            f.write(page)
        with open(DRAWING, "w") as f:
            f.write(plot(storms))
