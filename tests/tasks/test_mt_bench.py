"""MT-bench as the original asks it: 80 questions, two turns, the temperature by category."""

import pytest

from harness.analysis.summary import summarize_run
from harness.models.mock import MockModel
from harness.pipeline.options import Asking
from harness.pipeline.plan import chosen, make_plan
from harness.pipeline.score import rescore
from harness.protocol import differences
from harness.records import Message
from pipeline_kit import go
from shared_data import requires_shared

pytestmark = requires_shared

# FastChat, llm_judge/common.py: temperature_config
TEMPERATURES = {
    "writing": 0.7,
    "roleplay": 0.7,
    "extraction": 0.0,
    "math": 0.0,
    "coding": 0.0,
    "reasoning": 0.0,
    "stem": 0.1,
    "humanities": 0.1,
}


def plan_of(*tasks, **asking):
    asked = Asking(tasks or ("mt_bench",), **asking)
    return make_plan(chosen(asked), asked)


@pytest.fixture(scope="module")
def plan():
    return plan_of()


def test_eighty_questions_of_eight_categories_and_two_turns(plan):
    subjects = [sample.subject for sample in plan.samples]

    assert len(plan.samples) == 80
    assert {subject: subjects.count(subject) for subject in subjects} == dict.fromkeys(
        TEMPERATURES, 10
    )
    assert {sample.parts for sample in plan.samples} == {2}
    assert all('"prompt_id":' in sample.doc for sample in plan.samples)


def test_the_temperature_is_that_of_the_category_in_both_turns(plan):
    for sample in plan.samples:
        for part in (0, 1):
            decoding = sample.request(part, ["a reply"]).decoding
            assert decoding.temperature == TEMPERATURES[sample.subject]
            assert decoding.max_tokens == 1024
    assert plan.tasks[0].protocol.temperature is None


def test_the_second_turn_is_asked_with_the_first_reply_in_context(plan):
    sample = plan.samples[0]
    first, reply, second = sample.request(1, ["my own words"]).messages

    assert first == sample.requests[0].messages[0]
    assert reply == Message("assistant", "my own words", "\n\n")
    assert second.content == sample.turns[0]


def test_temperature_zero_is_another_protocol_over_the_same_questions(plan):
    greedy = plan_of(temperature=0.0)
    protocols = [each.tasks[0].protocol for each in (plan, greedy)]

    assert {s.requests[0].decoding.temperature for s in greedy.samples} == {0.0}
    assert [s.sample_id for s in greedy.samples] == [s.sample_id for s in plan.samples]
    assert [d.field for d in differences(*protocols)] == ["prompts", "temperature"]
    assert len({protocol.fingerprint for protocol in protocols}) == 2


def test_one_category_states_its_temperature():
    assert plan_of("mt_bench:stem").tasks[0].protocol.temperature == 0.1


def test_answers_wait_for_a_judge_and_are_neither_right_nor_wrong(tmp_path):
    run = go(tmp_path, MockModel(lambda request: "words"), plan_of(limit=8))
    summary = summarize_run(run)["mt_bench"]

    assert run.scores["outcome"].value_counts().to_dict() == {"unjudged": 8}
    assert (summary.strict.value, summary.strict.n, summary.n_missing) == (None, 0, 0)
    assert (summary.bounds, summary.subjects, summary.below_chance) == (None, (), False)
    assert rescore(run).scores["outcome"].tolist() == ["unjudged"] * 8
