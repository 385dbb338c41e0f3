"""Logs of lm-eval as runs: what they say is kept, what they lack is said, the rest is refused."""

import json

import pytest

from harness.analysis.compare import compare
from harness.analysis.summary import summarize_run
from harness.cli.summary import show_run
from harness.errors import NotComparableError, StoreError, UsageError
from harness.pipeline.imported import LACKS, import_logs
from harness.pipeline.score import rescore
from harness.protocol import UNKNOWN
from harness.records import Outcome
from harness.report.build import build_report
from harness.report.export import export_csv, export_markdown
from harness.report.lm_eval_results import export_lm_eval
from harness.store.read import load_run
from page_kit import Reader
from run_files import PlantedTask, counts, write_run

EVIL = "</script><script>alert(1)</script>\x00\u202e=cmd|'x'"


def generated(doc_id, *, reply="It is 4.", read="4", value=1.0, **more):
    """One document as lm-eval logs it for a task that generates text."""
    return {
        "doc_id": doc_id,
        "doc": {"q": f"{doc_id} + 2?", "a": "4"},
        "target": "4",
        "arguments": {
            "gen_args_0": {
                "arg_0": f"{doc_id} + 2?\nA:",
                "arg_1": {"until": ["\n"], "max_gen_toks": 8, "temperature": 0.0},
            }
        },
        "resps": [[reply]],
        "filtered_resps": [read],
        "filter": "strict",
        "metrics": ["exact_match"],
        "doc_hash": "d", "prompt_hash": "p", "target_hash": "t",
        "exact_match": value,
    } | more  # fmt: skip


def weighed(doc_id, *, weights=(-0.5, -1.5), acc=1.0, norm=0.0):
    """One document as lm-eval logs it for a multiple-choice task."""
    said = [[str(weight), "False"] for weight in weights]
    return {
        "doc_id": doc_id,
        "doc": {"q": doc_id},
        "target": "0",
        "arguments": {
            f"gen_args_{i}": {"arg_0": f"{doc_id}?", "arg_1": f" {i}"} for i in range(len(weights))
        },
        "resps": [[one] for one in said],
        "filtered_resps": said,
        "filter": "none",
        "metrics": ["acc", "acc_norm"],
        "doc_hash": "d", "prompt_hash": "p", "target_hash": "t",
        "acc": acc, "acc_norm": norm,
    }  # fmt: skip


@pytest.fixture
def log(tmp_path):
    def written(*records, name="samples_sums_2024-05-06T07-08-09.123456.jsonl"):
        path = tmp_path / name
        lines = (r if isinstance(r, bytes) else json.dumps(r).encode() for r in records)
        path.write_bytes(b"\n".join(lines))
        return path

    return written


@pytest.fixture
def import_(tmp_path):
    def imported(*paths, model="some-model", **options):
        return import_logs(paths, model, results=tmp_path / "results", **options)

    return imported


def outcomes(run, task="lm_eval/sums"):
    return {o: n for o, n in summarize_run(run)[task].counts.items() if n}


def test_replies_and_judgements_are_kept(log, import_):
    run = import_(
        log(
            generated(0),
            generated(1, reply="5", read="5", value=0.0),
            generated(2, reply="I cannot say.", read="[invalid]", value=0.0),
            generated(3, reply="", read="", value=0.0),
            generated(4, value=0.5),
        )
    )

    assert outcomes(run) == {Outcome.CORRECT: 1, Outcome.WRONG: 2, Outcome.UNPARSED: 2}
    summary = summarize_run(run)["lm_eval/sums"]
    assert summary.strict.value == pytest.approx(1.5 / 5)
    assert list(run.responses["text"])[:3] == ["It is 4.", "5", "I cannot say."]
    assert list(run.scores["answer"])[:2] == ["4", "5"]
    assert json.loads(run.samples["doc"][0]) == {"q": "0 + 2?", "a": "4"}


def test_a_missing_value_is_an_outage_not_a_wrong_answer(log, import_):
    run = import_(log(generated(0), generated(1, value=float("nan"))))

    assert outcomes(run) == {Outcome.CORRECT: 1, Outcome.ERROR: 1}
    assert run.manifest.status == "incomplete"
    assert summarize_run(run)["lm_eval/sums"].strict.value == 1.0


def test_what_the_log_lacks_is_marked_not_made_up(log, import_):
    run = import_(log(generated(0)))

    manifest = run.manifest
    protocol = manifest.tasks["lm_eval/sums"].protocol
    assert manifest.is_imported
    assert manifest.warnings[: len(LACKS)] == LACKS
    assert protocol.shots is None
    assert {protocol.template, protocol.revision, protocol.split, protocol.shot_order} == {UNKNOWN}
    assert (protocol.temperature, protocol.max_tokens, protocol.stop) == (0.0, 8, ("\n",))
    assert manifest.finished_at == "2024-05-06T07:08:09.123456"
    unknown = run.responses[["prompt_tokens", "total_seconds", "finish_reason", "cost_usd"]]
    assert unknown.isna().all(axis=None)
    assert summarize_run(run)["lm_eval/sums"].speed.decode_rate is None


def test_settings_that_documents_do_not_share_are_unknown(log, import_):
    other = generated(1)
    other["arguments"]["gen_args_0"]["arg_1"]["max_gen_toks"] = 9

    protocol = import_(log(generated(0), other)).manifest.tasks["lm_eval/sums"].protocol

    assert (protocol.max_tokens, protocol.temperature) == (None, 0.0)


def test_likelihoods_are_kept_and_the_first_metric_decides(log, import_):
    run = import_(log(weighed(0), weighed(1, weights=(-3.0, -2.0), acc=0.0, norm=1.0)))

    assert outcomes(run) == {Outcome.CORRECT: 1, Outcome.WRONG: 1}
    assert list(run.scores["answer"]) == ["0", "1"]
    assert json.loads(run.responses["logprobs"][1]) == [-3.0, -2.0]
    assert "judged by acc under the filter none; also logged: acc_norm." in run.manifest.warnings[2]


def test_another_metric_can_be_named(log, import_):
    run = import_(log(weighed(0)), metric="acc_norm")

    assert outcomes(run) == {Outcome.WRONG: 1}


def test_several_filters_need_a_choice(log, import_):
    path = log(generated(0), generated(0, filter="flexible", value=0.0))

    with pytest.raises(UsageError, match="name one by --filter, of 'strict', 'flexible'"):
        import_(path)

    assert outcomes(import_(path, filter_name="flexible")) == {Outcome.WRONG: 1}
    with pytest.raises(UsageError, match="no filter 'other'"):
        import_(path, filter_name="other")


def test_repeated_answers_are_all_kept(log, import_):
    run = import_(log(generated(0, resps=[["4", "5", "4"]])))

    assert list(run.responses["text"]) == ["4", "5", "4"]
    assert len(set(run.responses["request_key"])) == 3
    assert run.manifest.tasks["lm_eval/sums"].protocol.repeats == 3


def test_chat_messages_stay_messages(log, import_):
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}]
    one = generated(0)
    one["arguments"]["gen_args_0"]["arg_0"] = [json.dumps(said)]

    requests = json.loads(import_(log(one)).samples["requests"][0])

    assert [(m["role"], m["content"]) for m in requests[0]["messages"]] == [
        ("system", "Be brief."), ("user", "2 + 2?"),
    ]  # fmt: skip


def test_logs_of_older_versions_are_read(log, import_):
    old = generated(0)
    del old["filter"], old["metrics"]
    old["arguments"] = [["0 + 2?\nA:", {"until": ["\n"]}]]

    assert outcomes(import_(log(old))) == {Outcome.CORRECT: 1}


def test_the_same_log_gives_the_same_run(log, import_):
    path = log(generated(0), generated(1))

    first, second = import_(path), import_(path)

    assert first.manifest == second.manifest
    assert import_(path, model="another").folder != first.folder


def test_equal_documents_are_told_apart(log, import_):
    same = {"doc": {"q": "the same"}}

    run = import_(log(generated(0, **same), generated(1, **same)))

    assert run.samples["sample_id"].nunique() == 2


def test_several_tasks_make_one_run(log, import_):
    paths = [log(generated(0), name=f"samples_{task}_2024.jsonl") for task in ("a_b", "c")]

    assert set(import_(*paths).manifest.tasks) == {"lm_eval/a_b", "lm_eval/c"}
    with pytest.raises(UsageError, match="two files are of the task lm_eval/c"):
        import_(paths[1], paths[1])
    with pytest.raises(UsageError, match="--task names the task of one file"):
        import_(*paths, task="x")


def test_an_import_is_never_compared_with_a_run_asked_here(log, import_, tmp_path):
    imported = import_(log(generated(0)))
    own = load_run(write_run(tmp_path, {"lm_eval/sums": PlantedTask(counts(correct=1))}))

    with pytest.raises(NotComparableError, match=r"dataset: .*unknown.* scorer: "):
        compare(own, imported)


def test_two_imports_with_the_same_prompts_can_be_compared(log, import_):
    path = log(generated(0), generated(1, value=0.0, read="5"))
    other = import_(path, model="b")
    first = import_(log(generated(0), generated(1)), model="a")

    assert compare(other, first).tasks["lm_eval/sums"].losses == 1

    changed = generated(0)
    changed["arguments"]["gen_args_0"]["arg_0"] = "Another prompt"
    with pytest.raises(NotComparableError, match="prompts"):
        compare(first, import_(log(changed, generated(1)), model="c"))


def test_an_import_cannot_be_scored_again(log, import_):
    with pytest.raises(UsageError, match="import the log again"):
        rescore(import_(log(generated(0))))


def test_report_summary_and_export_show_an_import_as_one(log, import_, tmp_path, capsys):
    run = import_(log(generated(0), generated(1, value=0.0)), model=EVIL)

    built = build_report(tmp_path / "results", tmp_path / "reports")
    show_run(run, as_script=False)

    pages = sorted(built.path.parent.rglob("*.html"))
    html = "".join(page.read_text(encoding="utf-8") for page in pages)
    text = Reader(html).text
    assert "<script>alert" not in html
    assert "shots unknown" in text
    assert "imported" in text
    assert "Imported from a log of lm-evaluation-harness, not asked here." in text
    assert "lm_eval/sums" in capsys.readouterr().out
    assert " (imported) | " in export_markdown([run])
    assert "True" in export_csv([run])
    results = json.loads(export_lm_eval(run))
    assert results["results"]["lm_eval/sums"]["exact_match,none"] == 0.5
    assert results["n-shot"] == {}


HOSTILE = {
    "empty": (b"", "is empty"),
    "blank lines": (b"\n \n", "is empty"),
    "no JSON": (b"not json", "line 1: no JSON"),
    "cut line": (json.dumps(generated(0)).encode()[:-9], "line 1: no JSON"),
    "not UTF-8": (b'{"doc_id": "\xff"}', "line 1: no JSON"),
    "too deep": (b"[" * 100_000, "line 1: no JSON"),
    "a list": (b"[]", "line 1: the line"),
    "no fields": (b"{}", "line 1: doc_id: field required"),
    "wrong type": (json.dumps(generated(0) | {"doc_id": "x"}).encode(), "line 1: doc_id"),
    "no request": (json.dumps(generated(0) | {"arguments": {}}).encode(), "0 requests with 1"),
    "no reply": (json.dumps(generated(0) | {"resps": [[]]}).encode(), "1 requests with 1"),
    "no replies": (json.dumps(generated(0) | {"resps": []}).encode(), "1 requests with 0"),
    "odd request": (
        json.dumps(generated(0) | {"arguments": {"a": "text"}}).encode(), "cannot be understood",
    ),
    "whole texts": (
        json.dumps(generated(0) | {"arguments": {"a": {"arg_0": "text"}}}).encode(),
        "whole texts were weighed",
    ),
    "no likelihood": (
        json.dumps(weighed(0) | {"resps": [[["x", "False"]]] * 2}).encode(), "cannot be understood",
    ),
    "no metric": (
        json.dumps(generated(0) | {"exact_match": 17.3}).encode(), "no metric within [0, 1]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_log_is_refused_with_its_line(log, import_, tmp_path, case):
    content, says = HOSTILE[case]

    with pytest.raises(UsageError) as caught:
        import_(log(content))

    assert says in str(caught.value)
    assert not (tmp_path / "results").exists()


def test_the_second_line_is_named(log, import_):
    with pytest.raises(UsageError, match="line 2: no JSON"):
        import_(log(generated(0), b"{"))


def test_a_file_with_two_runs_is_refused(log, import_):
    with pytest.raises(UsageError, match="line 2: document 0 stands already in line 1"):
        import_(log(generated(0), generated(0)))


def test_a_metric_that_leaves_its_range_later_is_refused(log, import_):
    with pytest.raises(UsageError, match=r"line 2: .* not within \[0, 1\]"):
        import_(log(generated(0), generated(1, value=5)))


def test_a_missing_file_and_a_folder_are_refused(import_, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        import_(tmp_path / "samples_x_y.jsonl")
    with pytest.raises(UsageError, match="cannot be read"):
        import_(tmp_path)


def test_a_name_that_tells_no_task_needs_one(log, import_):
    path = log(generated(0), name="log.jsonl")

    with pytest.raises(UsageError, match="name it by --task"):
        import_(path)

    assert list(import_(path, task="sums").manifest.tasks) == ["lm_eval/sums"]


def test_hostile_text_and_a_long_reply_are_only_text(log, import_):
    reply = EVIL + "\ud800" + "x" * 1_000_000

    run = import_(log(generated(0, reply=reply, read=EVIL, value=0.0)), model="../../" + EVIL)

    assert run.folder.parent.name == "results"
    assert run.responses["text"][0] == reply.replace("\ud800", "\ufffd")


def test_infinite_likelihoods_are_no_numbers(log, import_):
    run = import_(log(weighed(0, weights=(float("-inf"), -1.0))))

    assert run.responses["logprobs"].isna().all()
    assert list(run.scores["answer"]) == ["1"]


def test_a_place_that_cannot_be_written_is_said(log, tmp_path):
    (tmp_path / "results").write_text("a file")

    with pytest.raises(StoreError, match="cannot write"):
        import_logs([log(generated(0))], "model", results=tmp_path / "results")


YAML = """
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
num_fewshot: 0
doc_to_text: "{{{{q}}}}\\nA:"
metadata: {{version: 1}}
"""
GENERATES = """
task: sums
output_type: generate_until
doc_to_target: "{{a}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 8, do_sample: false, temperature: 0.0}
filter_list:
  - {name: strict, filter: [{function: regex, regex_pattern: 'is (\\d+)'}, {function: take_first}]}
  - {name: last, filter: [{function: regex, regex_pattern: '(\\d+)'}, {function: take_first}]}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
WEIGHS = """
task: pick
output_type: multiple_choice
doc_to_choice: ["2", "4"]
doc_to_target: 0
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
"""


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """Results and logs that lm-eval itself wrote, of a model that answers by rule."""
    from lm_eval import simple_evaluate
    from lm_eval.api.model import LM
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    class Rule(LM):
        def generate_until(self, requests, **_):
            return [["It is 2", "4", "", "no"][i % 4] for i, _ in enumerate(requests)]

        def loglikelihood(self, requests, **_):
            return [(-float((i * 7) % 5), False) for i, _ in enumerate(requests)]

        def loglikelihood_rolling(self, requests, **_):
            raise NotImplementedError

    folder = tmp_path_factory.mktemp("lm_eval")
    data = folder / "data.jsonl"
    docs = [{"q": f"{i} + {i}?", "a": str(2 * i)} for i in range(1, 9)]
    data.write_text("\n".join(map(json.dumps, docs)))
    for name, body in (("sums", GENERATES), ("pick", WEIGHS)):
        (folder / f"{name}.yaml").write_text(body + YAML.format(data=data))
    manager = TaskManager(include_defaults=False, include_path=str(folder))
    tracker = EvaluationTracker(output_path=str(folder / "out"))
    found = simple_evaluate(
        Rule(), tasks=["sums", "pick"], task_manager=manager, log_samples=True,
        evaluation_tracker=tracker, bootstrap_iters=0,
    )  # fmt: skip
    samples = found.pop("samples")
    tracker.save_results_aggregated(found, samples)
    for name, rows in samples.items():
        tracker.save_results_samples(name, rows)
    (written,) = (folder / "out").glob("*/results_*.json")
    return json.loads(written.read_text()), {
        path.name.split("_")[1]: path for path in written.parent.glob("samples_*.jsonl")
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "filter_name", "metric"),
    [
        ("sums", "strict", "exact_match"),
        ("sums", "last", "exact_match"),
        ("pick", "none", "acc"),
        ("pick", "none", "acc_norm"),
    ],
)
def test_what_lm_eval_wrote_gives_the_number_that_it_printed(
    evaluated, import_, task, filter_name, metric
):
    printed, logs = evaluated

    run = import_(logs[task], filter_name=filter_name, metric=metric)

    strict = summarize_run(run)[f"lm_eval/{task}"].strict
    assert strict.value == pytest.approx(printed["results"][task][f"{metric},{filter_name}"])
    assert strict.n == 8


@pytest.mark.slow
def test_our_results_file_has_the_shape_of_lm_evals_own(evaluated, import_):
    printed, logs = evaluated

    ours = json.loads(export_lm_eval(import_(logs["pick"])))

    assert set(ours) - set(printed) == {"harness"}
    for name, theirs in printed.items():
        if name in ours and theirs is not None and ours[name] is not None:
            assert type(ours[name]) is type(theirs), name
    keys = set(ours["results"]["lm_eval/pick"])
    assert {"name", "alias", "sample_len", "acc,none", "acc_stderr,none"} <= keys
    assert set(ours["config"]) <= set(printed["config"])
    assert set(ours["configs"]["lm_eval/pick"]) <= set(printed["configs"]["pick"])
    assert ours["n-samples"]["lm_eval/pick"] == printed["n-samples"]["pick"]


def test_a_manifest_that_says_imported_survives_the_disk(log, import_):
    run = import_(log(generated(0)))

    assert load_run(run.folder).manifest == run.manifest
