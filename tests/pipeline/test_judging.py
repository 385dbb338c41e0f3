"""Judging stored answers: each judgement asked once, whatever happens, and none dropped."""

import json
import random
import signal
import subprocess
import sys
import textwrap

import pytest

from cli_kit import environment
from harness.analysis.judge_agreement import agreements
from harness.analysis.judge_panel import panel
from harness.analysis.judged import comparisons, rated_differences, ratings, strengths
from harness.analysis.judges import find_judges
from harness.errors import ModelError, NotComparableError, UsageError
from harness.judging.prompts import load_prompts
from harness.models.mock import MockModel
from harness.pipeline.judge import Judging, calibrate, judge_runs
from harness.pipeline.labels import label_runs
from harness.pipeline.options import Quiet, RunOptions
from harness.pipeline.score import rescore
from harness.records import Response
from harness.store.read import find_runs
from judge_kit import Judge, Malformed, answered, contestant, quality, served
from pipeline_kit import Dying, go, plan_of
from shared_data import requires_shared, shared_folder

SINGLE, PAIRWISE = Judging(), Judging("pairwise")


@pytest.fixture
def runs(tmp_path):
    return answered(tmp_path, ("small", 4), ("large", 7), limit=6)


def options(tmp_path, **more):
    return RunOptions(tmp_path / "results", **more)


def judged(tmp_path, judge, runs, judging=SINGLE, name="judge", **more):
    model = MockModel(judge, name=name, snapshot=name)
    return judge_runs(model, runs, judging, options(tmp_path, **more), Quiet())


def judges_of(tmp_path):
    found, left_out = find_judges(tmp_path / "results")
    assert left_out == []
    return found


def planted(run):
    """The qualities that a contestant's answers state, by the turn."""
    return [quality("", text) for text in run.responses["text"]]


def test_ratings_are_means_of_question_means(tmp_path, runs):
    judged(tmp_path, Judge(), runs)
    ((judge,)) = judges_of(tmp_path)
    rated = {each.model: each for each in ratings(judge)}

    for run in runs:
        found, values = rated[run.manifest.model.name], planted(run)
        assert found.overall.value == pytest.approx(sum(values) / len(values))
        assert found.overall.low < found.overall.value < found.overall.high
        assert (found.overall.n, found.n_verdicts, found.n_failed) == (6, 12, 0)
        assert found.turns[1].value == pytest.approx(sum(values[::2]) / 6)
        assert found.turns[2].value == pytest.approx(sum(values[1::2]) / 6)
        assert {e.n for e in found.categories.values()} == {1}
        assert found.bounds is None


def test_a_win_needs_both_orders(tmp_path, runs):
    judge = Judge()
    (run,) = judged(tmp_path, judge, runs, PAIRWISE)
    (found,) = comparisons(judges_of(tmp_path)[0])
    small, large = map(planted, runs)

    assert len(judge.asked) == len(run.samples) == 24
    assert (found.first, found.second) == ("large", "small")
    assert found.wins == sum(b > a for a, b in zip(small, large, strict=True))
    assert found.ties == sum(b == a for a, b in zip(small, large, strict=True))
    assert found.wins + found.ties + found.losses == 12
    assert found.rate.value == pytest.approx((found.wins + found.ties / 2) / 12)
    assert found.n_failed == 0


def test_a_judge_who_contradicts_itself_ties(tmp_path, runs):
    judged(tmp_path, lambda request: "[[A]]", runs, PAIRWISE)
    (found,) = comparisons(judges_of(tmp_path)[0])

    assert (found.wins, found.ties, found.losses, found.rate.value) == (0, 12, 0, 0.5)


def test_failed_judgements_are_counted_and_never_a_score(tmp_path, runs):
    def handler(request):
        if len(asked) % 4 == 0:
            asked.append(request)
            return Response("", error_kind="timeout", error_message="late")
        asked.append(request)
        return "Rating: [[6]]" if len(asked) % 4 else "no verdict"

    asked = []
    found = judged(tmp_path, handler, runs[:1])[0]
    (rated,) = ratings(judges_of(tmp_path)[0])

    assert found.scores["outcome"].value_counts().to_dict() == {
        "judged": 6, "unparsed": 3, "error": 3,
    }  # fmt: skip
    assert found.scores["value"].dropna().tolist() == [6.0] * 6
    assert (rated.overall.value, rated.n_verdicts, rated.n_failed) == (6, 6, 6)
    assert rated.bounds == (3.5, 8.0)
    assert found.manifest.status == "incomplete"


def test_turns_without_an_answer_are_counted_and_not_asked(tmp_path):
    def broken(request):
        if len(request.messages) > 1 and "reverse" in request.messages[-1].content:
            return Response("", error_kind="timeout", error_message="late")
        return "Some answer of quality 5."

    run = go(tmp_path, MockModel(broken), plan_of("quick_chat", limit=6))
    judge = Judge()
    (found,) = judged(tmp_path, judge, [run])
    missing = int((run.scores["outcome"] == "error").sum())

    assert missing > 0
    assert found.manifest.judged.n_unanswered == missing
    assert len(found.samples) == 12 - missing
    (rated,) = ratings(judges_of(tmp_path)[0])
    assert rated.n_unanswered == missing
    assert rated.bounds[0] < 5 < rated.bounds[1]


def test_the_same_command_asks_nothing_again(tmp_path, runs):
    judge = Judge()
    first = judged(tmp_path, judge, runs)
    count = len(judge.asked)
    again = judged(tmp_path, judge, runs)

    assert [run.folder for run in again] == [run.folder for run in first]
    assert len(judge.asked) == count


def test_another_way_of_reading_and_a_larger_run_take_replies_from_the_store(tmp_path, runs):
    judge = Judge()
    judged(tmp_path, judge, runs[:1])
    count = len(set(judge.asked))
    judged(tmp_path, judge, runs[:1], Judging(parsing="compatible"))
    assert len(judge.asked) == count

    larger = go(tmp_path, contestant("small", 4), plan_of("quick_chat", limit=9))
    judged(tmp_path, judge, [larger])

    assert len(judge.asked) == len(set(judge.asked))
    assert {judge.parsing for judge in judges_of(tmp_path)} == {"strict", "compatible"}


def test_fresh_asks_again_beside_what_was_said(tmp_path, runs):
    judge = Judge()
    judged(tmp_path, judge, runs[:1])
    judged(tmp_path, judge, runs[:1], fresh=True)

    assert len(judge.asked) == 2 * len(set(judge.asked))
    (found,) = judges_of(tmp_path)
    assert (len(found.judgements), len(found.answers())) == (2, 1)


@pytest.mark.parametrize("after", [0, 1, 11, 23])
def test_a_death_at_any_point_repeats_nothing(tmp_path, runs, after):
    first, second = Judge(), Judge()
    with pytest.raises(ModelError):
        judge_runs(Dying(first, after), runs, PAIRWISE, options(tmp_path), Quiet())
    (run,) = judge_runs(MockModel(second), runs, PAIRWISE, options(tmp_path), Quiet())

    assert len(second.asked) == 24 - after
    assert run.scores["value"].notna().all()


def test_judges_lie_side_by_side_and_do_not_enter_the_leaderboard(tmp_path, runs):
    judged(tmp_path, Judge(), runs, name="one")
    judged(tmp_path, Malformed(1), runs, name="two")

    assert {judge.info.name for judge in judges_of(tmp_path)} == {"one", "two"}
    assert len(find_runs(tmp_path / "results")[0]) == 2


def test_a_judgement_is_read_again_without_asking(tmp_path, runs):
    (run,) = judged(tmp_path, Judge(), runs[:1])
    before = run.scores

    assert rescore(run).scores.equals(before)


def test_a_panel_averages_and_votes(tmp_path, runs):
    said = {"one": "[[3]] [[A]]", "two": "[[6]] [[A]]", "three": "[[9]] [[C]]"}
    for name, text in said.items():
        for judging in (SINGLE, PAIRWISE):
            judged(tmp_path, lambda _, text=text: text, runs, judging, name=name)
    judges = judges_of(tmp_path)
    together = panel(judges)

    assert {each.overall.value for each in ratings(together)} == {6}
    assert [each.ties for each in comparisons(together)] == [12]
    assert panel(judges[:1]) is None
    single = [each for each in agreements(judges) if each.mode == "single"]
    assert len(single) == 4
    assert single[-1].kappa is None
    assert all(each.n_verdicts == 24 for each in single)


def test_judges_that_agree_and_that_do_not(tmp_path, runs):
    judged(tmp_path, Judge(), runs, name="one")
    judged(tmp_path, Judge(), runs, name="same")
    judged(tmp_path, lambda _: "[[6]]", runs, name="constant")
    found = {
        frozenset(name.split()[0] for name in each.judges): each
        for each in agreements(judges_of(tmp_path))
    }
    same, constant = found[frozenset({"one", "same"})], found[frozenset({"one", "constant"})]

    assert same.kappa.value == same.alpha.value == 1
    assert same.same.value == 1
    assert constant.kappa.value == pytest.approx(0, abs=0.2)


def test_labels_are_a_judge_too(tmp_path, runs):
    judged(tmp_path, Judge(), runs)
    path = tmp_path / "people.jsonl"
    rows = [
        {"question": row["sample_id"], "turn": row["part"] + 1, "model": "small",
         "rating": quality("", row["text"])}
        for row in list(runs[0].rows("responses"))[:8]
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))

    label_runs(path, runs[:1], SINGLE, options(tmp_path), Quiet())
    judges = judges_of(tmp_path)
    (found,) = agreements(judges)

    assert [judge.is_file for judge in judges] == [False, True]
    assert (found.n_verdicts, found.alpha.value, found.same.value) == (8, 1, 1)


def test_labels_of_comparisons_hold_in_both_orders(tmp_path, runs):
    judged(tmp_path, Judge(), runs, PAIRWISE)
    path = tmp_path / "people.jsonl"
    small, large = ([dict(row) for row in run.rows("responses")] for run in runs)
    rows = [
        {"question": a["sample_id"], "turn": a["part"] + 1, "models": ["small", "large"],
         "winner": winner(quality("", a["text"]), quality("", b["text"]))}
        for a, b in zip(small, large, strict=True)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))

    label_runs(path, runs, PAIRWISE, options(tmp_path), Quiet())
    (found,) = agreements(judges_of(tmp_path))

    assert (found.n_verdicts, found.same.value, found.same_decided.value) == (24, 1, 1)


def winner(small, large):
    return "small" if small > large else "large" if large > small else "tie"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no labels"),
        ("{oops", "cannot read labels"),
        ('{"question": "x", "turn": 1, "models": ["a", "b"], "winner": "c"}', "none of"),
        ('{"question": "x", "turn": 1, "model": "a", "rating": 4}', "name nothing"),
    ],
)
def test_labels_that_say_nothing_are_refused(tmp_path, runs, text, said):
    path = tmp_path / "labels.jsonl"
    path.write_text(text)

    with pytest.raises(UsageError, match=said):
        label_runs(path, runs[:1], SINGLE, options(tmp_path), Quiet())


def test_three_systems_are_put_in_order(tmp_path):
    runs = answered(tmp_path, ("a", 3), ("b", 5), ("c", 7), limit=12)
    judged(tmp_path, Judge(), runs, PAIRWISE)
    (judge,) = judges_of(tmp_path)
    found = strengths(judge)

    assert [each.model for each in found] == ["c", "b", "a"]
    assert found[0].strength.low > found[2].strength.high
    assert len(comparisons(judge)) == 3
    assert strengths(panel([judge, judge])) == found


def test_runs_rated_apart_are_compared_by_question(tmp_path, runs):
    judged(tmp_path, Judge(), runs)
    (found,) = rated_differences(judges_of(tmp_path)[0])
    small, large = map(planted, runs)

    assert (found.first, found.second) == ("large", "small")
    assert found.rate.value == pytest.approx((sum(large) - sum(small)) / 12)
    assert found.controlled.value is not None


def test_a_game_that_was_judged_in_two_runs_counts_once(tmp_path):
    runs = answered(tmp_path, ("a", 3), ("b", 5), ("c", 7), limit=6)
    judge = Judge()
    judged(tmp_path, judge, runs[:2], PAIRWISE)
    judged(tmp_path, judge, runs, PAIRWISE)
    (found,) = judges_of(tmp_path)

    assert len(judge.asked) == 3 * 24
    assert [each.wins + each.ties + each.losses for each in comparisons(found)] == [12] * 3


def test_unlike_protocols_are_not_compared(tmp_path):
    one = go(tmp_path, contestant("one", 5), plan_of("quick_chat", limit=6))
    two = go(tmp_path, contestant("two", 5), plan_of("quick_chat", limit=9))
    judged(tmp_path, Judge(), [one, two])

    assert rated_differences(judges_of(tmp_path)[0]) == []
    with pytest.raises(NotComparableError, match="sample_ids"):
        judged(tmp_path, Judge(), [one, two], PAIRWISE)


def test_what_cannot_be_judged_is_refused(tmp_path, runs):
    with pytest.raises(UsageError, match="two runs"):
        judged(tmp_path, Judge(), runs[:1], PAIRWISE)
    with pytest.raises(UsageError, match="'mmlu'"):
        judged(tmp_path, Judge(), runs, Judging(tasks=("mmlu",)))
    letters = go(tmp_path, MockModel(lambda _: "A"), plan_of("toy_mc"))
    with pytest.raises(UsageError, match="--tasks names one of toy_mc"):
        judged(tmp_path, Judge(), [letters])
    (found,) = judged(tmp_path, lambda _: "[[5]]", [letters], Judging(tasks=("toy_mc",)))
    assert len(found.samples) == 12


def test_a_judge_has_to_write(tmp_path, runs):
    class Mute(MockModel):
        @property
        def info(self):
            from dataclasses import replace

            return replace(super().info, capabilities=("logprob",))

    with pytest.raises(ModelError, match="cannot judge"):
        judge_runs(Mute(Judge()), runs, SINGLE, options(tmp_path), Quiet())


@requires_shared
def test_mt_bench_is_judged_with_the_original_prompts_and_references(tmp_path):
    folder = shared_folder() / "data" / "mt_bench"
    run = go(tmp_path, contestant("small", 5), plan_of("mt_bench"))
    prompts = load_prompts(folder / "judge_prompts.jsonl")
    references = folder / "reference_answer" / "gpt-4.jsonl"
    asked = []

    def handler(request):
        asked.append(request)
        return "Rating: [[7]]"

    judging = Judging(parsing="compatible", prompts=prompts, references=references)
    (found,) = judged(tmp_path, handler, [run], judging)
    shown = [r for r in asked if "[The Start of Reference Answer]" in r.messages[-1].content
             or "<|The Start of Reference Answer|>" in r.messages[-1].content]  # fmt: skip

    assert (len(asked), len(found.samples), len(shown)) == (160, 160, 60)
    assert found.manifest.tasks["mt_bench"].protocol.judge_prompt == prompts.fingerprint
    (rated,) = ratings(judges_of(tmp_path)[0])
    assert (rated.overall.value, rated.overall.n, len(rated.categories)) == (7, 80, 8)
    with pytest.raises(UsageError, match="--references"):
        judged(tmp_path, handler, [run], Judging(prompts=prompts))


SCRIPT = """
    import sys
    from pathlib import Path
    from harness.pipeline.judge import Judging, calibrate, judge_runs
    from harness.pipeline.options import Quiet, RunOptions
    from harness.store.read import load_run
    from judge_kit import remote

    url, results, *runs = sys.argv[1:]
    found, options = [load_run(run) for run in runs], RunOptions(Path(results))
    for mode in ("single", "pairwise"):
        judge_runs(remote(url), found, Judging(mode), options, Quiet())
    calibrate(remote(url), Judging(), options, Quiet(), anchors_only=False)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kills_at_any_stage_repeat_no_call_beyond_the_one_in_flight(tmp_path):
    runs = answered(tmp_path, ("small", 4), ("large", 7))
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    path = ":".join(sys.path)
    rng, kills = random.Random(5), 0

    with served(Judge()) as (url, calls):
        command = [sys.executable, str(script), url, str(tmp_path / "results")]
        command += [str(run.folder) for run in runs]
        while True:
            process = subprocess.Popen(command, env=environment(PYTHONPATH=path))
            before = len(calls)
            try:
                # After the start-up the judge is asked at once: kill somewhere within.
                while len(calls) == before and process.poll() is None:
                    pass_time(0.05)
                code = process.wait(timeout=rng.uniform(0.02, 0.3) if kills < 12 else 300)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
                continue
            assert code == 0
            break
    (judge,) = judges_of(tmp_path)
    verdicts = [v for each in judge.judgements for v in each.verdicts]
    keys = {row["request_key"] for each in judge.judgements for row in each.run.rows("responses")}

    print(f"{kills} kills, {len(calls)} calls for {len(keys)} prompts")
    assert kills >= 3
    assert len(verdicts) == 2 * 96 + 192 + 230
    assert set(calls) == keys
    assert len(calls) <= len(keys) + kills


def pass_time(seconds):
    import time

    time.sleep(seconds)


def test_calibrating_alone_needs_no_run(tmp_path):
    judge = Judge()
    found = calibrate(MockModel(judge), SINGLE, options(tmp_path), Quiet(), anchors_only=False)

    assert len(found.samples) == 60 + 170
    assert found.scores["value"].notna().all()
