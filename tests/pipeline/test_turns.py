"""Conversations: each turn asked with the replies before it, whatever happens in between."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from engine_kit import opened, stories
from harness.errors import InterruptedRunError, ModelError
from harness.models.base import Misfit
from harness.models.mock import MockModel
from harness.pipeline.options import RunOptions
from harness.pipeline.run import execute
from harness.pipeline.score import rescore
from harness.records import Message, Response
from harness.store.journal import Journal
from harness.store.read import load_run
from pipeline_kit import TOYS, Counting, Dying, Notes, go, outcomes, plan_of
from shared_data import requires_shared

# Of the 11 parts of the four samples, two are the same request.
PARTS, REQUESTS = 11, 10


def solve(request):
    """Go on from the last reply: nothing else in the messages tells the number."""
    *before, last = request.messages
    if said := re.fullmatch(r"Say (\d)\.", last.content):
        return f"Answer: {said[1]}"
    value = int(re.search(r"\d+", before[-1].content)[0])
    return f"Answer: {value * 2 if last.content == 'Double it.' else value + 1}"


def chat(**changes):
    return plan_of("toy_chat", **changes)


def failing(*contents):
    """A handler with an outage at the turns that say one of `contents`."""

    def handler(request):
        if request.messages[-1].content in contents:
            return Response("", error_kind="timeout", error_message="too late")
        return solve(request)

    return handler


def asked_of(run):
    return {(r["sample_id"], r["part"]): r["request_key"] for r in run.rows("responses")}


def test_each_turn_is_asked_with_the_replies_before_it(tmp_path):
    handler, progress = Counting(solve), Notes()

    run = go(tmp_path, MockModel(handler), chat(), progress)

    assert outcomes(run) == {"correct": 4}
    assert run.responses["part"].tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]
    assert run.responses["text"].tolist()[:3] == ["Answer: 3", "Answer: 6", "Answer: 12"]
    assert (progress.started, progress.advanced) == ((PARTS, 0), PARTS)
    assert len(handler.asked) == len(set(handler.asked)) == REQUESTS
    assert run.manifest.tasks["toy_chat"].n == 4


def test_all_first_turns_are_asked_before_any_second_one(tmp_path):
    lengths = []

    def handler(request):
        lengths.append(len(request.messages))
        return solve(request)

    go(tmp_path, MockModel(handler), chat())

    assert lengths == [1] * 3 + [3] * 4 + [5] * 3


def test_plain_text_tells_the_turns_apart():
    sample = chat().samples[1]
    last = sample.request(2, ["5", "10"])

    assert last.messages == (
        Message("user", "Say 5.", "\n"),
        Message("assistant", "5", "\n\n"),
        Message("user", "Double it.", "\n"),
        Message("assistant", "10", "\n\n"),
        Message("user", "Add one.", "\n"),
    )
    assert last.prompt == "Say 5.\n5\n\nDouble it.\n10\n\nAdd one.\n"
    assert last.decoding == sample.requests[0].decoding


def test_scoring_again_needs_the_files_alone(tmp_path):
    run = go(tmp_path, MockModel(solve), chat())
    before = (run.folder / "scores.parquet").read_bytes()

    assert outcomes(rescore(run, (TOYS,))) == {"correct": 4}
    assert (run.folder / "scores.parquet").read_bytes() == before


@pytest.mark.parametrize("after", range(REQUESTS))
def test_a_death_at_any_point_loses_nothing_and_asks_nothing_twice(tmp_path, after):
    undisturbed = go(tmp_path / "other", MockModel(solve), chat())
    first = Counting(solve)
    with pytest.raises(ModelError):
        go(tmp_path, Dying(first, after), chat())
    handler, progress = Counting(solve), Notes()

    run = go(tmp_path, MockModel(handler), chat(), progress)

    assert len(handler.asked) == REQUESTS - after
    assert progress.started[1] + progress.advanced == progress.started[0] == PARTS
    assert asked_of(run) == asked_of(undisturbed)
    assert list(run.rows("scores")) == list(undisturbed.rows("scores"))


@pytest.mark.parametrize("answered", [2, 4, 5, 8])
def test_a_stop_within_or_between_turns_ends_properly(tmp_path, answered):
    options = RunOptions(tmp_path / "results")

    class Stopping(Notes):
        def advance(self, response):
            super().advance(response)
            if self.advanced == answered:
                options.stop.request()

    handler = Counting(solve)
    with pytest.raises(InterruptedRunError, match="same command"):
        execute(MockModel(handler), chat(), options, Stopping())
    (folder,) = options.results.iterdir()
    with Journal(folder) as journal:
        stored = len(journal.answered())
    again = Counting(solve)

    run = go(tmp_path, MockModel(again), chat())

    assert answered <= stored < PARTS
    assert not set(handler.asked) & set(again.asked)
    assert len(handler.asked) + len(again.asked) == REQUESTS
    assert outcomes(run) == {"correct": 4}


def test_a_stop_after_the_last_turn_still_finishes(tmp_path):
    options = RunOptions(tmp_path / "results", verify=3)

    class Late(Notes):
        def advance(self, response):
            super().advance(response)
            if self.advanced == PARTS:
                options.stop.request()

    run = execute(MockModel(solve), chat(), options, Late())

    assert (run.manifest.status, run.manifest.verification) == ("complete", None)


def test_an_error_in_the_first_turn_leaves_the_others_unasked(tmp_path):
    handler, progress = Counting(failing("Say 5.")), Notes()

    run = go(tmp_path, MockModel(handler), chat(), progress)

    assert outcomes(run) == {"correct": 2, "error": 2}
    assert set(run.scores["detail"][run.scores["outcome"] == "error"]) == {"timeout"}
    assert run.responses["part"].tolist() == [0, 1, 2, 0, 0, 0, 1]
    assert (run.manifest.status, run.manifest.tasks["toy_chat"].n_error) == ("incomplete", 2)

    again = Counting(solve)
    repaired = go(tmp_path, MockModel(again), chat(), progress)

    assert len(again.asked) == 1 + 2 + 2
    assert progress.started == (PARTS, 5)
    assert outcomes(repaired) == {"correct": 4}
    assert repaired.folder == run.folder


def test_an_error_in_a_later_turn_is_asked_again_after_the_stored_replies(tmp_path):
    run = go(tmp_path, MockModel(failing("Add one.")), chat())
    assert outcomes(run) == {"correct": 1, "error": 3}

    handler = Counting(solve)
    repaired = go(tmp_path, MockModel(handler), chat())

    assert len(handler.asked) == 4
    assert outcomes(repaired) == {"correct": 4}


def test_a_dead_conversation_says_why_and_an_unasked_one_that_it_was_not(tmp_path):
    class Silent(MockModel):
        def respond(self, requests):
            return iter(list(super().respond(requests))[:2])

    run = go(tmp_path, Silent(solve), chat())

    assert set(run.scores["detail"][run.scores["outcome"] == "error"]) == {"no response"}


def test_other_runs_are_reused_in_every_turn(tmp_path):
    small = go(tmp_path, MockModel(solve), chat(limit=2))
    handler, progress = Counting(solve), Notes()

    run = go(tmp_path, MockModel(handler), chat(), progress)

    known = {r["request_key"] for r in small.rows("responses")}
    assert not known & set(handler.asked)
    assert len(handler.asked) == REQUESTS - len(known)
    assert progress.started[1] >= len(known)
    assert run.responses["origin"].nunique() == 2
    assert outcomes(run) == {"correct": 4}


def test_a_damaged_run_is_named_once_and_not_reused(tmp_path):
    first = go(tmp_path, MockModel(solve), chat(limit=2))
    path = first.folder / "responses.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    handler, progress = Counting(solve), Notes()

    run = go(tmp_path, MockModel(handler), chat(), progress)

    assert len(handler.asked) == REQUESTS
    assert len([note for note in progress.notes if "damaged" in note]) == 1
    assert outcomes(run) == {"correct": 4}


def test_fresh_asks_every_turn_again(tmp_path):
    go(tmp_path, MockModel(solve), chat())
    handler = Counting(lambda request: f"{solve(request)} again")

    run = go(tmp_path, MockModel(handler), chat(), fresh=True)

    assert len(handler.asked) == REQUESTS
    assert set(run.responses["origin"]) == {run.folder.name}


def test_a_lone_surrogate_gives_the_same_next_request_fresh_and_stored(tmp_path):
    def broken(request):
        return solve(request) + " \ud83d"

    undisturbed = go(tmp_path / "other", MockModel(broken), chat())
    with pytest.raises(ModelError):
        go(tmp_path, Dying(broken, 3), chat())
    asked = []

    def resumed(request):
        asked.append(request)
        return broken(request)

    run = go(tmp_path, MockModel(resumed), chat())

    assert asked_of(run) == asked_of(undisturbed)
    assert asked[0].messages[1].content.endswith(" \ufffd")
    sample, keys = chat().samples[0], asked_of(run)
    assert sample.request(1, ["Answer: 3 \ud83d"]).key == keys[sample.sample_id, 1]
    assert sample.request(1, ["Answer: 3 \ufffd"]).key == keys[sample.sample_id, 1]


@pytest.mark.parametrize(
    ("reply", "passed_on"),
    [
        (Response("", text="Let me", finish_reason="length"), "Let me"),
        (Response("", text="", finish_reason="stop"), ""),
        (Response("", text=None, finish_reason="content_filter"), ""),
    ],
)
def test_a_reply_is_passed_on_as_it_is(tmp_path, reply, passed_on):
    seen = set()

    def handler(request):
        if len(request.messages) == 1:
            return reply
        seen.add(request.messages[1].content)
        return "Answer: 12"

    run = go(tmp_path, MockModel(handler), chat())

    assert seen == {passed_on}
    assert outcomes(run) == {"correct": 2, "wrong": 2}


def test_only_the_last_reply_is_judged(tmp_path):
    def handler(request):
        if len(request.messages) < 5:
            return solve(request)
        return Response("", text="Let me think", finish_reason="length")

    run = go(tmp_path, MockModel(handler), chat())

    assert outcomes(run) == {"truncated": 3, "correct": 1}


def test_verification_asks_later_turns_cold(tmp_path):
    cold = []

    class Cached(MockModel):
        def respond_cold(self, requests):
            cold.extend(requests)
            return super().respond_cold(requests)

    go(tmp_path, MockModel(solve), chat())
    handler = Counting(solve)
    run = go(tmp_path, Cached(handler), chat(), verify=PARTS)

    assert run.manifest.verification["n"] == len(handler.asked) == REQUESTS
    assert run.manifest.verification["n_different"] == 0
    assert sorted(len(request.messages) for request in cold) == [1] * 3 + [3] * 4 + [5] * 3


def test_what_is_too_large_is_said_in_every_turn(tmp_path):
    class Small(MockModel):
        def preflight(self, requests):
            sizes = {request.key: len(request.prompt) for request in requests}
            return [Misfit(key, size, 36) for key, size in sizes.items() if size > 36]

    def verbose(request):
        return solve(request) + " " * 8

    progress = Notes()
    go(tmp_path, Small(verbose), chat(), progress)
    said = [note for note in progress.notes if "do not fit" in note]

    assert [note.split(" requests")[0] for note in said] == ["2 of 4", "3 of 3"]


def test_two_tasks_of_unlike_turns_share_a_run(tmp_path):
    def both(request):
        return "A" if "\nA. " in request.prompt else solve(request)

    run = go(tmp_path, MockModel(both), plan_of("toy_mc", "toy_chat"))

    assert run.scores.groupby("task")["value"].count().to_dict() == {"toy_mc": 12, "toy_chat": 4}
    assert len(run.responses) == 12 + PARTS


@requires_shared
def test_a_real_engine_continues_its_own_replies(tmp_path):
    with opened(stories()) as model:
        run = go(tmp_path, model, chat(), verify=PARTS)

    rows = list(run.rows("responses"))
    assert [row["part"] for row in rows] == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]
    assert not any(row["error_kind"] for row in rows)
    # With each turn the prompt grows by the reply before it.
    for before, after in pairwise(rows):
        if after["part"]:
            assert after["prompt_tokens"] > before["prompt_tokens"] + before["output_tokens"]
    sample = chat().samples[0]
    replies = [row["text"] for row in rows[:3]]
    assert sample.request(2, replies).key == rows[2]["request_key"]
    assert run.manifest.verification["n_different"] == 0
    assert load_run(run.folder).manifest == run.manifest


def test_a_sample_knows_its_parts():
    sample = chat().samples[0]

    assert (sample.parts, len(sample.requests), len(sample.turns)) == (3, 1, 2)
    assert sample.request(0) == sample.requests[0]
    assert sample.request(1, ["3", "6"]) == sample.request(1, ["3"])
    for part, replies in ((1, []), (2, ["3"]), (3, ["3", "6", "12"])):
        with pytest.raises(ValueError, match="zip"):
            sample.request(part, replies)


def test_only_the_first_turn_asks_for_letters():
    first = chat().samples[0]
    asked = replace(first, requests=(replace(first.requests[0], letters=("A", "B")),))

    assert asked.request(0).letters == ("A", "B")
    assert asked.request(1, ["3"]).letters == ()
