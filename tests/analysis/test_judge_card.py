"""Judges with one planted fault each raise exactly its flag; a fair judge raises none."""

from collections import Counter

import pytest

from harness.analysis.judge_card import judge_card
from harness.analysis.judges import Judge, Judgement, find_judges
from harness.judging import calibration
from harness.judging.exhibits import Asked
from harness.judging.prompts import load_prompts
from harness.pipeline.judge import Judging, calibrate, judge_runs
from harness.pipeline.options import Quiet, RunOptions
from harness.records import ModelInfo
from harness.scoring.verdict import read_verdict, scorer_id
from harness.store.judgements import Verdict, exhibit_of
from harness.store.manifest import JudgedRuns
from judge_kit import FAULTS, Drifting, Noisy, answered, remote, served
from judge_kit import Judge as Fair

RUNS = 200
ASKED = Asked(load_prompts(), 512)
PACK = {
    "single": list(calibration.rated(ASKED)),
    "pairwise": list(calibration.compared(ASKED)),
}


def said(judge, modes=("single", "pairwise")):
    """What a judge says of the whole pack, each distinct request asked once, without a store."""
    replies, verdicts = {}, []
    for mode in modes:
        for sample in PACK[mode]:
            request = sample.requests[0]
            if request.key not in replies:
                replies[request.key] = judge(request)
            prompt = request.messages[-1].content
            reply = replies[request.key]
            score = read_verdict(reply, prompt, "stop", scorer_id(mode, "strict"))
            verdicts.append(Verdict(exhibit_of(sample.doc), score.outcome, score.value))
    return Judgement(None, JudgedRuns("both", "calibration", "prompts.yaml"), tuple(verdicts))


def simulated(kind, seed):
    judge = kind(seed)
    first = said(judge)
    judge.session = 1
    again = said(judge, ["single"])
    return card_of(first, again)


def card_of(*judgements):
    info = ModelInfo("judge", "mock", "chat", ("generate",))
    return judge_card(Judge(info, "p", "", "strict", is_file=False, judgements=judgements))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_rates_of_flags_over_many_simulated_judges(kind):
    expected = FAULTS[kind]
    found = Counter()
    for seed in range(RUNS):
        flags = set(simulated(kind, seed).flags)
        found[flags == expected] += 1
        found.update(flags - expected)

    print(f"{kind.__name__}: exactly {expected or 'none'} in {found[True]} of {RUNS}: {found}")
    # Each of about five tests raises a false alarm once in 200; only a noisy judge has chances.
    assert found[True] >= (0.95 if kind is Noisy else 1.0) * RUNS


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_judge_on_a_server_raises_exactly_its_flag(tmp_path, kind):
    runs = answered(tmp_path, ("small", 5), ("large", 6), limit=12)
    options, judge = RunOptions(tmp_path / "results"), kind(3)

    with served(judge) as (url, _):
        model = remote(url)
        for mode in ("single", "pairwise"):
            judge_runs(model, runs, Judging(mode), options, Quiet())
        calibrate(model, Judging(), options, Quiet(), anchors_only=False)
        judge.session = 1
        again = RunOptions(tmp_path / "results", fresh=True)
        calibrate(model, Judging(), again, Quiet(), anchors_only=True)
    ((found,), left_out) = find_judges(tmp_path / "results")
    card = judge_card(found)

    assert left_out == []
    assert card.calibrated
    assert set(card.flags) == FAULTS[kind]


def test_the_card_of_a_fair_judge():
    card = simulated(Fair, 1)

    assert card.flags == ()
    assert card.accuracy.value == card.consistency.value == card.repeated.value == 1
    assert {each.kind: (each.right.value, each.right.n) for each in card.known} == dict.fromkeys(
        ("truncated", "wrong number", "off topic", "padded", "identical"), (1, 10)
    )
    assert (card.first_slot.value, card.identical_first.n) == (0.5, 0)
    assert (card.flips.value, card.drift.value) == (0, 0)
    assert card.accuracy.n == 30


def test_the_size_of_a_drift_is_shown():
    card = simulated(Drifting, 1)

    assert card.drift.value == pytest.approx(-1)
    assert card.drift_signs.down == 50


def test_anchors_alone_do_not_hide_the_pairs():
    judge = Fair()
    card = card_of(said(judge), said(judge, ["single"]))

    assert (card.calibrated, card.accuracy.n) == (True, 30)
    assert sum(card.counts.values()) == len(PACK["single"]) + len(PACK["pairwise"])


def test_a_judge_that_was_shown_nothing_has_an_empty_card():
    card = card_of()

    assert (card.flags, card.calibrated, card.accuracy.n) == ((), False, 0)
