"""The e-process: known values, validity under peeking, speed, and its confidence sequence."""

import math

import numpy as np
import pytest

from harness.stats import EProcess


def run(differences, margin, alpha=0.05, population=None):
    process = EProcess(margin, alpha, population)
    process.update(differences)
    return process


def drawn(rng, n, discordance, difference):
    """Differences of 0/1 scores, each of them by chance."""
    chance = rng.random(n)
    gain, loss = (discordance + difference) / 2, (discordance - difference) / 2
    return (chance < gain).astype(float) - (chance > 1 - loss)


def test_one_lost_item_after_another_meets_the_known_values():
    process = EProcess(0.02, 0.05)
    evidence = {}
    for item in range(1, 21):
        process.update(-1)
        evidence[item] = process.e_fail

    assert evidence[1] == pytest.approx(1.480392, abs=1e-6)
    assert evidence[5] == pytest.approx(7.110234, abs=1e-6)
    assert evidence[10] == pytest.approx(50.555424, abs=1e-6)
    assert evidence[20] == pytest.approx(2555.850875, abs=1e-6)
    assert (process.verdict, process.decided_at) == ("failed", 8)


def test_the_first_two_bets_by_hand():
    process = run([1, 0], margin=0.1, alpha=0.05)
    # x = 1, 1/2 against m = 0.45. Both bets are cut to half of the capital at risk, 0.5 / 0.45.
    first = 1 + 0.5 / 0.45 * (1 - 0.45)
    variance = (0.25 + (1 - 0.75) ** 2) / 2
    bet = min(0.5 / 0.45, math.sqrt(2 * math.log(20) / (variance * 2 * math.log(3))))

    assert process.e_pass == pytest.approx(first * (1 + bet * (0.5 - 0.45)), rel=1e-12)


@pytest.mark.parametrize("population", [None, 400])
def test_items_one_by_one_in_parts_or_at_once_are_the_same(population):
    items = drawn(np.random.default_rng(1), 300, 0.2, -0.1)
    whole = run(items, 0.02, population=population)
    single, parts = (EProcess(0.02, 0.05, population) for _ in range(2))
    for item in items:
        single.update(item)
    for part in np.split(items, [7, 7, 120]):
        parts.update(part)

    for process in (single, parts):
        assert process.e_pass == pytest.approx(whole.e_pass, rel=1e-9)
        assert process.e_fail == pytest.approx(whole.e_fail, rel=1e-9)
        assert (process.verdict, process.decided_at) == (whole.verdict, whole.decided_at)
        assert process.interval() == pytest.approx(whole.interval(), abs=1e-9)


def test_exchanging_the_systems_exchanges_the_evidence_at_no_margin():
    items = drawn(np.random.default_rng(2), 200, 0.3, 0.05)

    one, two = run(items, 0.0), run(-items, 0.0)

    assert one.e_pass == pytest.approx(two.e_fail, rel=1e-9)
    assert one.interval().low == pytest.approx(-two.interval().high, abs=1e-9)


def test_a_verdict_stands_whatever_comes_later():
    process = EProcess(0.02, 0.05)
    process.update([-1] * 10)
    process.update([1] * 500)

    assert (process.verdict, process.decided_at) == ("failed", 8)
    assert process.e_fail < 1


def share_decided(verdict, runs, items, margin, **simulated):
    rng = np.random.default_rng(3)
    found = [run(drawn(rng, items, **simulated), margin) for _ in range(runs)]
    return np.mean([process.verdict == verdict for process in found])


@pytest.mark.parametrize(
    ("discordance", "margin"), [(0.05, 0.02), (0.2, 0.02), (0.1, 0.0), (0.02, 0.02)]
)
def test_at_the_boundary_neither_verdict_is_reached_too_often_at_any_time(discordance, margin):
    rng = np.random.default_rng(4)
    runs = [run(drawn(rng, 1500, discordance, -margin), margin) for _ in range(2000)]

    assert np.mean([process.verdict == "failed" for process in runs]) <= 0.05
    assert np.mean([process.verdict == "passed" for process in runs]) <= 0.05


def test_a_drop_of_ten_points_stops_early():
    rng = np.random.default_rng(5)
    runs = [run(drawn(rng, 3000, 0.15, -0.1), 0.02) for _ in range(400)]

    assert {process.verdict for process in runs} == {"failed"}
    assert np.median([process.decided_at for process in runs]) <= 200


@pytest.mark.parametrize(
    ("discordance", "difference", "verdict", "share"),
    [(0.05, 0.0, "passed", 0.9), (0.1, -0.05, "failed", 1.0), (0.05, 0.02, "passed", 1.0)],
)
def test_the_published_simulation_is_met(discordance, difference, verdict, share):
    found = share_decided(verdict, 400, 3000, 0.02, discordance=discordance, difference=difference)

    assert found == pytest.approx(share, abs=0.05)


def test_peeking_with_an_ordinary_test_would_raise_many_more_false_alarms():
    items = drawn(np.random.default_rng(6), 1_500_000, 0.2, 0.0).reshape(500, 3000)
    counts = np.arange(50, 3001, 50)
    sums, squares = (np.cumsum(part, axis=1)[:, counts - 1] for part in (items, items**2))
    means = sums / counts
    z = means / np.sqrt(np.maximum(squares / counts - means**2, 1e-9) / counts)
    peeked = (z < -1.6449).any(axis=1).mean()
    processes = [run(row, 0.0) for row in items]

    assert peeked > 0.2
    assert np.mean([process.verdict == "failed" for process in processes]) <= 0.05


@pytest.mark.parametrize("population", [None, 600])
def test_the_limits_agree_with_the_verdicts(population):
    rng = np.random.default_rng(7)
    for difference in (-0.1, -0.02, 0.0, 0.05):
        process = EProcess(0.03, 0.05, population)
        process.update(drawn(rng, 600, 0.2, difference))
        low, high = process.interval()

        assert (process.verdict == "passed") == (low > -0.03)
        assert (process.verdict == "failed") == (high < -0.03)


def test_the_confidence_sequence_holds_at_all_times():
    rng = np.random.default_rng(8)
    truth, missed = -0.04, 0
    for _ in range(400):
        low, high = run(drawn(rng, 800, 0.2, truth), 0.0).interval()
        missed += not low <= truth <= high  # limits so far: any earlier miss is a miss now

    assert missed / 400 <= 0.1


def test_without_replacement_the_errors_keep_their_level_and_it_decides_sooner():
    rng = np.random.default_rng(9)
    benchmark = np.repeat([1.0, -1.0, 0.0], [20, 40, 940])  # behind by exactly 2 points
    wrong = [run(rng.permutation(benchmark), 0.02, population=1000) for _ in range(2000)]
    same = np.repeat([1.0, -1.0, 0.0], [25, 25, 950])
    orders = [rng.permutation(same) for _ in range(100)]

    finite = [run(order, 0.02, population=1000).decided_at or 1001 for order in orders]
    infinite = [run(order, 0.02).decided_at or 1001 for order in orders]

    for verdict in ("passed", "failed"):
        assert np.mean([process.verdict == verdict for process in wrong]) <= 0.05
    assert np.median(finite) < np.median(infinite)
    assert np.mean(finite) < 900


def test_a_whole_benchmark_without_an_answer_left_out_is_certain():
    behind = np.repeat([1.0, -1.0, 0.0], [10, 40, 50])
    process = run(np.random.default_rng(10).permutation(behind), 0.02, population=100)
    low, high = process.interval()

    assert process.verdict == "failed"
    assert low == pytest.approx(-0.3, abs=1e-6)
    assert high == pytest.approx(-0.3, abs=1e-6)


def test_nothing_seen_is_no_evidence():
    process = EProcess(0.02, 0.05)

    assert process.update([]) == "inconclusive"
    assert (process.e_pass, process.e_fail, process.n, process.decided_at) == (1.0, 1.0, 0, None)
    assert process.interval() == pytest.approx((-1, 1))


def test_graded_scores_count_by_their_size():
    rng = np.random.default_rng(11)
    items = np.clip(rng.normal(-0.15, 0.1, 400), -1, 1)

    process = run(items, 0.02)

    assert process.verdict == "failed"
    assert process.interval().low < -0.15 < process.interval().high


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((-0.1, 0.05), "margin"),
        ((1.0, 0.05), "margin"),
        ((0.02, 0.0), "alpha"),
        ((0.02, 1.0), "alpha"),
        ((0.02, 0.05, 0), "population"),
    ],
)
def test_what_is_no_test_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        EProcess(*arguments)


@pytest.mark.parametrize("differences", [1.5, [0, -1.01], [math.nan], [[1, 0], [0, 1]]])
def test_what_is_no_difference_is_refused(differences):
    process = EProcess(0.02, 0.05)

    with pytest.raises(ValueError, match=r"differences"):
        process.update(differences)
    assert process.n == 0


def test_more_items_than_there_are_is_refused():
    with pytest.raises(ValueError, match="got 11 items of a population of 10"):
        run([0] * 11, 0.02, population=10)
