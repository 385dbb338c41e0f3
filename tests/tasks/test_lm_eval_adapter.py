import json
import shutil
from pathlib import Path

import pytest

from harness.errors import TaskError
from harness.records import Message, RequestKind, Response
from harness.tasks.catalog import choose
from harness.tasks.lm_eval_adapter import StockScorer, load_task
from shared_data import requires_shared

TOYS = Path(__file__).parent.parent / "toy_tasks"

# What the task's YAML says, written out by hand.
TOY_PROMPT = """Questions about sums.

1 + 1 = ?
A. 2
B. 3
C. 4
D. 5
Answer: A

2 + 2 = ?
A. 3
B. 4
C. 5
D. 6
Answer: B

1 + 2 = ?
A. 0
B. 3
C. 6
D. 9
Answer:"""


def toy(name="toy_mc"):
    return load_task(choose([name], (TOYS,))[0])


def altered(tmp_path, old, new, name="toy_mc", file=None):
    """A copy of a toy task with one text of its YAML, or of another file, replaced."""
    folder = tmp_path / name
    shutil.copytree(TOYS / name, folder)
    path = folder / (file or f"{name}.yaml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return choose([name], (tmp_path,))[0]


def test_examples_become_turns_and_their_text_is_the_plain_prompt():
    first = toy().samples[0]
    request = first.requests[0]

    assert [message.role for message in request.messages] == [
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert request.messages[1] == Message("assistant", "A", "\n\n")
    assert request.messages[0].content.startswith("Questions about sums.\n\n1 + 1")
    assert request.prompt == TOY_PROMPT
    assert (first.gold, first.choices) == ("B", ("0", "3", "6", "9"))
    assert request.letters == ("A", "B", "C", "D")
    assert request.decoding.max_tokens == 8


def test_likelihoods_are_asked_of_the_same_plain_text():
    request = toy("toy_logprob").samples[0].requests[0]

    assert request.kind is RequestKind.LOGPROB
    assert request.prompt == TOY_PROMPT
    assert request.continuations == (" A", " B", " C", " D")


def test_exact_duplicates_stay_separate_samples_with_one_request():
    samples = [s for s in toy().samples if s.requests[0].prompt == TOY_PROMPT]

    assert len(samples) == 2
    assert samples[0].sample_id != samples[1].sample_id
    assert samples[0].requests[0].key == samples[1].requests[0].key


def test_loading_twice_gives_the_same_samples_and_protocol():
    first, second = toy(), toy()

    assert first.samples == second.samples
    assert first.protocol(first.samples) == second.protocol(second.samples)


def test_the_protocol_says_what_was_stated():
    task = toy()
    protocol = task.protocol(task.samples)

    assert (protocol.shots, protocol.shot_order, protocol.kind) == (2, "first_n", "generate")
    assert (protocol.temperature, protocol.max_tokens, protocol.stop) == (0.0, 8, ())
    assert (protocol.scorer, protocol.split, protocol.task_version) == ("letter/1", "test", "1")
    assert task.chance == 0.25


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("num_fewshot: 2", "num_fewshot: 1", "shots"),
        ("Questions about", "Problems about", "template"),
        ("max_gen_toks: 8", "max_gen_toks: 9", "max_tokens"),
        ("until: []", 'until: ["Q"]', "stop"),
        ("do_sample: false, temperature: 0.0", "do_sample: true, temperature: 0.7", "temperature"),
        ("top_p: 1.0", "top_p: 0.9", "top_p"),
        ("seed: 0", "seed: 1", "seed"),
        ("version: 1", "version: 2", "task_version"),
    ],
)
def test_what_a_task_file_changes_shows_in_its_protocol(tmp_path, old, new, field):
    before = toy().outline
    after = load_task(altered(tmp_path, old, new)).outline

    assert getattr(before, field) != getattr(after, field)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("num_fewshot: 2\n", "", "num_fewshot"),
        ("max_gen_toks: 8, ", "", "max_gen_toks"),
        ("until: [], ", "", "until"),
        ("{sampler: first_n}", "{sampler: default}", "first_n"),
        ("{{question}}\\nA.", "{{nothing}}\\nA.", "cannot be built"),
        ("utils.load", "utils.nowhere", "cannot be built"),
    ],
)
def test_a_task_that_leaves_something_open_is_refused_with_the_reason(tmp_path, old, new, message):
    with pytest.raises(TaskError, match=message) as caught:
        load_task(altered(tmp_path, old, new))

    assert caught.value.exit_code == 2


def test_words_in_the_models_mouth_are_refused(tmp_path):
    choice = altered(tmp_path, "num_fewshot: 2", "num_fewshot: 2\ngen_prefix: 'The answer is'")

    with pytest.raises(TaskError, match="gen_prefix"):
        load_task(choice)


def test_a_conversation_states_its_turns():
    task = toy("toy_chat")
    first, *_, last = task.samples

    assert first.requests[0].messages == (Message("user", "Say 3.", "\n"),)
    assert (first.turns, first.gold, first.choices) == (("Double it.", "Double it."), "12", ())
    assert last.turns == ("Add one.",)
    assert (task.chance, task.outline.scorer) == (None, "exact/2")


def test_conversations_that_differ_later_are_unlike(tmp_path):
    before = toy("toy_chat")
    after = load_task(
        altered(tmp_path, '"Add one."], ["8"', '"Add 1."], ["8"', "toy_chat", "utils.py")
    )

    assert [s.requests for s in before.samples] == [s.requests for s in after.samples]
    assert before.protocol(before.samples).prompts != after.protocol(after.samples).prompts


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("turns: prompt", "turns: reference", "doc_to_text gives 'Say 3.'.*begins with .'3'"),
        ("turns: prompt", "turns: nowhere", "expected a list of texts in every item, got None"),
        ("turns: prompt", "turns: 2", "expected a list of texts"),
        ('doc_to_text: "{{prompt[0]}}"', 'doc_to_text: "{{prompt[1]}}"', "must be the same"),
        ('doc_to_text: "{{prompt[0]}}"', 'doc_to_text: "{{prompt[0]}}\\n"', "must be the same"),
        ("output_type: generate_until", "output_type: loglikelihood", "only a generate_until task"),
    ],
)
def test_turns_that_make_no_conversation_are_refused(tmp_path, old, new, message):
    with pytest.raises(TaskError, match=message) as caught:
        load_task(altered(tmp_path, old, new, "toy_chat"))

    assert caught.value.exit_code == 2


MT_BENCH = """
task: talks
custom_dataset: !function harness.tasks.data.load_subject
dataset_path: HuggingFaceH4/mt_bench_prompts
dataset_kwargs:
  repo: HuggingFaceH4/mt_bench_prompts
  files: {train: "data/train-*.parquet"}
test_split: train
num_fewshot: 0
output_type: generate_until
doc_to_text: "{{prompt[0]}}"
doc_to_target: "{{reference | join('; ')}}"
generation_kwargs: {until: [], max_gen_toks: 1024, do_sample: false, temperature: 0.0, seed: 0}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
metadata:
  version: 1
  subjects: [writing, stem]
  subject_column: category
  turns: prompt
  scorer: exact
"""


@requires_shared
def test_a_dataset_of_the_hub_can_state_turns_and_subjects(tmp_path):
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks" / "talks.yaml").write_text(MT_BENCH)

    task = load_task(choose(["talks"], (tmp_path,))[0])

    assert [sample.subject for sample in task.samples] == ["writing"] * 10 + ["stem"] * 10
    assert {len(sample.turns) for sample in task.samples} == {1}
    assert task.samples[0].requests[0].prompt.startswith("Compose an engaging travel blog post")
    assert task.samples[0].turns[0].startswith("Rewrite your previous response.")


@requires_shared
def test_stock_log_likelihood_tasks_load_and_score():
    choice = choose(["lm_eval/truthfulqa_mc1"])[0]
    task = load_task(choice)
    sample = task.samples[0]
    n = len(sample.requests[0].continuations)

    right = Response(sample.requests[0].key, logprobs=(-1.0, *[-2.0] * (n - 1)), greedy=(True,) * n)
    wrong = Response(sample.requests[0].key, logprobs=(-3.0, *[-2.0] * (n - 1)), greedy=(True,) * n)
    judge = StockScorer(choice)

    # In truthfulqa_mc1 the first option is the right one.
    assert judge(sample, [right]).value == 1.0
    assert judge(sample, [wrong]).value == 0.0
    assert len(task.samples) == 817


@requires_shared
def test_a_stock_task_without_stated_length_asks_for_it():
    choice = choose(["lm_eval/gsm8k"])[0]

    with pytest.raises(TaskError, match="--max-tokens"):
        load_task(choice)


@requires_shared
def test_a_stock_generation_task_is_scored_by_its_own_filters():
    import dataclasses

    choice = dataclasses.replace(choose(["lm_eval/gsm8k"])[0], max_tokens=256)
    task = load_task(choice)
    sample = task.samples[0]
    judge = StockScorer(choice)
    answer = json.loads(sample.doc)["answer"].rsplit("#### ")[-1]

    def judged(text, finish="stop"):
        reply = Response(sample.requests[0].key, text=text, finish_reason=finish)
        return judge(sample, [reply]).outcome

    assert judged(f"So it is.\n#### {answer}") == "correct"
    assert judged("So it is.\n#### -77") == "wrong"
    assert judged("I do not know") == "unparsed"
    assert judged("First we", finish="length") == "truncated"
    # lm-eval draws these examples at random; ours are the first of the training split.
    assert "Natalia sold clips to 48 of her friends" in sample.requests[0].prompt[:200]


@pytest.mark.slow
@requires_shared
def test_a_stock_group_keeps_its_members_apart():
    choice = choose(["lm_eval/mmlu_stem"])[0]

    task = load_task(choice)

    assert len({sample.subject for sample in task.samples}) == 19
    assert task.warnings
