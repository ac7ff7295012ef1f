#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten thousand hosts that boot together: what Documentation/scale.md promises of them."""
import storm
from lib import same, start_none, test

POLICY = storm.Policy()


@test
def a_spread_fleet_opens_near_the_limits_own_bound(double):
    for seed in 1, 2, 3:
        for letter, what, how in storm.SCENARIOS[:3]:
            at = storm.Storm(POLICY, storm.HOSTS, seed=seed, **how).run()
            same(len(at.opened), storm.HOSTS, what)
            assert at.total_s < 1.3 * at.bound_s + storm.BOOTS_S, (what, at.total_s)
            assert at.wasted < 0.2, (what, at.wasted)
            # Nobody starves: the last has waited for its place in the spread and a retry or two.
            assert max(at.waited) < how["spread"] + 60, (what, max(at.waited))


@test
def a_fleet_that_is_not_spread_gets_through_all_the_same(double):
    at = storm.Storm(POLICY, storm.HOSTS, **storm.SCENARIOS[3][2]).run()
    same(len(at.opened), storm.HOSTS)
    assert at.total_s < 3600, at.total_s


@test
def pauses_shorter_than_the_window_would_let_nobody_through(double):
    at = storm.Storm(POLICY, storm.HOSTS, **storm.SCENARIOS[4][2]).run()
    assert len(at.opened) < 500, len(at.opened)


@test
def the_page_says_what_the_simulation_says(double):
    runs = storm.run_all()
    with open(storm.PAGE) as f:
        same(storm.TABLE.search(f.read()).group(0), storm.table(runs))
    with open(storm.DRAWING) as f:
        assert f.read() == storm.plot(runs), "scale.svg is another: storm.py --update"


start_none()
