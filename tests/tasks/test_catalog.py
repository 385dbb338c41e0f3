import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import TaskError
from harness.records import RequestKind
from harness.tasks.catalog import catalog, choose, read_entry, suites

TOYS = Path(__file__).parent.parent / "toy_tasks"
QUICK = [("quick_mc", ()), ("quick_math", ()), ("quick_chat", ())]


def names(*expressions, trusted=()):
    return [(c.entry.name, c.subjects) for c in choose(expressions, trusted)]


def test_every_shipped_task_states_what_moves_scores():
    for entry in catalog().values():
        assert entry.shots is not None, entry.name
        assert entry.version, entry.name
        if entry.kind is RequestKind.GENERATE:
            assert entry.max_tokens, entry.name
            assert entry.stop_stated, entry.name


def test_the_tasks_of_the_design_are_there():
    assert {"mmlu", "mmlu_cot", "mmlu_logprob"} <= set(catalog())
    assert [len(catalog()[name].subjects) for name in ("mmlu", "mmlu_cot", "mmlu_logprob")] == [
        57,
        57,
        57,
    ]


@pytest.mark.parametrize(
    ("expressions", "expected"),
    [
        (["mmlu"], [("mmlu", ())]),
        (["mmlu:anatomy,astronomy"], [("mmlu", ("anatomy", "astronomy"))]),
        (["mmlu:astronomy,anatomy"], [("mmlu", ("anatomy", "astronomy"))]),
        (["mmlu:anatomy,mmlu_cot"], [("mmlu", ("anatomy",)), ("mmlu_cot", ())]),
        (["mmlu:anatomy", "mmlu_cot:virology"],
         [("mmlu", ("anatomy",)), ("mmlu_cot", ("virology",))]),
        (["mmlu", "mmlu"], [("mmlu", ())]),
        (["mmlu_*"], [("mmlu_cot", ()), ("mmlu_logprob", ())]),
        (["mmlu:*_law"], [("mmlu", ("international_law", "professional_law"))]),
        (["mmlu, mmlu_cot"], [("mmlu", ()), ("mmlu_cot", ())]),
        (["quick"], QUICK),
        (["quick_mc", "quick"], QUICK),
        (["mmlu:anatomy,quick"], [("mmlu", ("anatomy",)), *QUICK]),
    ],
)  # fmt: skip
def test_expressions(expressions, expected):
    assert names(*expressions) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("mmul", "did you mean 'mmlu'"),
        ("mmlu:anatomie", "did you mean 'anatomy'"),
        ("nothing_like_it", "harness tasks"),
        ("mmlu*:anatomy", "one task at a time"),
        ("lm_eval/arc_eazy", "did you mean 'arc_easy'"),
        ("lm_eval/arc_easy:x", "has no subjects"),
        ("quick:facts", "quick is a suite of quick_mc, quick_math, quick_chat"),
        ("quik", "did you mean 'quick'"),
    ],
)
def test_unknown_names_suggest_the_nearest(expression, message):
    with pytest.raises(TaskError, match=message) as caught:
        names(expression)

    assert caught.value.exit_code == 2


def test_a_suite_names_its_tasks_with_their_shots():
    assert set(suites()) == {"quick", "phi3", "phi4"}
    assert suites()["quick"].shots == {"quick_mc": 2, "quick_math": 2, "quick_chat": 0}
    assert suites()["phi3"].shots["gsm8k_8shot"] == 8


@pytest.mark.parametrize("name", ["phi3", "phi4"])
def test_a_reports_suite_says_where_each_benchmark_comes_from(name):
    members = suites()[name].members
    missing = [member for member in members if member.task is None]

    assert {m.task.startswith("lm_eval/") for m in members if m.task} == {True, False}
    assert missing
    assert all(member.note for member in missing)


@pytest.mark.parametrize("name", ["phi3", "phi4"])
def test_every_task_of_lm_eval_in_a_suite_is_one(name):
    suite = suites()[name]
    choices = choose([name])

    assert [choice.entry.name for choice in choices] == list(suite.asked)
    for choice in choices:
        if choice.entry.stock:
            assert choice.shots == suite.shots[choice.entry.name]


def test_a_suite_states_the_length_that_lm_eval_leaves_open():
    stated = {choice.entry.name: choice for choice in choose(["phi4"])}

    assert stated["lm_eval/drop"].max_tokens == 256
    assert stated["lm_eval/drop"].shots == 3
    assert choose(["lm_eval/drop"])[0].shots is None


SUITE = "suite: toys\ntitle: Toys\ntasks: [{task: toy_mc, shots: 2}]\n"


def folder_with_suite(tmp_path, text):
    shutil.copytree(TOYS, tmp_path / "toys")
    (tmp_path / "toys" / "suites").mkdir()
    (tmp_path / "toys" / "suites" / "toys.yaml").write_text(text)
    return tmp_path / "toys"


def test_a_trusted_folder_may_bring_suites(tmp_path):
    assert names("toys", trusted=(folder_with_suite(tmp_path, SUITE),)) == [("toy_mc", ())]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("shots: 2", "shots: 5", "states 5 shots for toy_mc, the task itself 2"),
        ("shots: 2", "shots: many", "needs suite, title, and tasks"),
        ("task: toy_mc", "task: toy_mp", "did you mean 'toy_mc'"),
        ("suite: toys", "suite: mmlu", "is taken"),
        ("suite: toys", "suite: quick", "is taken"),
        ("title: Toys\n", "", "needs suite, title, and tasks"),
        ("tasks: [{task: toy_mc, shots: 2}]", "tasks: toy_mc", "needs suite, title, and tasks"),
    ],
)
def test_a_broken_suite_is_one_clear_error(tmp_path, old, new, message):
    folder = folder_with_suite(tmp_path, SUITE.replace(old, new))

    with pytest.raises(TaskError, match=message):
        suites((folder,))


def test_stock_tasks_are_found_by_name():
    entry = choose(["lm_eval/arc_easy"])[0].entry

    assert entry.stock
    assert entry.dataset == "allenai/ai2_arc"
    assert entry.kind is RequestKind.LOGPROB


def test_a_third_partys_folder_is_used_only_when_trusted():
    with pytest.raises(TaskError):
        names("toy_mc")

    assert names("toy_mc:sums", trusted=(TOYS,)) == [("toy_mc", ("sums",))]


def test_listing_runs_no_code_of_a_task(tmp_path):
    folder = tmp_path / "evil"
    folder.mkdir()
    (folder / "utils.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (folder / "evil.yaml").write_text("task: evil\ncustom_dataset: !function utils.load\n")

    assert "evil" in catalog((tmp_path,))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: [", "line 1"),
        ("- a list", "expected a mapping"),
        ("output_type: generate_until", "names no task"),
        ("task: broken\nmetadata: 3", "must be mappings"),
        ("task: broken\nmetadata: {subjects: nowhere.yaml}", "cannot read its subjects"),
        ("task: broken\nmetadata: {subjects: [1, 2]}", "list of names"),
        ("task: broken\ninclude: missing.yaml", "missing.yaml"),
        ("task: !!python/object/apply:os.system ['true']", "cannot read"),
    ],
)
def test_a_broken_definition_is_one_clear_error(tmp_path, text, message):
    path = tmp_path / "broken.yaml"
    path.write_text(text)

    with pytest.raises(TaskError, match=message):
        read_entry(path)


def test_a_task_defined_twice_is_refused():
    with pytest.raises(TaskError, match="again"):
        catalog((TOYS, TOYS))


def test_listing_imports_nothing_heavy():
    code = (
        "import sys; from harness.tasks.catalog import catalog; catalog(); "
        "print({'lm_eval', 'datasets', 'pandas', 'matplotlib', 'xllamacpp', 'pyarrow'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
