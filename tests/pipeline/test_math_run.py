r"""GSM8K and MATH-500 from the real data to scores, and back again without a model."""

import pytest

from cli_kit import STORIES, harness
from harness.analysis.summary import summarize_run
from harness.errors import UsageError
from harness.models.mock import MockModel
from harness.pipeline.explain import explain
from harness.pipeline.score import rescore
from harness.records import Outcome, Response
from pipeline_kit import Counting, go, outcomes, plan_of
from shared_data import requires_shared

pytestmark = requires_shared
FORMS = (
    lambda gold: f"Working.\nAnswer: {gold}",
    lambda gold: rf"So it is $\boxed{{{gold}}}$.",
    lambda gold: rf"\boxed{{{gold}}} or, no, \boxed{{-987654321}}",
    lambda gold: "I do not know.",
)


def scripted(plan):
    """Answer every fourth sample right twice, once wrong and once not at all; one reply is cut."""
    golds = {sample.requests[0].key: (n, sample.gold) for n, sample in enumerate(plan.samples)}

    def reply(request):
        n, gold = golds[request.key]
        text = FORMS[n % 4](gold)
        if n == 4:
            return Response(request.key, text=text, finish_reason="length")
        return text

    return Counting(reply)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    plan = plan_of("gsm8k", "math500", limit=40)
    handler = scripted(plan)
    run = go(tmp_path_factory.mktemp("math"), MockModel(handler), plan)
    return run, handler


def test_every_reply_gets_the_outcome_it_was_written_for(finished):
    run, handler = finished

    assert len(handler.asked) == 80
    assert outcomes(run) == {"correct": 39, "wrong": 20, "unparsed": 20, "truncated": 1}


def test_scoring_again_asks_nobody_and_changes_nothing(finished):
    run, handler = finished
    before = run.scores

    again = rescore(run)

    assert len(handler.asked) == 80
    assert again.scores.equals(before)


def test_first_and_last_answers_are_stored(finished):
    scores = finished[0].scores
    changed = scores[(scores["task"] == "math500") & (scores["outcome"] == "wrong")]

    assert set(changed["answer"]) == {"-987654321"}
    assert (changed["first_answer"] == changed["gold"]).all()


def test_the_share_of_each_layer_is_summed_up(finished):
    summary = summarize_run(finished[0])
    layers = {share.layer: share for share in summary["math500"].layers}

    assert summary["gsm8k"].layers == ()
    assert sum(share.n for share in layers.values()) == 40
    assert layers["text"].n >= 19
    assert layers[""].n == 10
    assert not any(share.n_failed for share in layers.values())


def test_an_explanation_follows_the_layers(finished):
    run, _ = finished
    scores = run.scores[run.scores["task"] == "math500"].set_index("outcome")
    right = explain(run, scores.loc["correct"].iloc[0]["sample_id"][:12])
    unread = explain(run, scores.loc["unparsed"].iloc[0]["sample_id"])

    assert right.score.outcome is Outcome.CORRECT
    assert [step.layer for step in right.steps[:2]] == ["extraction", "text"]
    assert [step.decided for step in right.steps if step.decided] == ["correct"]
    assert unread.steps[0].decided == "unparsed"
    assert "no final statement" in unread.steps[0].why


def test_a_number_is_explained_too(finished):
    run, _ = finished
    row = run.scores[run.scores["task"] == "gsm8k"].iloc[0]
    (step,) = explain(run, row["sample_id"]).steps

    assert (step.layer, step.decided) == ("number/2", row["outcome"])


@pytest.mark.parametrize(("wanted", "message"), [("", "no sample"), ("zz", "no sample")])
def test_an_unknown_sample_is_an_error(finished, wanted, message):
    with pytest.raises(UsageError, match=message):
        explain(finished[0], wanted)


def test_too_little_of_an_id_is_an_error(finished):
    run, _ = finished
    ids = run.scores["sample_id"]
    common = next(c for c in "0123456789abcdef" if ids.str.startswith(c).sum() > 1)

    with pytest.raises(UsageError, match="say more of it"):
        explain(run, common)


def test_the_command_shows_why(finished, tmp_path):
    run, _ = finished
    row = run.scores[(run.scores["task"] == "math500") & (run.scores["outcome"] == "wrong")].iloc[0]
    done = harness("score", run.folder, "--explain", row["sample_id"], cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "last box: '-987654321'" in done.stdout
    assert "wrong, by math/1:" in done.stdout


@pytest.mark.slow
def test_a_real_model_answers_both_tasks(tmp_path):
    asked = harness(
        "run", "--model", STORIES, "--tasks", "gsm8k,math500", "--limit", "1",
        cwd=tmp_path, timeout=280,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    (folder,) = (tmp_path / "results").iterdir()
    before = (folder / "responses.parquet").read_bytes()
    again = harness("score", folder, cwd=tmp_path)

    assert again.returncode == 0, again.stderr
    assert (folder / "responses.parquet").read_bytes() == before
    assert "math500" in again.stdout


@pytest.mark.slow
def test_a_bundled_model_is_too_short_of_context_and_says_so(tmp_path):
    asked = harness("run", "--model", "nano-q4_0", "--tasks", "gsm8k", "--limit", "2", cwd=tmp_path)

    assert asked.returncode == 3
    assert "do not fit into 512 tokens of context" in asked.stderr
