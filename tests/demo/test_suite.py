"""The bundled suite: what it holds is right, balanced, small in words, and never trained on."""

import collections
import re
from itertools import islice

import pytest

from harness.demo.chats import CHAT, CHAT_SKILLS, INSTRUCTION
from harness.demo.items import MATH, MC, dialogue, pieces
from harness.demo.suite import DEV, SKILLS, TEST, files, held_out, held_out_keys, write_files
from harness.demo.training import (
    FACTS,
    KINDS,
    LETTER_LISTS,
    task_dialogues,
    training_documents,
    vocabulary,
)
from harness.resources import tasks_folder
from harness.tasks.catalog import choose
from harness.tasks.lm_eval_adapter import load_task
from quick_answers import SOLVERS, bundled
from quick_answers import dialogue as solved_dialogue

TASKS = (*SKILLS, CHAT)
CATEGORIES = ["writing", "reasoning", "math", "extraction", "stem", "humanities"]
MC_SUBJECTS = ["arithmetic", "comparison", "patterns", "calendar_and_units", "capitals", "facts"]
DOCUMENTS = 20_000


@pytest.fixture(scope="module")
def taught():
    return list(islice(training_documents(1), DOCUMENTS))


def test_the_committed_files_are_what_the_script_writes(tmp_path):
    for name in files():
        (tmp_path / name).parent.mkdir(exist_ok=True)

    write_files(tmp_path)

    for name, content in files().items():
        assert (tasks_folder() / name).read_bytes() == content, name
        assert (tmp_path / name).read_bytes() == content, name


def test_the_suite_is_as_large_as_promised():
    assert len(bundled(MC)) == 480
    assert len(bundled(MATH)) == 240
    for task in (MC, MATH):
        rows = bundled(task)
        assert len({row["id"] for row in rows}) == len(rows)
        shown = collections.Counter(row["subject"] for row in bundled(task, "_dev"))
        assert set(shown.values()) == {2}
        assert list(shown) == list(SKILLS[task])
    assert list(SKILLS[MC]) == MC_SUBJECTS
    rows = bundled(CHAT)
    assert [row["prompt_id"] for row in rows] == list(range(1, 49))
    assert collections.Counter(row["category"] for row in rows) == dict.fromkeys(CATEGORIES, 8)
    assert list(dict.fromkeys(row["category"] for row in rows)) == CATEGORIES


def test_every_letter_is_right_equally_often_in_every_subject():
    counts = collections.Counter((row["subject"], row["answer"]) for row in bundled(MC))

    for subject in MC_SUBJECTS:
        found = {counts[subject, place] for place in range(4)}
        assert len(found) == 1, subject


def test_the_options_are_four_different_ones():
    for row in bundled(MC) + bundled(MC, "_dev"):
        assert len(row["choices"]) == len(set(row["choices"])) == 4


@pytest.mark.parametrize("suffix", ["", "_dev"])
def test_every_stated_answer_is_right(suffix):
    for row in bundled(MC, suffix):
        right = SOLVERS[row["subject"]](row["question"], row["choices"])
        assert row["choices"][row["answer"]] == right, row
    for row in bundled(MATH, suffix):
        assert row["answer"] == SOLVERS[row["subject"]](row["question"], ()), row


def test_every_stated_answer_of_a_dialogue_is_right():
    for row in bundled(CHAT):
        assert tuple(row["reference"]) == solved_dialogue(row["prompt"]), row
        assert all(turn.endswith(f"\n{INSTRUCTION}") for turn in row["prompt"])


def test_the_replies_to_dialogues_end_with_the_stated_answers():
    for row, shown in zip(bundled(CHAT), task_dialogues(CHAT), strict=True):
        user, replies = shown[::2], shown[1::2]
        assert [turn.content for turn in user] == row["prompt"]
        answers = [reply.content.partition("\nAnswer: ")[2] for reply in replies]
        assert answers == row["reference"]
        check_sums("\n".join(reply.content for reply in replies))


def check_sums(working):
    for first, sign, second, result in re.findall(
        r"(\d+) (plus|minus|times) (\d+) is (\d+)\.", working
    ):
        a, b = int(first), int(second)
        assert int(result) == {"plus": a + b, "minus": a - b, "times": a * b}[sign], working


def test_every_step_of_working_is_right():
    for row in bundled(MC) + bundled(MATH) + bundled(MC, "_dev") + bundled(MATH, "_dev"):
        check_sums(row["working"])
        right = row["choices"][row["answer"]] if "choices" in row else row["answer"]
        assert re.search(rf"\b{right}\b", row["working"]), row


# --- What is trained on. ---


def content(user, assistant):
    """What a turn asks, read from its text alone: whatever the wording and order of options."""
    lines = user.splitlines()
    options = tuple(sorted(line[3:] for line in lines if re.match(r"[ABCD]\. ", line)))
    working = assistant.partition("\nAnswer:")[0]
    if sequence := re.findall(r"\w+(?:, \w+){3,}", user):
        return sequence[0]
    if not options or re.match(r"\d+ (?:plus|minus) \d+ is", working):
        return bool(options), working  # the calculation is the item
    return options, working


def asked(documents):
    """The questions of dialogues and what they ask; stated facts ask nothing."""
    for shown in documents:
        if is_conversation(shown):
            continue
        for user, assistant in zip(shown[::2], shown[1::2], strict=True):
            if "Question: " in user.content:
                question = re.search("Question: (.*)", user.content)[1]
                yield question, content(user.content, assistant.content)


def is_conversation(shown):
    """Whether a dialogue has turns that build on each other; items stand for themselves."""
    return len(shown) == 4 and "Question: " not in shown[0].content


def asked_in_turns(documents):
    """What conversations ask: as a whole, and what single items would ask the same."""
    for shown in documents:
        if not is_conversation(shown):
            continue
        user, replies = shown[0].content, [turn.content for turn in shown[1::2]]
        yield "conversation", tuple(replies)
        workings = [reply.partition("\nAnswer:")[0] for reply in replies]
        if numbers := re.findall(r"\w+(?:, \w+){3,}", user):
            largest = workings[0].endswith("is the largest.")
            yield (tuple(sorted(numbers[0].split(", "))), workings[0]) if largest else numbers[0]
        elif " plus " in workings[0]:
            yield False, workings[0]
            yield False, " ".join(workings)


def held_out_dialogues():
    for task in SKILLS:
        for splits in held_out(task).values():
            yield from map(dialogue, (*splits[DEV], *splits[TEST]))


def test_no_training_document_holds_an_item_that_is_held_out(taught):
    contents = {found for _, found in asked(held_out_dialogues())}
    trained = list(asked(taught))

    assert len(taught) >= 20_000
    assert len(trained) > 20_000
    assert len(contents) == 480 + 240 + 16
    assert [turn for turn in trained if turn[1] in contents] == []


def test_no_training_document_holds_a_dialogue_that_is_held_out_or_an_item_of_it(taught):
    single = {found for _, found in asked(held_out_dialogues())}
    contents = set(asked_in_turns(task_dialogues(CHAT)))
    trained = list(asked_in_turns(taught))

    assert sum(map(is_conversation, taught)) > 2_000
    # In 24 of the 48 the first turn is an item by itself, in 8 of these both turns together are.
    assert len(contents) == 48 + 24 + 8
    assert len(held_out_keys()) == len(single | contents)
    assert [found for found in trained if found in contents | single] == []
    assert [found for _, found in asked(taught) if found in contents] == []


def test_the_overlap_check_would_find_one():
    contents = {found for _, found in asked(held_out_dialogues())}
    (*_, last) = asked([next(task_dialogues(MC))])

    assert last[1] in contents


def test_the_overlap_check_would_find_a_dialogue():
    dialogues = list(task_dialogues(CHAT))

    assert all(map(is_conversation, dialogues))
    for kind in ("largest", "comes next", "has"):
        shown = next(d for d in dialogues if kind in d[0].content)
        assert len(set(asked_in_turns([shown]))) > 1, kind


def test_dialogues_of_training_and_test_share_no_wording(taught):
    mine = {text for s in CHAT_SKILLS for w in s.held_out for text in (w.first, w.second)}
    theirs = {text for s in CHAT_SKILLS for w in s.training for text in (w.first, w.second)}
    said = {turn.content for d in taught if is_conversation(d) for turn in d[::2]}
    tested = {turn for row in bundled(CHAT) for turn in row["prompt"]}

    assert not mine & theirs
    assert not said & tested


def test_training_and_test_share_no_wording(taught):
    wordings = [
        (set(skill.held_out), set(skill.training))
        for subjects in SKILLS.values()
        for skills in subjects.values()
        for skill in skills
    ]
    mine, theirs = (set().union(*side) for side in zip(*wordings, strict=True))
    questions = {row["question"] for task in (MC, MATH) for row in bundled(task)}
    fixed = "Which number is the", "Which length is the", "Which animal is the"

    assert not mine & theirs
    assert not {text for text, _ in asked(taught)} & questions
    assert not [text for text, _ in asked(taught) if text.startswith(fixed)]


def test_training_text_follows_from_its_seed():
    first, again = (list(islice(training_documents(7), 200)) for _ in range(2))

    assert first == again
    assert first != list(islice(training_documents(8), 200))


@pytest.mark.parametrize("kind", sorted(set(KINDS)))
def test_one_kind_of_training_text_can_be_asked_for(kind):
    for shown in islice(training_documents(2, (kind,)), 50):
        said = shown[-1].content
        assert is_conversation(shown) == (kind == CHAT)
        if kind != LETTER_LISTS:
            assert ("\nAnswer: " in said) == (kind != FACTS)
            assert bool(re.search(r"\nAnswer: [ABCD]$", said)) == (kind == MC)
        if kind == MATH:
            assert re.search(r"\nAnswer: \d+$", said)


def test_a_list_of_letters_names_the_right_ones():
    for user, assistant in islice(training_documents(2, (LETTER_LISTS,)), 200):
        options = dict(line.split(". ")[::-1] for line in user.content.splitlines()[:4])
        named = re.findall(r"([\w ]+?)(?:\.\nAnswer:)? ([ABCD])(?:\.|\n|$)", assistant.content)

        assert len(named) == 8
        assert all(options[text.strip()] == letter for text, letter in named)


@pytest.mark.parametrize("kinds", [(), ("poems",)])
def test_an_unknown_kind_of_training_text_is_an_error(kinds):
    with pytest.raises(ValueError, match="choose from"):
        next(training_documents(1, kinds))


# --- Small enough for a small model. ---


def words(documents):
    return {piece for shown in documents for turn in shown for piece in pieces(turn.content)}


def test_the_vocabulary_is_closed_and_small(taught):
    known = set(vocabulary())

    assert len(known) <= 320
    assert words(taught) <= known


def test_every_word_of_the_tasks_is_taught(taught):
    for task in SKILLS:
        assert words(task_dialogues(task)) <= words(taught)


def test_prompts_and_replies_are_short():
    for task in TASKS:
        for *prompt, reply in task_dialogues(task):
            assert sum(len(pieces(turn.content)) for turn in prompt) <= 150
            assert len(pieces(reply.content)) <= 30


@pytest.mark.parametrize("task", TASKS)
def test_a_dialogue_is_what_the_task_asks(task):
    samples = load_task(choose([task])[0]).samples
    for sample, (*asked_for, _) in zip(samples, task_dialogues(task), strict=True):
        replies = [turn.content for turn in asked_for if turn.role == "assistant"]
        last = sample.request(sample.parts - 1, replies if sample.turns else ())
        assert [(turn.role, turn.content) for turn in last.messages] == [
            (turn.role, turn.content) for turn in asked_for
        ]
