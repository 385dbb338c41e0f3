"""The real MMLU, against prompts built here by other means than lm-eval's templates."""

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from harness.tasks.catalog import catalog, choose
from harness.tasks.lm_eval_adapter import load_task
from shared_data import requires_shared, shared_folder

GOLDEN = Path(__file__).parent / "mmlu_golden.json"

pytestmark = requires_shared


@pytest.fixture(scope="module")
def mmlu():
    return load_task(choose(["mmlu"])[0])


@pytest.fixture(scope="module")
def rows():
    folder = shared_folder() / "data" / "hub" / "datasets" / "cais" / "mmlu"
    return {
        (subject, split): pq.read_table(next((folder / subject).glob(f"{split}-*"))).to_pylist()
        for subject in catalog()["mmlu"].subjects
        for split in ("dev", "test")
    }


def block(row):
    options = "".join(f"\n{letter}. {text}" for letter, text in zip("ABCD", row["choices"]))  # noqa: B905
    return f"{row['question'].strip()}{options}\nAnswer:"


def expected_prompts(rows, subject):
    name = subject.replace("_", " ")
    head = f"The following are multiple choice questions (with answers) about {name}.\n\n"
    shots = "".join(f"{block(row)} {'ABCD'[row['answer']]}\n\n" for row in rows[subject, "dev"][:5])
    return [head + shots + block(row) for row in rows[subject, "test"]]


def test_every_prompt_of_all_57_subjects_is_byte_equal(mmlu, rows):
    built = {}
    for sample in mmlu.samples:
        built.setdefault(sample.subject, []).append(sample.requests[0].prompt)

    assert list(built) == list(catalog()["mmlu"].subjects)
    for subject, prompts in built.items():
        assert prompts == expected_prompts(rows, subject), subject


def test_the_letter_and_likelihood_tasks_show_the_same_text(mmlu):
    likelihood = load_task(choose(["mmlu_logprob:anatomy"])[0])
    letters = [s for s in mmlu.samples if s.subject == "anatomy"]

    assert [s.requests[0].prompt for s in likelihood.samples] == [
        s.requests[0].prompt for s in letters
    ]
    assert [s.gold for s in likelihood.samples] == [s.gold for s in letters]


@pytest.mark.parametrize("subject", ["abstract_algebra", "college_medicine", "virology"])
def test_prompts_equal_the_golden_file(mmlu, subject):
    prompts = [s.requests[0].prompt for s in mmlu.samples if s.subject == subject]
    digest = hashlib.sha256("\0".join(prompts).encode()).hexdigest()

    assert {"n": len(prompts), "sha256": digest} == json.loads(GOLDEN.read_text())[subject]


def test_all_questions_stay_separate_samples(mmlu):
    contents = [(s.requests[0].messages[-1].content, s.choices) for s in mmlu.samples]

    assert len({s.sample_id for s in mmlu.samples}) == len(mmlu.samples) == 14_042
    assert len(contents) - len(set(contents)) == 105


def test_the_key_is_not_lost(mmlu):
    counts = {letter: sum(s.gold == letter for s in mmlu.samples) for letter in "ABCD"}

    assert counts == {"A": 3222, "B": 3462, "C": 3582, "D": 3776}


def test_reasoning_asks_without_examples():
    sample = load_task(choose(["mmlu_cot:anatomy"])[0]).samples[0]
    (message,) = sample.requests[0].messages

    assert message.role == "user"
    assert "Think step by step" in message.content
    assert "'Answer: X'" in message.content
    assert sample.requests[0].decoding.max_tokens == 1024
    assert sample.requests[0].letters == ()


def test_the_revision_of_the_dataset_is_recorded(mmlu):
    assert len(mmlu.outline.revision) == 40
    assert mmlu.outline.dataset == "cais/mmlu"
