import dataclasses
import json

import pytest

from harness.errors import InterruptedRunError, ModelError, StoreError
from harness.models.mock import MockModel
from harness.pipeline.options import Asking, RunOptions
from harness.pipeline.plan import check_capabilities, chosen
from harness.pipeline.run import execute
from harness.pipeline.score import rescore
from harness.records import Response
from harness.store.journal import JOURNAL, Journal
from harness.store.read import load_run
from pipeline_kit import TOYS, Counting, Dying, Notes, go, outcomes, plan_of, solve


def test_a_run_is_stored_scored_and_complete(tmp_path):
    run = go(tmp_path, MockModel(solve))

    assert outcomes(run) == {"correct": 12}
    assert run.manifest.status == "complete"
    assert run.manifest.tasks["toy_mc"].n == 12
    assert sorted(path.name for path in run.folder.iterdir() if path.name != "run.lock") == [
        "responses.parquet",
        "run.json",
        "samples.parquet",
        "scores.parquet",
    ]
    assert load_run(run.folder).manifest == run.manifest


def test_duplicates_are_asked_once_and_stay_two_samples(tmp_path):
    handler = Counting()
    run = go(tmp_path, MockModel(handler))

    assert len(handler.asked) == len(set(handler.asked)) == 11
    assert run.samples["sample_id"].nunique() == 12


def test_the_same_command_asks_nothing_again(tmp_path):
    go(tmp_path, MockModel(solve))
    handler, progress = Counting(), Notes()

    run = go(tmp_path, MockModel(handler), progress=progress)

    assert handler.asked == []
    assert "already complete" in progress.notes[0]
    assert outcomes(run) == {"correct": 12}


def test_fresh_asks_everything_and_keeps_the_earlier_run(tmp_path):
    first = go(tmp_path, MockModel(solve))
    handler = Counting()

    second = go(tmp_path, MockModel(handler), fresh=True)
    third = go(tmp_path, MockModel(solve), fresh=True)

    assert len(handler.asked) == 11
    assert len({first.folder, second.folder, third.folder}) == 3


def test_a_larger_limit_reuses_what_a_smaller_one_asked(tmp_path):
    go(tmp_path, MockModel(solve), plan_of(limit=4))
    handler = Counting()

    run = go(tmp_path, MockModel(handler), plan_of())

    assert len(handler.asked) < 11
    assert run.responses["origin"].nunique() == 2
    assert outcomes(run) == {"correct": 12}


def test_another_model_is_asked_anew(tmp_path):
    go(tmp_path, MockModel(solve))
    handler = Counting()

    go(tmp_path, MockModel(handler, snapshot="2"))

    assert len(handler.asked) == 11


def test_an_outage_is_no_wrong_answer_and_is_asked_again(tmp_path):
    def flaky(request):
        if "3 + 4" in request.messages[-1].content:
            return Response("", error_kind="timeout", error_message="too late")
        return solve(request)

    run = go(tmp_path, MockModel(flaky))
    assert outcomes(run) == {"correct": 11, "error": 1}
    assert run.scores["value"].isna().sum() == 1
    assert run.manifest.status == "incomplete"

    handler = Counting()
    again = go(tmp_path, MockModel(handler))

    assert len(handler.asked) == 1
    assert outcomes(again) == {"correct": 12}
    assert again.folder == run.folder


def test_truncated_and_unparsed_are_outcomes_of_their_own(tmp_path):
    replies = iter([
        Response("", text="Let me think about", finish_reason="length"),
        "I am not sure.",
        *["B"] * 20,
    ])  # fmt: skip
    run = go(tmp_path, MockModel(lambda _: next(replies)))
    found = outcomes(run)

    assert found["truncated"] == 2  # the first question stands there twice
    assert found["unparsed"] == 1
    judged = run.scores["outcome"].isin(["correct", "wrong"])
    assert (run.scores["value"].notna() == judged).all()


@pytest.mark.parametrize("after", [0, 1, 5, 10])
def test_what_a_dying_model_answered_is_kept(tmp_path, after):
    undisturbed = go(tmp_path / "other", MockModel(solve))
    with pytest.raises(ModelError):
        go(tmp_path, Dying(solve, after))
    handler, progress = Counting(), Notes()

    run = go(tmp_path, MockModel(handler), progress=progress)

    assert len(handler.asked) == 11 - after
    assert progress.started[0] == 12
    pairs = zip(run.rows("scores"), undisturbed.rows("scores"), strict=True)
    assert all(first == second for first, second in pairs)


def test_stopping_keeps_the_answers_and_says_how_to_resume(tmp_path):
    options = RunOptions(tmp_path / "results")

    class Stopping(Notes):
        def advance(self, response):
            super().advance(response)
            if self.advanced == 4:
                options.stop.request()

    with pytest.raises(InterruptedRunError, match="same command") as caught:
        execute(MockModel(solve), plan_of(), options, Stopping())
    assert caught.value.exit_code == 130
    (folder,) = options.results.iterdir()
    with Journal(folder) as journal:
        assert 4 <= len(journal.answered()) < 12

    assert outcomes(go(tmp_path, MockModel(solve))) == {"correct": 12}


def test_a_second_writer_is_refused(tmp_path):
    plan, model = plan_of(), MockModel(solve)
    folder = tmp_path / "results" / plan.run_id(model.info)

    with Journal(folder), pytest.raises(StoreError, match="another harness process"):
        go(tmp_path, model, plan)


def test_log_likelihoods_are_scored_by_the_largest(tmp_path):
    def likelihoods(request):
        letter = solve(request)
        return [-1.0 if c == f" {letter}" else -2.0 for c in request.continuations]

    def plain(request):
        message = request.messages[-1]
        last = dataclasses.replace(message, content=message.content.split("\n\n")[-1])
        return likelihoods(dataclasses.replace(request, messages=(last,)))

    run = go(tmp_path, MockModel(plain), plan_of("toy_logprob"))

    assert outcomes(run) == {"correct": 12}
    assert set(run.scores["scorer"]) == {"choice/1"}


def test_several_tasks_share_a_run(tmp_path):
    run = go(tmp_path, MockModel(lambda r: "A" if not r.continuations else [0.0, -1, -2, -3]),
             plan_of("toy_mc", "toy_logprob"))  # fmt: skip

    assert set(run.manifest.tasks) == {"toy_mc", "toy_logprob"}
    assert len(run.scores) == 24


def test_scoring_again_asks_no_model_and_gives_the_same(tmp_path):
    run = go(tmp_path, MockModel(solve))
    before = (run.folder / "scores.parquet").read_bytes()
    (run.folder / "scores.parquet").unlink()

    again = rescore(run, (TOYS,))

    assert (run.folder / "scores.parquet").read_bytes() == before
    assert again.manifest.tasks == run.manifest.tasks


def test_verification_finds_what_differs_when_asked_cold(tmp_path):
    class Cached(MockModel):
        def respond_cold(self, requests):
            for number, request in enumerate(requests):
                yield Response(request.key, text="D" if number == 0 else solve(request))

    run = go(tmp_path, Cached(solve), verify=5)

    assert run.manifest.verification["n"] == 5
    assert run.manifest.verification["n_different"] in (0, 1)
    stored = json.loads((run.folder / "run.json").read_text())["verification"]
    assert stored == run.manifest.verification


def test_a_finished_run_can_be_verified_later_without_asking_again(tmp_path):
    go(tmp_path, MockModel(solve))
    handler = Counting()
    model = MockModel(handler)

    run = go(tmp_path, model, verify=3)

    assert len(handler.asked) == 3
    assert run.manifest.verification["n_different"] == 0


def test_a_task_that_the_model_cannot_do_names_the_variant(tmp_path):
    info = dataclasses.replace(MockModel(solve).info, capabilities=("generate",))
    choices = chosen(Asking(("mmlu_logprob",)))

    with pytest.raises(ModelError, match="run the task mmlu,"):
        check_capabilities(choices, info)


def test_the_name_of_a_run_is_a_function_of_what_is_asked_and_of_whom(tmp_path):
    plan, model = plan_of(), MockModel(solve, name="../../etc/pass wd")

    name = plan.run_id(model.info)

    assert name == plan_of().run_id(model.info)
    assert name != plan_of(limit=3).run_id(model.info)
    assert "/" not in name
    assert " " not in name
    assert not name.startswith(".")


def test_the_journal_is_gone_once_the_tables_are_written(tmp_path):
    run = go(tmp_path, MockModel(solve))

    assert not (run.folder / JOURNAL).exists()


def test_a_damaged_run_is_not_reused_and_breaks_nothing(tmp_path):
    first = go(tmp_path, MockModel(solve), plan_of(limit=4))
    path = first.folder / "responses.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    handler, progress = Counting(), Notes()

    run = go(tmp_path, MockModel(handler), progress=progress)

    assert len(handler.asked) == 11
    assert "damaged" in progress.notes[0]
    assert outcomes(run) == {"correct": 12}


def test_a_stop_after_the_last_answer_still_finishes_but_claims_no_verification(tmp_path):
    options = RunOptions(tmp_path / "results", verify=3)

    class Late(Notes):
        def advance(self, response):
            super().advance(response)
            if self.advanced == 12:
                options.stop.request()

    run = execute(MockModel(solve), plan_of(), options, Late())

    assert run.manifest.status == "complete"
    assert run.manifest.verification is None


def test_options_in_different_contexts_are_parts_of_one_sample(tmp_path):
    plan = plan_of("toy_blanks")
    sample = plan.tasks[0].samples[0]
    assert [r.prompt for r in sample.requests] == [
        "The cup was too small, so the cup",
        "The cup was too small, so the lake",
    ]
    assert {r.continuations for r in sample.requests} == {(" overflowed.",)}

    run = go(tmp_path, MockModel(lambda r: [-1.0 if r.prompt.endswith("cup") else -2.0]), plan)
    again = rescore(run, (TOYS,))

    assert outcomes(run) == {"correct": 1, "wrong": 1}
    assert run.responses["part"].tolist() == [0, 1, 0, 1]
    assert outcomes(again) == outcomes(run)


def test_a_missing_part_is_no_answer(tmp_path):
    def second_fails(request):
        if request.prompt.endswith("lake"):
            return Response("", error_kind="timeout", error_message="late")
        return [-1.0]

    run = go(tmp_path, MockModel(second_fails), plan_of("toy_blanks"))

    assert outcomes(run)["error"] == 1
