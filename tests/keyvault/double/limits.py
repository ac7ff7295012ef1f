# SPDX-License-Identifier: GPL-2.0-or-later
"""The published service limits: transactions of a vault within any ten seconds. Pure: the
caller says what time it is, so that a simulation can use the same code."""
from collections import deque

WINDOW = 10.0
# (key size, on an HSM): what one vault takes in a window, creations apart.
PUBLISHED = {(2048, True): 2000, (3072, True): 500, (4096, True): 250,
             (2048, False): 4000, (3072, False): 1000, (4096, False): 500}
CREATE = {True: 10, False: 20}
OTHER = 4000  # whatever has no key


def budget(kty, size, creating):
    hsm = kty.endswith("-HSM")
    if creating:
        return CREATE[hsm]
    if kty.startswith("RSA"):
        return PUBLISHED[size, hsm]
    return PUBLISHED[2048, hsm]


class Window:
    """Requests of unlike cost share one window: each takes its part of the whole, so that one
    on a 4096-bit HSM key weighs what eight on a 2048-bit one do."""

    def __init__(self, window=WINDOW, count_refused=True, sliding=True):
        self.window, self.count_refused, self.sliding = window, count_refused, sliding
        self.used, self.taken = 0.0, deque()

    def _expire(self, now):
        if self.sliding:
            start = now - self.window
        else:
            start = now // self.window * self.window
        while self.taken and self.taken[0][0] < start:
            self.used -= self.taken.popleft()[1]
        if not self.taken:
            self.used = 0.0

    def take(self, now, limit):
        """None, or for how many seconds there is no room."""
        self._expire(now)
        cost = 1.0 / limit
        refused = self.used + cost > 1.0 + 1e-9
        if not refused or (self.count_refused and self.used < 1.0 + self._overdraft(limit)):
            self.taken.append((now, cost))
            self.used += cost
        if not refused:
            return None
        return max(0.0, self.taken[0][0] + self.window - now) if self.sliding else \
            self.window - now % self.window

    @staticmethod
    def _overdraft(limit):
        # Refused requests count, but not without end: a fleet that asks too often must
        # still get through once it slows down.
        return 10.0 / limit


class Limits:
    """mode: "off"; "published"; or {"limit": N, "window": S} for one small window over all
    requests. retry_after: None for no header (as captured from the service), "real" for the
    seconds until there is room, or a number."""

    def __init__(self):
        self.set()

    def set(self, mode="off", retry_after=None, count_refused=True, sliding=True):
        self.mode, self.retry_after = mode, retry_after
        window = mode.get("window", WINDOW) if isinstance(mode, dict) else WINDOW
        self.windows = {}
        self.make = lambda: Window(window, count_refused, sliding)

    def take(self, now, kind, kty=None, size=None):
        """kind: "create", "key" or "other". None, or the wait."""
        if self.mode == "off":
            return None
        if isinstance(self.mode, dict):
            shelf, limit = "all", self.mode["limit"]
        elif kind == "other" or kty is None:
            shelf, limit = "other", OTHER
        else:
            shelf = kind, kty.endswith("-HSM")
            limit = budget(kty, size, kind == "create")
        return self.windows.setdefault(shelf, self.make()).take(now, limit)
