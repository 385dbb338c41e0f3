"""Tasks loaded in a process of their own are the same tasks, and fail with the same words."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import TaskError
from harness.tasks.apart import _apart, load_tasks
from harness.tasks.catalog import choose
from harness.tasks.lm_eval_adapter import load_task

TOYS = Path(__file__).resolve().parents[1] / "toy_tasks"


def written(folder, body):
    (folder / "odd").mkdir()
    (folder / "odd" / "odd.yaml").write_text(
        "task: odd\ncustom_dataset: !function utils.load\noutput_type: generate_until\n"
        "test_split: test\ndoc_to_text: '{{question}}'\ndoc_to_target: '{{answer}}'\n"
        "num_fewshot: 0\ngeneration_kwargs: {until: [], do_sample: false, max_gen_toks: 4}\n"
        "metadata: {version: 1, scorer: exact}\n"
    )
    (folder / "odd" / "utils.py").write_text(body)
    return choose(["odd"], (folder,))


def test_a_task_is_the_same_wherever_it_is_loaded():
    choices = choose(["quick"])

    assert list(_apart(choices)) == [load_task(choice) for choice in choices]


def test_where_lm_eval_is_loaded_no_process_is_made(monkeypatch):
    assert "lm_eval" in sys.modules
    monkeypatch.setattr(subprocess, "Popen", None)

    assert [task.name for task in load_tasks(choose(["quick_math"]))] == ["quick_math"]


def test_a_run_leaves_lm_eval_and_datasets_out_of_its_own_memory():
    code = (
        "import sys\n"
        "from harness.pipeline.options import Asking\n"
        "from harness.pipeline.plan import chosen, make_plan\n"
        "asking = Asking(('quick_math',))\n"
        "print(len(make_plan(chosen(asking), asking).samples))\n"
        "print({'lm_eval', 'datasets', 'pandas'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["240", "set()"]


def test_an_error_of_a_task_arrives_as_it_was_raised(tmp_path):
    choices = written(tmp_path, "def load(**_):\n    return {'test': []}\n")
    with pytest.raises(TaskError) as here:
        load_task(choices[0])
    with pytest.raises(TaskError) as there:
        list(_apart(choices))

    assert str(there.value) == str(here.value)


def test_a_task_that_ends_its_process_is_an_error_with_a_next_step(tmp_path):
    choices = written(tmp_path, "import os\n\ndef load(**_):\n    os._exit(9)\n")

    with pytest.raises(TaskError, match=r"loads odd ended early \(exit code 9\).*mend the task"):
        list(_apart(choices))


def test_what_a_task_prints_is_no_part_of_it(tmp_path, capfd):
    body = (
        "import datasets\n\n"
        "def load(**_):\n"
        "    print('noise')\n"
        "    row = {'question': 'q', 'answer': 'a'}\n"
        "    return datasets.DatasetDict(test=datasets.Dataset.from_list([row]))\n"
    )
    (task,) = _apart(written(tmp_path, body))

    assert [sample.gold for sample in task.samples] == ["a"]
    assert "noise" in capfd.readouterr().err
