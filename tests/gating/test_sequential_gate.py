"""The sequential gate: its errors are bounded however often it looks, and it stops early."""

from dataclasses import replace

import numpy as np
import pytest

from gate_kit import outcomes, pair, shuffled, sides, system
from harness.gating.decide import decide
from harness.gating.order import draw_orders
from harness.gating.pairing import Sides, TaskPair
from harness.gating.policy import Policy
from harness.gating.tasks import judge_tasks
from harness.gating.verdict import Status
from harness.stats import wilson_interval

POLICY = Policy(margin=0.02, mode="sequential", max_unparsed_increase=None)
TOLERANCE = 0.01  # two Monte Carlo standard errors of 5 % in 2,000 runs


def drawn(rng, n, discordance, difference):
    """A pair of n independent items, with the truth as stated."""
    draw = rng.random(n)
    gains, losses = (discordance + difference) / 2, (discordance - difference) / 2
    lost, gained = draw < losses, (draw >= losses) & (draw < losses + gains)
    right = rng.random(n) < 0.7
    scores = Sides(np.where(lost | right & ~gained, 1.0, 0.0), 1.0 * (gained | right & ~lost))
    ones, times = np.ones(n), np.full(n, np.nan)
    ids = tuple(map(str, range(n)))
    return TaskPair("mini", ids, n, scores, Sides(ones, ones), Sides(times, times))


def judged(drawn_pair, policy=POLICY):
    return judge_tasks(policy, [drawn_pair], same_machine=True, bounds=False)[0]


def rate(hits):
    return sum(hits) / len(hits)


@pytest.mark.slow
@pytest.mark.parametrize("discordance", [0.05, 0.2])
def test_at_the_boundary_neither_verdict_is_wrong_too_often_however_often_one_looks(discordance):
    """2,000 runs whose truth is the margin itself, where passing and failing are both wrong.

    A p-value of bets is one over the best of all looks, so the last one has seen them all; the
    run ends with the last test, whose look counts too.
    """
    rng = np.random.default_rng(7)
    found = [judged(drawn(rng, 800, discordance, -0.02)).status for _ in range(2000)]

    assert rate([status is Status.FAILED for status in found]) <= POLICY.alpha + TOLERANCE
    assert rate([status is Status.PASSED for status in found]) <= POLICY.alpha + TOLERANCE


def test_what_was_once_shown_stays_shown():
    """Ten items more cannot take back a verdict: so it does not matter when one looks."""
    rng = np.random.default_rng(3)
    whole = drawn(rng, 2000, 0.3, -0.15)
    doubts = [
        judged(whole.taken(np.arange(n))).accuracy.evidence.p_fail for n in range(40, 2000, 70)
    ]

    assert doubts == sorted(doubts, reverse=True)
    assert doubts[0] > 0.05 > doubts[-1]


def first_verdict(found, policy=POLICY):
    """Items until a verdict stands, looking after every 10."""
    for n in range(30, len(found.ids) + 1, 10):
        if judged(found.taken(np.arange(n)), policy).status is not Status.INCONCLUSIVE:
            return n
    return len(found.ids)


def test_a_drop_of_ten_points_stops_within_a_median_of_200_items():
    rng = np.random.default_rng(11)
    stops = [first_verdict(drawn(rng, 600, 0.12, -0.1)) for _ in range(31)]

    assert np.median(stops) <= 200


def test_the_last_look_decides_what_bets_alone_could_not():
    rng = np.random.default_rng(5)
    found = [drawn(rng, 1200, 0.05, 0.0) for _ in range(100)]
    early = [judged(replace(one, n_items=5000)).status is Status.PASSED for one in found]
    last = [judged(one).status is Status.PASSED for one in found]

    assert rate(early) < rate(last)
    assert rate(last) >= 0.8
    assert all(after for before, after in zip(early, last, strict=True) if before)


def test_errors_bound_the_verdict_both_ways():
    """Every tenth answer missing: never failed where nothing was lost, never passed where much."""
    equal = shuffled(outcomes(correct=800, wrong=200))
    holes = shuffled(outcomes(correct=720, error=80, wrong=200))
    loose = POLICY.model_copy(update={"min_coverage": 0.5, "margin": {"default": 0.05}})

    missing = decide(loose, *pair(equal, [
        out if out.value == "error" else answer
        for out, answer in zip(holes, equal, strict=True)
    ]))  # fmt: skip
    assert missing.status is Status.INCONCLUSIVE
    assert decide(POLICY, *pair(equal, holes)).status is Status.INCOMPLETE

    behind = shuffled(sides(both=500, lost=300, neither=200)[1])
    worse = [out if out.value == "error" else answer
             for out, answer in zip(holes, behind, strict=True)]  # fmt: skip
    assert decide(loose, *pair(outcomes(correct=1000), worse)).status is Status.FAILED


def test_the_order_is_a_function_of_what_is_compared():
    items = outcomes(correct=200)
    large, small = pair(items, items)
    identity = small.manifest.model.identity
    order = draw_orders(large, identity, ["mini"])

    assert draw_orders(large, identity, ["mini"]) == order
    assert sorted(order.ids["mini"]) == sorted(large.items["sample_id"])
    assert list(order.ids["mini"]) not in (
        sorted(order.ids["mini"]), list(large.items["sample_id"]),
    )  # fmt: skip
    others = [
        draw_orders(large, "another model", ["mini"]),
        draw_orders(system({"mini": items}, "another baseline"), identity, ["mini"]),
        draw_orders(system({"mini": items}, "large", protocol={"shots": 4}), identity, ["mini"]),
    ]
    assert len({found.seed for found in (order, *others)}) == 4
    assert len({found.ids["mini"] for found in (order, *others)}) == 4


def test_rows_in_another_order_are_the_same_baseline():
    items = outcomes(correct=200)
    large, _ = pair(items, items)
    turned = replace(large, items=large.items.iloc[::-1])

    assert draw_orders(turned, "m", ["mini"]) == draw_orders(large, "m", ["mini"])


def test_the_first_places_of_an_order():
    large = system({"a": outcomes(correct=10), "b": outcomes(correct=4)}, "large")
    order = draw_orders(large, "m", ["a", "b"])
    some = order.between({"a": 2, "b": 3}, {"a": 5, "b": 40})

    assert some.ids == {"a": order.ids["a"][2:5], "b": order.ids["b"][3:]}
    assert order.first({"a": 2, "b": 0}).ids == {"a": order.ids["a"][:2], "b": ()}


def test_a_slowdown_is_looked_at_by_bets():
    """Equal times: the median is at the limit, where a plain test repeated would soon alarm."""
    rng = np.random.default_rng(2)
    policy = POLICY.model_copy(update={"max_slowdown": 1.0, "margin": {"default": 0.2}})
    alarms = []
    for _ in range(60):
        found = drawn(rng, 400, 0.02, 0.0)
        times = Sides(rng.lognormal(size=400), rng.lognormal(size=400))
        criterion = judged(replace(found, seconds=times), policy).criteria[-1]
        alarms.append(criterion.status is Status.FAILED)
    slow = replace(found, seconds=Sides(times.baseline, times.baseline * rng.uniform(2, 4, 400)))
    (measured,) = (task.criteria[-1] for task in judge_tasks(policy, [slow], same_machine=True))

    assert wilson_interval(sum(alarms), len(alarms)).low <= policy.alpha
    assert measured.status is Status.FAILED
    assert 2 < measured.evidence.estimate.low < 3 < measured.evidence.estimate.high < 4
