"""A gate that asks: no more than it needs, in an order drawn before, and resumable."""

import json
import os
import zlib
from dataclasses import replace

import pytest

from harness.errors import InterruptedRunError, ModelError, NotComparableError, UsageError
from harness.gating.decide import decide
from harness.gating.order import draw_orders
from harness.gating.policy import Policy
from harness.gating.verdict import Status
from harness.models.mock import MockModel
from harness.pipeline.gate import VERDICT_FILE, Gate, judge_model
from harness.pipeline.options import RunOptions, Stop
from harness.records import Response
from harness.store.baseline import scored_run
from harness.store.journal import Journal
from pipeline_kit import TOYS, Counting, Dying, Notes, go, plan_of, solve

N = 900
SEQUENTIAL = Policy(margin=0.06, discordance=0.05, mode="sequential")
FIXED = Policy(margin=0.06, discordance=0.05)


@pytest.fixture(scope="module", autouse=True)
def many():
    os.environ["TOY_MANY"] = str(N)
    yield
    del os.environ["TOY_MANY"]


@pytest.fixture(scope="module")
def baseline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("baseline")
    run = go(folder, MockModel(failing(0.1, 1), snapshot="large"), plan_of("toy_many"))
    return scored_run(run)


def chance(request, salt):
    return zlib.crc32(f"{salt} {request.messages[-1].content}".encode()) / 2**32


def failing(share, salt, reply="none of them is right"):
    """Solve all but a share of the questions, the same ones at each call."""

    def handler(request):
        right = solve(request)
        if chance(request, salt) < share:
            return next(letter for letter in "ABCD" if letter != right) if reply else ""
        return right

    return handler


def broken(share, handler):
    """Fail like a server that answers with status 500."""

    def answer(request):
        if chance(request, "500") < share:
            return Response("", error_kind="http", error_message="500 Internal Server Error")
        return handler(request)

    return answer


def judged(tmp_path, baseline, handler, policy=SEQUENTIAL, progress=None, model=None):
    gate = Gate(policy, baseline, (TOYS,))
    options = RunOptions(tmp_path / "results")
    return judge_model(model or MockModel(handler), gate, options, progress or Notes())


def test_an_equal_candidate_passes_after_a_part_of_the_items(tmp_path, baseline):
    handler = Counting(failing(0.1, 1))
    found = judged(tmp_path, baseline, handler)
    (task,) = found.tasks

    assert found.status is Status.PASSED
    assert task.n_items == N
    assert len(handler.asked) == task.n_seen < N / 2


def test_a_candidate_far_behind_fails_early(tmp_path, baseline):
    handler = Counting(failing(0.4, 2))
    found = judged(tmp_path, baseline, handler)

    assert found.status is Status.FAILED
    assert found.exit_code == 1
    assert len(handler.asked) <= 200


def test_items_are_asked_in_the_order_drawn_and_stored_beforehand(tmp_path, baseline):
    asked = []
    model = MockModel(lambda request: asked.append(request.key) or failing(0.1, 1)(request))
    order = draw_orders(baseline, model.info.identity, ["toy_many"])
    stored = []

    def first_look(request):
        if not stored:
            folder = next((tmp_path / "results").iterdir())
            journal = Journal(folder)
            journal._open()
            stored.append(journal.meta("gate_order"))
            journal._connection.close()
        return model._handler(request)

    found = judged(tmp_path, baseline, None, model=MockModel(first_look))
    by_id = {s.sample_id: s.requests[0].key for s in plan_of("toy_many").samples}

    assert stored == [order.seed] == [found.order_seed]
    n = found.tasks[0].n_seen
    steps = [by_id[i] for i in order.ids["toy_many"][:n]]
    assert sorted(asked) == sorted(steps)
    assert set(asked[:32]) == set(steps[:32])


def test_the_verdict_is_kept_beside_the_answers_and_the_same_command_asks_nothing(
    tmp_path, baseline
):
    first = judged(tmp_path, baseline, failing(0.1, 1))
    handler = Counting()
    again = judged(tmp_path, baseline, handler)
    (folder,) = (tmp_path / "results").iterdir()

    assert again == first
    assert handler.asked == []
    assert json.loads((folder / VERDICT_FILE).read_text())["status"] == "passed"


@pytest.mark.parametrize("after", [1, 40, 150])
def test_a_killed_gate_goes_on_with_the_same_order_and_verdict(tmp_path, baseline, after):
    handler = failing(0.1, 3)
    undisturbed = Counting(handler)
    expected = judged(tmp_path / "other", baseline, undisturbed)
    with pytest.raises(ModelError):
        judged(tmp_path, baseline, None, model=Dying(handler, after))
    rest = Counting(handler)

    found = judged(tmp_path, baseline, rest)
    assert found == expected
    assert len(rest.asked) == len(undisturbed.asked) - after


def test_a_stopped_gate_says_that_it_continues(tmp_path, baseline):
    stop = Stop()
    handler = failing(0.1, 3)
    asked = []

    def stopping(request):
        asked.append(request)
        if len(asked) == 50:
            stop.request()
        return handler(request)

    gate = Gate(SEQUENTIAL, baseline, (TOYS,))
    options = RunOptions(tmp_path / "results", stop=stop)
    with pytest.raises(InterruptedRunError, match="the same command continues"):
        judge_model(MockModel(stopping), gate, options, Notes())

    rest = Counting(handler)
    assert judged(tmp_path, baseline, rest) == judged(tmp_path / "other", baseline, handler)
    assert len(asked) == 50


def test_an_outage_is_incomplete_and_each_item_is_tried_once_a_command(tmp_path, baseline):
    handler = Counting(broken(0.1, failing(0.1, 1)))
    found = judged(tmp_path, baseline, handler)

    assert found.status is Status.INCOMPLETE
    assert found.exit_code == 3
    errors = found.tasks[0].accuracy.evidence.estimate.n_error
    assert 60 < errors < 120
    assert len(handler.asked) <= N + errors  # once on the way, once when all was asked

    repaired = judged(tmp_path, baseline, failing(0.1, 1))
    assert repaired.status is Status.PASSED


def test_a_fixed_gate_asks_everything_and_leaves_an_ordinary_run(tmp_path, baseline):
    handler = Counting(failing(0.1, 1))
    found = judged(tmp_path, baseline, handler, FIXED)

    assert (found.status, len(handler.asked)) == (Status.PASSED, N)
    assert (found.mode, found.order_seed) == ("fixed", None)
    assert found.tasks[0].n == N


def test_a_sequential_gate_that_ran_to_the_end_judges_a_finished_run_alike(tmp_path, baseline):
    """Behind by about the margin: nothing stands before the end, where the run is finished."""
    narrow = replace_margin(SEQUENTIAL, 0.035)
    found = judged(tmp_path, baseline, failing(0.132, 1), narrow)
    run = go(tmp_path, MockModel(failing(0.132, 1)), plan_of("toy_many"))

    assert found.tasks[0].n_seen == N
    assert found.status is Status.INCONCLUSIVE
    assert decide(narrow, baseline, scored_run(run)) == found


def replace_margin(policy, margin):
    return policy.model_copy(update={"margin": {"default": margin}})


def test_answers_of_an_earlier_run_are_not_asked_again(tmp_path, baseline):
    handler = failing(0.1, 1)
    go(tmp_path, MockModel(handler), plan_of("toy_many", limit=400))
    fresh = Counting(handler)
    found = judged(tmp_path, baseline, fresh)

    assert found.status is Status.PASSED
    assert len(fresh.asked) < found.tasks[0].n_seen


@pytest.mark.parametrize("policy", [FIXED, SEQUENTIAL])
def test_a_policy_that_cannot_be_decided_is_refused_before_any_request(tmp_path, baseline, policy):
    handler = Counting()
    with pytest.raises(UsageError, match=r"900 items.*about [\d,]+ are needed"):
        judged(tmp_path, baseline, handler, replace_margin(policy, 0.01))

    assert handler.asked == []
    assert not (tmp_path / "results").exists()


def test_items_that_are_no_longer_there(tmp_path, baseline):
    items = baseline.items.copy()
    items.loc[0, "sample_id"] = "0" * 64
    handler = Counting()
    with pytest.raises(NotComparableError, match="1 of the baseline's 900 items are no longer"):
        judged(tmp_path, replace(baseline, items=items), handler)

    assert handler.asked == []


def test_a_task_that_has_changed_since(tmp_path, baseline):
    record = baseline.manifest.tasks["toy_many"]
    changed = replace(record, protocol=replace(record.protocol, max_tokens=99))
    manifest = replace(baseline.manifest, tasks={"toy_many": changed})
    handler = Counting()
    with pytest.raises(NotComparableError, match="max_tokens: 99 against 8"):
        judged(tmp_path, replace(baseline, manifest=manifest), handler)

    assert handler.asked == []
