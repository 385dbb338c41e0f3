r"""The real GSM8K, MATH and MATH-500, and what is asked of a model."""

import re

import pyarrow.parquet as pq
import pytest

from harness.errors import TaskError
from harness.scoring.number_text import canonical
from harness.tasks.catalog import catalog, choose
from harness.tasks.lm_eval_adapter import load_task
from harness.tasks.mathematics import boxed_answer, stratum
from shared_data import requires_shared, shared_folder


def rows(*path):
    folder = shared_folder().joinpath("data", "hub", "datasets", *path)
    return [
        row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()
    ]


@pytest.fixture(scope="module")
def gsm8k():
    return load_task(choose(["gsm8k"])[0])


@pytest.mark.parametrize(
    ("name", "shots", "longest", "scorer"),
    [
        ("gsm8k", 0, 1024, "number"),
        ("gsm8k_8shot", 8, 1024, "number"),
        ("math500", 0, 2048, "math"),
        ("math", 0, 2048, "math"),
    ],
)
def test_the_protocol_is_stated(name, shots, longest, scorer):
    entry = catalog()[name]

    assert (entry.shots, entry.max_tokens, entry.scorer) == (shots, longest, scorer)
    assert entry.stop_stated


def test_subject_and_level_have_one_name():
    assert stratum("Counting & Probability", "Level 3") == "counting_and_probability_level_3"
    assert stratum("Counting & Probability", 3) == "counting_and_probability_level_3"
    assert stratum("Geometry", "Level ?") == "geometry_level_unknown"
    assert stratum("Algebra", 5) in catalog()["math"].subjects


def test_a_solution_without_a_box_is_named():
    with pytest.raises(TaskError, match="without"):
        boxed_answer({"problem": "What is 1 + 1?", "solution": "It is 2."})


@requires_shared
def test_gsm8k_asks_for_a_last_line(gsm8k):
    expected = rows("openai", "gsm8k", "main")
    sample = gsm8k.samples[0]
    (message,) = sample.requests[0].messages

    assert len(gsm8k.samples) == 1319
    assert message.role == "user"
    assert message.content.endswith(f"\n\n{expected[0]['question'].strip()}\n")
    assert "'Answer: N'" in message.content
    assert sample.requests[0].decoding.stop == ()
    assert sample.requests[0].decoding.temperature == 0.0


@requires_shared
def test_every_gold_of_gsm8k_is_a_number(gsm8k):
    answers = [
        row["answer"].rpartition("####")[2].strip() for row in rows("openai", "gsm8k", "main")
    ]

    assert [sample.gold for sample in gsm8k.samples] == answers[: len(gsm8k.samples)]
    assert all(canonical(sample.gold) for sample in gsm8k.samples)


@requires_shared
def test_the_eight_examples_are_the_first_of_the_train_split():
    task = load_task(choose(["gsm8k_8shot"])[0])
    folder = shared_folder() / "data" / "hub" / "datasets" / "openai" / "gsm8k" / "main"
    train = pq.read_table(next(folder.glob("train-*.parquet"))).slice(0, 8).to_pylist()
    messages = task.samples[7].requests[0].messages

    assert [m.role for m in messages] == ["user", "assistant"] * 8 + ["user"]
    assert [m.content for m in messages[:16:2]] == [
        f"Question: {row['question'].strip()}\nWorking:" for row in train
    ]
    for message, row in zip(messages[1:16:2], train, strict=True):
        working, _, answer = row["answer"].partition("\n#### ")
        assert message.content.strip() == f"{re.sub('<<.*?>>', '', working)}\nAnswer: {answer}"
    assert task.samples[0].requests[0].prompt.count("Answer:") == 8
    assert task.outline.shot_order == "first_n"


@requires_shared
def test_math500_is_asked_by_subject_and_level():
    task = load_task(choose(["math500"])[0])
    expected = {row["problem"].strip(): row for row in rows("HuggingFaceH4", "MATH-500")}

    assert len(task.samples) == len({s.sample_id for s in task.samples}) == 500
    for sample in task.samples:
        (message,) = sample.requests[0].messages
        instruction, _, problem = message.content.partition("\n\n")
        row = expected[problem.removesuffix("\n")]
        assert instruction.endswith(r"within \boxed{}.")
        assert sample.gold == row["answer"]
        assert sample.subject == stratum(row["subject"], row["level"])
        assert sample.requests[0].decoding.max_tokens == 2048


@requires_shared
def test_one_level_of_one_subject_can_be_chosen():
    task = load_task(choose(["math:geometry_level_5,number_theory_level_1"])[0])
    subjects = [sample.subject for sample in task.samples]

    assert subjects.count("geometry_level_5") == 132
    assert subjects.count("number_theory_level_1") == 30
    assert task.outline.dataset == "EleutherAI/hendrycks_math"


@pytest.mark.slow
@requires_shared
def test_math_has_all_its_samples():
    task = load_task(choose(["math"])[0])

    assert len({sample.sample_id for sample in task.samples}) == 5000
    assert all(sample.gold for sample in task.samples)
