from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.examples import read_examples
from harness.analysis.leaderboard import build_leaderboard
from harness.analysis.summary import summarize_run
from harness.errors import StoreError
from harness.records import Outcome
from harness.stats.estimate import wilson_interval
from harness.store.read import find_runs, load_run
from run_files import MODEL, PlantedTask, Timing, counts, write_run

MIXED = counts(correct=60, wrong=25, unparsed=6, truncated=4, refused=2, error=3)


def summary_of(tmp_path, plan, **changes):
    return summarize_run(load_run(write_run(tmp_path, {"mini": plan}, **changes)))["mini"]


def test_every_planted_truth_is_found(tmp_path):
    summary = summary_of(tmp_path, PlantedTask(MIXED, unrecorded=10))

    assert {outcome: n for outcome, n in summary.counts.items() if n} == MIXED
    assert (summary.n_planned, summary.n_answered, summary.n_missing) == (110, 97, 13)
    assert summary.strict.value == pytest.approx(60 / 97)
    assert (summary.strict.low, summary.strict.high) == wilson_interval(60, 97)
    assert (summary.strict.n, summary.strict.n_error) == (97, 13)
    assert summary.parsed.value == pytest.approx(60 / 85)
    assert (summary.parsed.low, summary.parsed.high) == wilson_interval(60, 85)
    assert (summary.bounds.worst, summary.bounds.best) == pytest.approx((60 / 110, 73 / 110))
    assert not summary.below_chance
    assert summary.one_letter is None


def test_nothing_missing_needs_no_bounds(tmp_path):
    assert summary_of(tmp_path, PlantedTask(counts(correct=3, wrong=1))).bounds is None


def test_macro_weighs_subjects_equally(tmp_path):
    # positions go round three times "a", once "b": 12 and 4 samples
    plan = PlantedTask(counts(correct=9, wrong=7), subjects=("a", "a", "a", "b"), seed=3)

    summary = summary_of(tmp_path, plan)

    by_subject = {s.subject: s.strict for s in summary.subjects}
    assert {name: e.n for name, e in by_subject.items()} == {"a": 12, "b": 4}
    assert summary.macro.value == pytest.approx((by_subject["a"].value + by_subject["b"].value) / 2)
    assert summary.strict.value == pytest.approx(9 / 16)
    assert summary.macro.low < summary.macro.value < summary.macro.high


def test_one_subject_has_no_macro(tmp_path):
    assert summary_of(tmp_path, PlantedTask(counts(correct=3), subjects=("a",))).macro is None


@pytest.mark.slow
def test_standard_error_is_that_of_lm_eval(tmp_path):
    from lm_eval.api.metrics import mean_stderr, pooled_sample_stderr

    plan = PlantedTask(counts(correct=61, wrong=30, unparsed=9), subjects=("a", "b", "c"))
    run = load_run(write_run(tmp_path, {"mini": plan}))
    right = run.scores.assign(right=(run.scores["outcome"] == "correct").astype(float))
    groups = [list(rows) for _, rows in right.groupby("subject")["right"]]

    expected = pooled_sample_stderr([mean_stderr(g) for g in groups], [len(g) for g in groups])

    assert summarize_run(run)["mini"].standard_error == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("right", "below"), [(10, True), (18, False), (25, False)])
def test_below_chance_needs_the_whole_interval_below(tmp_path, right, below):
    plan = PlantedTask(counts(correct=right, unparsed=100 - right))

    assert summary_of(tmp_path, plan).below_chance is below


def test_task_without_chance_is_never_below_it(tmp_path):
    plan = PlantedTask(counts(wrong=100), chance=None)

    assert not summary_of(tmp_path, plan).below_chance


def test_always_the_same_letter_is_noticed(tmp_path):
    plan = PlantedTask(counts(correct=25, wrong=75), answer=lambda *_: "A")

    assert summary_of(tmp_path, plan).one_letter == "A"


def test_few_answers_of_one_letter_accuse_nobody(tmp_path):
    plan = PlantedTask(counts(correct=5, wrong=10), answer=lambda *_: "A")

    assert summary_of(tmp_path, plan).one_letter is None


def test_graded_values_are_averaged(tmp_path):
    plan = PlantedTask(counts(correct=30, wrong=5, unparsed=5), values=(0.5, 1.0, 0.25))

    summary = summary_of(tmp_path, plan)

    scores = load_run(tmp_path / "run-1").scores
    assert summary.graded
    assert summary.strict.value == pytest.approx(scores["value"].fillna(0).sum() / 40)
    assert summary.parsed.value == pytest.approx(scores["value"].sum() / 35)
    assert summary.strict.low < summary.strict.value < summary.strict.high


def test_nothing_answered_is_not_zero(tmp_path):
    summary = summary_of(tmp_path, PlantedTask(counts(error=4)))

    assert summary.strict.value is None
    assert summary.macro is None
    assert summary.standard_error is None
    assert (summary.bounds.worst, summary.bounds.best) == (0.0, 1.0)
    assert summary.speed.latency_p50 is None


def test_no_rows_at_all(tmp_path):
    summary = summary_of(tmp_path, PlantedTask(counts(), unrecorded=5))

    assert (summary.n_planned, summary.n_answered, summary.strict.value) == (5, 0, None)


def test_speed_follows_its_definitions(tmp_path):
    speed = summary_of(tmp_path, PlantedTask(MIXED)).speed

    assert (speed.n_responses, speed.n_timed, speed.n_reused) == (100, 97, 0)
    assert speed.prefill_rate == pytest.approx((100 - 60) / 0.2)
    assert speed.decode_rate == pytest.approx((5 - 1) / 0.5)
    assert speed.decoded_tokens == 97 * 4
    assert (speed.first_token, speed.latency_p50, speed.latency_p95) == (0.25, 0.75, 0.75)
    assert speed.reused_share == pytest.approx(0.6)
    assert speed.peak_memory_bytes == 4_000_000_000
    assert speed.cost_usd is None


def test_speed_of_what_was_not_told_is_unknown(tmp_path):
    timing = Timing(reused_tokens=None, decode_seconds=None, output_tokens=1, cost_usd=0.002)
    speed = summary_of(tmp_path, PlantedTask(counts(correct=10), timing=timing)).speed

    assert speed.prefill_rate is None
    assert speed.decode_rate is None
    assert speed.reused_share is None
    assert speed.latency_p95 is None
    assert speed.latency_p50 == 0.75
    assert speed.cost_usd == pytest.approx(0.02)
    assert speed.n_priced == 10


def test_reused_answers_count_for_quality_not_for_speed(tmp_path):
    plan = PlantedTask(counts(correct=8, wrong=2), origins=("run-0", None))

    summary = summary_of(tmp_path, plan)

    assert summary.strict.n == 10
    assert (summary.speed.n_timed, summary.speed.n_reused) == (5, 5)


@pytest.mark.parametrize(
    ("value", "fault"), [(8.5, r"outside \[0, 1\]"), (None, "judged replies without a value")]
)
def test_values_no_scorer_writes_are_refused(tmp_path, value, fault):
    plan = PlantedTask(counts(correct=4), values=(value,))

    with pytest.raises(StoreError, match=fault):
        summary_of(tmp_path, plan)


def test_order_of_rows_is_no_matter(tmp_path):
    run = load_run(write_run(tmp_path, {"mini": PlantedTask(MIXED)}))
    scores = run.table("scores")
    before = summarize_run(run)["mini"]

    class Shuffled(type(run)):
        def table(self, name, columns=None):
            frame = scores if name == "scores" else super().table(name)
            return frame.sample(frac=1, random_state=1)[list(columns)]

    after = summarize_run(Shuffled(run.folder, run.manifest))["mini"]

    assert after == before


def test_leaderboard_keeps_ties_and_newest(tmp_path):
    small, large = MODEL, replace(MODEL, name="large", sha256="f" * 64)
    other = replace(MODEL, name="also-large", sha256="e" * 64)
    good, bad = PlantedTask(counts(correct=80, wrong=20)), PlantedTask(counts(correct=50, wrong=50))
    write_run(tmp_path, {"mini": good}, run_id="old", model=small, finished_at="2024-01-01")
    write_run(tmp_path, {"mini": bad}, run_id="new", model=small, finished_at="2024-02-01")
    write_run(tmp_path, {"mini": good}, run_id="l", model=large)
    write_run(tmp_path, {"mini": good}, run_id="o", model=other)

    (table,) = build_leaderboard(find_runs(tmp_path)[0]).tables

    shown = [(e.run.manifest.run_id, e.rank, e.tied, e.n_older) for e in table.entries]
    assert shown == [("o", 1, True, 0), ("l", 1, True, 0), ("new", 3, False, 1)]
    assert table.unlike == ()


def test_unlike_protocols_never_share_a_table(tmp_path):
    few = PlantedTask(counts(correct=8, wrong=2), protocol={"shots": 0, "max_tokens": 32})
    for i in range(2):
        model = replace(MODEL, sha256=f"{i:064d}")
        plan = PlantedTask(counts(correct=8, wrong=2))
        write_run(tmp_path, {"mini": plan}, run_id=f"five-{i}", model=model)
    write_run(tmp_path, {"mini": few}, run_id="zero")

    tables = build_leaderboard(find_runs(tmp_path)[0]).tables

    assert [len(table.entries) for table in tables] == [2, 1]
    for table in tables:
        assert [d.field for d in table.unlike] == ["shots", "max_tokens"]
    assert [d.second for d in tables[1].unlike] == [0, 32]


def test_incomplete_runs_take_no_place(tmp_path):
    lucky = PlantedTask(counts(correct=10, error=90))
    honest = PlantedTask(counts(correct=90, wrong=10))
    write_run(tmp_path, {"mini": lucky}, run_id="lucky", model=replace(MODEL, sha256="1" * 64))
    write_run(tmp_path, {"mini": honest}, run_id="honest")

    (table,) = build_leaderboard(find_runs(tmp_path)[0]).tables

    assert [(e.run.manifest.run_id, e.rank) for e in table.entries] == [
        ("honest", 1),
        ("lucky", None),
    ]


def test_damaged_newest_run_gives_way_to_the_one_before(tmp_path):
    plan = PlantedTask(counts(correct=8, wrong=2))
    write_run(tmp_path, {"mini": plan}, run_id="old", finished_at="2024-01-01")
    new = write_run(tmp_path, {"mini": plan}, run_id="new", finished_at="2024-02-01")
    (new / "scores.parquet").write_bytes(b"PAR1 half")

    board = build_leaderboard(find_runs(tmp_path)[0])

    assert [e.run.manifest.run_id for e in board.tables[0].entries] == ["old"]
    assert len(board.left_out) == 1
    assert "damaged" in board.left_out[0]


def test_examples_are_few_and_of_every_kind(tmp_path):
    plan = PlantedTask(counts(correct=20, wrong=30, unparsed=9, truncated=9, refused=1, error=7))
    found = read_examples(load_run(write_run(tmp_path, {"mini": plan, "other": plan})))

    assert set(found) == {"mini", "other"}
    kinds = [example.outcome for example in found["mini"].examples]
    assert len(kinds) == 20
    assert kinds.count(Outcome.WRONG) == 10
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        Outcome.WRONG: 10,
        Outcome.UNPARSED: 3,
        Outcome.TRUNCATED: 3,
        Outcome.REFUSED: 1,
        Outcome.ERROR: 3,
    }
    error = next(e for e in found["mini"].examples if e.outcome is Outcome.ERROR)
    (said,) = error.exchanges
    assert (said.reply, error.error) == (None, "timeout: no answer within 60 s")
    assert found["mini"].messages[0].content.startswith("Question 0:")


def test_examples_of_conversations_show_every_turn_in_order(tmp_path):
    plan = PlantedTask(
        counts(correct=1, wrong=3, error=1),
        question="Question {}".format,
        reply=lambda position, *_: f"Last reply {position}.",
        turns=("And then?", "And at last?"),
    )
    found = read_examples(load_run(write_run(tmp_path, {"mini": plan})))["mini"]

    wrong = next(e for e in found.examples if e.outcome is Outcome.WRONG)
    assert [said.question.partition("\n")[0][:8] for said in wrong.exchanges] == [
        "Question",
        "And then",
        "And at l",
    ]
    assert [said.reply for said in wrong.exchanges][:2] == ["Reply 0.", "Reply 1."]
    assert wrong.exchanges[-1].reply.startswith("Last reply")
    (failed,) = (e for e in found.examples if e.outcome is Outcome.ERROR)
    assert [said.reply for said in failed.exchanges] == ["Reply 0.", "Reply 1.", None]
    assert failed.error == "timeout: no answer within 60 s"
    assert [(m.role, m.content.partition("\n")[0]) for m in found.messages] == [
        ("user", "Question 0"),
        ("assistant", "Reply 0."),
        ("user", "And then?"),
        ("assistant", "Reply 1."),
        ("user", "And at last?"),
    ]


def test_speed_counts_each_response_and_accuracy_each_conversation(tmp_path):
    summary = summary_of(tmp_path, PlantedTask(MIXED, turns=("And then?",)))

    assert (summary.speed.n_responses, summary.speed.n_timed) == (200, 197)
    assert summary.speed.decode_rate == pytest.approx((5 - 1) / 0.5)
    assert summary.speed.decoded_tokens == 197 * 4
    assert (summary.n_answered, summary.strict.n) == (97, 97)
    assert summary.strict.value == pytest.approx(60 / 97)
