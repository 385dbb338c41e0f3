"""The bundled tasks through the pipeline, with a mock for a model and without a network."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.demo.training import task_dialogues
from harness.errors import TaskError
from harness.models.mock import MockModel
from harness.pipeline.options import Asking, Quiet, RunOptions
from harness.pipeline.plan import chosen, make_plan
from harness.pipeline.run import execute
from harness.pipeline.score import rescore
from harness.records import Message, Response
from harness.resources import tasks_folder
from harness.tasks.data import load_bundled
from quick_answers import SOLVERS, bundled, dialogue

ROOT = Path(__file__).parent.parent.parent
SUBJECTS = {
    row["question"]: row["subject"] for t in ("quick_mc", "quick_math") for row in bundled(t)
}
FIRST_TURNS = {row["prompt"][0]: row["prompt"] for row in bundled("quick_chat")}


def solve(request):
    """Read the question and its options, work out the answer, and reply as the examples do."""
    if turns := FIRST_TURNS.get(request.messages[0].content):
        return f"I see.\nAnswer: {dialogue(turns)[len(request.messages) // 2]}"
    lines = request.messages[-1].content.splitlines()
    question = next(line for line in lines if line.startswith("Question: "))[10:]
    options = {line[3:]: line[0] for line in lines if re.match(r"[ABCD]\. ", line)}
    value = SOLVERS[SUBJECTS[question]](question, list(options))
    return f"It is {value}.\nAnswer: {options.get(value, value)}"


def go(tmp_path, handler, limit=None):
    asking = Asking(("quick",), limit=limit)
    plan = make_plan(chosen(asking), asking)
    return execute(MockModel(handler), plan, RunOptions(tmp_path), Quiet())


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    return go(tmp_path_factory.mktemp("results"), solve)


def test_who_reads_the_questions_gets_all_of_them_right(solved):
    assert solved.scores["outcome"].value_counts().to_dict() == {"correct": 768}
    assert set(solved.manifest.tasks) == {"quick_mc", "quick_math", "quick_chat"}
    assert set(solved.scores["scorer"]) == {"letter/1", "number/2", "exact/2"}
    chat = solved.scores[solved.scores["task"] == "quick_chat"]
    assert chat["subject"].value_counts().to_dict() == dict.fromkeys(
        ("writing", "reasoning", "math", "extraction", "stem", "humanities"), 8
    )
    assert len(solved.responses) == 768 + 48


def test_scoring_again_gives_the_same(solved):
    before = (solved.folder / "scores.parquet").read_bytes()

    rescore(solved)

    assert (solved.folder / "scores.parquet").read_bytes() == before


def test_the_protocol_states_everything(solved):
    for name, record in solved.manifest.tasks.items():
        protocol = record.protocol
        chat = name == "quick_chat"
        assert (protocol.shots, protocol.shot_order) == ((0, "") if chat else (2, "first_n"))
        assert (protocol.temperature, protocol.top_p, protocol.seed) == (0.0, 1.0, 0)
        assert (protocol.max_tokens, protocol.kind) == (256, "generate")
        assert protocol.stop == (() if chat else ("\nQuestion:",))
    assert solved.manifest.tasks["quick_chat"].chance is None
    assert solved.manifest.tasks["quick_mc"].chance == 0.25
    assert solved.manifest.tasks["quick_math"].chance is None


def test_the_working_that_the_suite_shows_scores_as_right(tmp_path):
    rows = [row for task in ("quick_mc", "quick_math") for row in bundled(task)]
    replies = {}
    chats = {shown[:1]: shown for shown in task_dialogues("quick_chat")}
    for row in rows:
        answer = "ABCD"[row["answer"]] if "choices" in row else row["answer"]
        options = tuple(row.get("choices", ()))
        replies[row["question"], options] = f"{row['working']}\nAnswer: {answer}"

    def reply(request):
        said = tuple(Message(turn.role, turn.content) for turn in request.messages)
        if said[:1] in chats:
            assert said == chats[said[:1]][: len(said)]
            return chats[said[:1]][len(said)].content
        lines = request.messages[-1].content.splitlines()
        question = next(line for line in lines if line.startswith("Question: "))[10:]
        return replies[question, tuple(line[3:] for line in lines if re.match(r"[ABCD]\. ", line))]

    assert go(tmp_path, reply).scores["value"].mean() == 1.0


def test_other_replies_are_what_they_are(tmp_path):
    run = go(tmp_path, lambda _: Response("", text="5 plus 3 is 8", finish_reason="length"), 10)
    assert run.scores["outcome"].value_counts().to_dict() == {"truncated": 30}


def test_loading_asks_for_no_network():
    code = (
        "import socket\n"
        "def refuse(*_): raise AssertionError('a connection')\n"
        "socket.socket.connect = refuse\n"
        "socket.getaddrinfo = refuse\n"
        "from harness.tasks.catalog import choose\n"
        "from harness.tasks.lm_eval_adapter import load_task\n"
        "print(sum(len(load_task(choice).samples) for choice in choose(['quick'])))\n"
    )
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert done.stdout.strip() == "768", done.stderr


def test_bundled_rows_are_chosen_by_subject():
    files = {"test": "quick_math/quick_math.jsonl"}

    assert set(load_bundled(files=files, subject="two_step")["test"]["subject"]) == {"two_step"}
    assert len(load_bundled(files=files)["test"]) == 240
    files = {"test": "quick_chat/quick_chat.jsonl"}
    stem = load_bundled(files=files, subject="stem", subject_column="category")["test"]
    assert (set(stem["category"]), len(stem)) == ({"stem"}, 8)


def test_a_missing_or_broken_bundled_file_is_one_clear_error():
    with pytest.raises(TaskError, match=r"nowhere\.jsonl"):
        load_bundled(files={"test": "quick_math/nowhere.jsonl"})
    with pytest.raises(TaskError, match="cannot read the bundled items"):
        load_bundled(files={"test": "quick_math/quick_math.yaml"})


def test_the_rows_say_all_they_should():
    for row in bundled("quick_mc"):
        assert list(row) == ["id", "subject", "question", "choices", "working", "answer"]
    text = (tasks_folder() / "quick_math" / "quick_math.jsonl").read_text(encoding="utf-8")
    assert set(json.loads(text.splitlines()[0])) == {
        "id", "subject", "question", "working", "answer",
    }  # fmt: skip
    for row in bundled("quick_chat"):
        assert list(row) == ["prompt_id", "category", "prompt", "reference"]
