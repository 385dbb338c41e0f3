"""Published numbers: what the shipped file says, and what runs with planted truths make of it."""

import ast
import math
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from harness.analysis.claims import (
    Standing,
    Verdict,
    check_claims,
    check_headline,
    claim_interval,
)
from harness.analysis.claims_file import load_claims
from harness.analysis.measurements import measure
from harness.analysis.summary import summarize_run
from harness.errors import UsageError
from harness.models.registry import load_registry
from harness.records import Estimate
from harness.resources import tasks_folder
from harness.stats.estimate import wilson_interval
from harness.store.read import load_run
from run_files import MODEL, PlantedTask, Timing, counts, write_run
from shared_data import requires_shared, shared_folder

PHI = "phi-3-mini@2024-04/mmlu/ms"
SUBJECTS = [f"subject {number:02}" for number in range(57)]
# What the card of phi-3-mini states about its MMLU, as the protocol of a run.
LIKE_THE_CARD = {
    "dataset": "cais/mmlu", "split": "test", "shots": 5, "temperature": 0.0, "max_tokens": 16,
    "kind": "generate",
}  # fmt: skip
PHI_F16 = replace(MODEL, name="phi-3-mini-4k", quantization="F16")


@pytest.fixture(scope="module")
def book():
    return load_claims()


def claim(book, name):
    return next(claim for claim in book.claims if claim.id == name)


def ran(tmp_path, *, right, n, protocol=None, model=PHI_F16, limit=None, missing=0, **plan):
    """Measure a run that answered `right` of `n` questions, as the card says unless told.

    The run on disk has one question a subject; its rates are then made those of `n`.
    """
    planted = PlantedTask(
        counts(correct=40, wrong=17),
        **({"subjects": SUBJECTS, "protocol": LIKE_THE_CARD | (protocol or {})} | plan),
    )
    folder = write_run(tmp_path, {"mmlu": planted}, model=model, manifest={"limit": limit})
    run = load_run(folder)
    task, *others = measure(run.manifest, summarize_run(run))
    estimate = Estimate(None, None, None, 0, missing)
    if n:
        estimate = Estimate(right / n, *wilson_interval(right, n), n, missing)
    estimates = dict.fromkeys(task.estimates, estimate)
    return [replace(task, estimates=estimates, n_planned=n + missing), *others]


def check(book, measurements, name=PHI, **options):
    (found,) = check_claims([claim(book, name)], measurements, **options)
    return found


def names(check):
    return [field.field for field in check.differing]


# The shipped file


def test_every_claim_says_where_it_is_from_and_how_sure_that_is(book):
    assert len(book.claims) >= 200
    for c in book.claims:
        assert c.source, c.id
        assert c.pipeline_title, c.id
        assert c.confidence in ("confirmed", "confirmed-secondary", "from-memory"), c.id


@pytest.mark.parametrize(
    ("model", "benchmark", "value"),
    [
        ("phi-3-mini-4k-instruct@2024-04", "MMLU", 0.688),
        ("phi-3-mini-4k-instruct@2024-04", "MT-bench", 0.838),
        ("phi-3-mini-q4", "memory", 1.8),
        ("phi-3-mini-q4", "decode-rate", 12.0),
        ("llama-3-8b-instruct", "MMLU", 0.684),
        ("mixtral-8x7b", "MMLU", 0.705),
        ("gpt-3.5-turbo-1106", "MMLU", 0.714),
        ("gpt-3.5-turbo-1106", "MT-bench", 0.835),
        ("phi-4", "MATH", 0.804),
        ("llama-3.3-70b-instruct", "MATH", 0.663),
        ("gpt-4o-mini", "MATH", 0.73),
        ("gpt-4o", "MATH", 0.746),
        ("gemini-1.5-pro-2024-05", "MATH", 0.677),
        ("phi-2", "BBH", 0.592),
        ("llama-2-70b", "BBH", 0.665),
        ("gemini-nano-2", "MMLU", 0.558),
    ],
)
def test_the_headline_claims_are_in_it(book, model, benchmark, value):
    found = [c.value for c in book.claims if (c.model, c.benchmark) == (model, benchmark)]

    assert any(math.isclose(one, value) for one in found), found


@requires_shared
def test_no_figure_differs_from_what_was_collected(book):
    collected = yaml.safe_load((shared_folder() / "data" / "claims.yaml").read_text())["claims"]
    known = {(row["model"], row["value"], row["confidence"]) for row in collected}

    for c in book.claims:
        scale = {"percent": 100, "points of 10": 10, "points of 150": 150}.get(c.spec.unit, 1)
        assert (c.model, round(c.value * scale, 6), c.confidence) in known, c.id


def test_a_score_speaks_of_unquantized_weights_unless_it_says_otherwise(book):
    assert claim(book, PHI).stated["quantization"] == "unquantized"
    assert claim(book, "phi-3-mini-q4/file-size/report").stated["quantization"] == "Q4_K_M"


def test_no_gate_and_no_run_reads_claims():
    package = Path(__file__).parents[2] / "harness"
    readers = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and "claim" in (node.module or ""):
                readers.add(path.relative_to(package).parts[0])

    assert readers == {"analysis", "report", "cli"}


# Published against published


@pytest.mark.parametrize(
    ("says", "difference", "standing", "same"),
    [
        ("beats Llama 3 8B on MMLU (69 against 68.4)", 0.4, Standing.CANNOT_TELL, False),
        ("beats Llama 3 8B on MMLU where Microsoft measured both", 2.3, Standing.AHEAD, True),
        ("Phi-3-mini rivals Mixtral 8x7B on MMLU", -1.7, Standing.BEHIND, True),
        ("Phi-3-mini rivals GPT-3.5 on MMLU", -2.6, Standing.BEHIND, True),
        ("Phi-3-mini beats Mixtral 8x7B on GSM8K", 17.8, Standing.AHEAD, True),
        ("Phi-3-mini beats GPT-3.5 on GSM8K", 4.4, Standing.AHEAD, True),
        ("Phi-3-mini rivals GPT-3.5 on HumanEval", -3.1, Standing.CANNOT_TELL, True),
        ("Phi-3-mini rivals GPT-3.5 on MT-bench", 0.3, Standing.CANNOT_TELL, True),
        ("Phi-4 keeps up with Llama 3.3 70B on MMLU", -1.5, Standing.BEHIND, True),
        ("Phi-4 beats Llama 3.3 70B on GPQA", 7.0, Standing.CANNOT_TELL, True),
        ("Phi-4 beats Llama 3.3 70B on MATH", 14.1, Standing.AHEAD, True),
        ("Phi-4 beats Llama 3.3 70B on MATH as Meta measured it", 3.4, Standing.AHEAD, False),
        ("Phi-4 beats Llama 3.3 70B on HumanEval", 3.7, Standing.CANNOT_TELL, True),
        ("70B on HumanEval as Meta measured it", -5.8, Standing.CANNOT_TELL, False),
        ("Phi-4 beats GPT-4o in mathematics", 5.8, Standing.AHEAD, True),
        ("Phi-2 comes close to Llama 2 70B on BBH", -7.3, Standing.BEHIND, True),
        ("Phi-2 beats Llama 2 70B in code", 15.4, Standing.UNTESTABLE, True),
        ("Phi-2 rivals Gemini Nano 2 on MMLU", 0.9, Standing.CANNOT_TELL, False),
    ],
)
def test_each_headline_is_held_against_its_own_error_bars(book, says, difference, standing, same):
    (headline,) = [h for h in book.headlines if h.says.endswith(says)]

    found = check_headline(headline)

    assert found.difference.value * 100 == pytest.approx(difference)
    assert (found.standing, found.same_pipeline) == (standing, same)


def test_the_interval_of_a_grade_rests_on_the_questions_not_on_the_turns(book):
    interval = claim_interval(claim(book, "phi-3-mini@2024-04/mt-bench/ms"))

    reach = 1.959964 * 2.0 / math.sqrt(80) / 10
    assert interval == pytest.approx((0.838 - reach, 0.838 + reach))


# Beside measurements


def test_the_same_number_from_all_questions_is_reproduced(book, tmp_path):
    found = check(book, ran(tmp_path, right=9661, n=14042))

    assert found.verdict is Verdict.REPRODUCED
    assert found.differing == ()
    assert found.unknown == ("which of its two releases the file holds", "prompts")
    assert -0.02 < found.difference.low < found.difference.value < found.difference.high < 0.02
    assert found.difference.n == 14042


def test_a_run_is_measured_as_it_is_summarized(tmp_path):
    planted = PlantedTask(
        counts(correct=40, wrong=10, error=7), subjects=SUBJECTS[:2], unrecorded=3
    )
    run = load_run(write_run(tmp_path, {"mmlu": planted}, manifest={"limit": 60}))
    summary = summarize_run(run)["mmlu"]

    task, size, memory, rate = measure(run.manifest, {"mmlu": summary})

    assert task.estimates == {"micro": summary.strict, "macro": summary.macro}
    assert (task.n_planned, task.n_parts, task.sampled) == (60, 2, True)
    assert size.estimates["micro"].value == MODEL.file_bytes / 1e9
    assert memory.estimates["micro"].value == 4.0
    assert rate.estimates["micro"].value == summary.speed.decode_rate


def test_a_perfect_score_is_no_obstacle(book, tmp_path):
    found = check(book, ran(tmp_path, right=14042, n=14042))

    assert found.verdict is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize("right", [9200, 10300])
def test_another_number_from_all_questions_is_not(book, tmp_path, right):
    found = check(book, ran(tmp_path, right=right, n=14042))

    assert found.verdict is Verdict.NOT_REPRODUCED
    assert (found.difference.low > 0) == (right > 9661)


def test_the_same_number_from_a_few_questions_proves_nothing(book, tmp_path):
    found = check(book, ran(tmp_path, right=157, n=228, limit=228))

    assert found.verdict is Verdict.TOO_FEW
    assert found.differing == ()


def test_few_questions_can_show_that_a_number_is_wrong(book, tmp_path):
    found = check(book, ran(tmp_path, right=57, n=228, limit=228))

    assert found.verdict is Verdict.NOT_REPRODUCED


def test_a_wider_margin_needs_fewer_questions(book, tmp_path):
    measurements = ran(tmp_path, right=982, n=1425, limit=1425)

    assert check(book, measurements).verdict is Verdict.TOO_FEW
    assert check(book, measurements, margin=0.04).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("protocol", "field"),
    [
        ({"shots": 0}, "shots"),
        ({"temperature": 0.7}, "temperature"),
        ({"split": "validation"}, "split"),
        ({"max_tokens": 1024}, "reasoning"),
        ({"max_tokens": 100}, "reasoning"),
        ({"max_tokens": None}, "reasoning"),
        ({"shots": 0, "max_tokens": 1024}, "shots reasoning"),
    ],
)
def test_another_protocol_is_not_comparable_however_near_the_number(
    book, tmp_path, protocol, field
):
    found = check(book, ran(tmp_path, right=9661, n=14042, protocol=protocol))

    assert found.verdict is Verdict.NOT_COMPARABLE
    assert names(found) == field.split()
    assert found.difference.value == pytest.approx(0, abs=1e-4)


def test_likelihood_of_letters_has_no_temperature_and_no_reasoning(book, tmp_path):
    protocol = {"kind": "logprob", "temperature": None, "max_tokens": None}
    measurements = ran(tmp_path, right=9661, n=14042, protocol=protocol)

    assert check(book, measurements).verdict is Verdict.REPRODUCED
    assert names(check(book, measurements, "llama-3-8b/mmlu/meta", names={
        "phi-3-mini-4k": "llama-3-8b-instruct"
    })) == ["kind"]  # fmt: skip


@pytest.mark.parametrize("quantization", ["Q4_K_M", None])
def test_quantized_weights_are_another_system(book, tmp_path, quantization):
    model = replace(PHI_F16, quantization=quantization)

    found = check(book, ran(tmp_path, right=9661, n=14042, model=model))

    assert (found.verdict, names(found)) == (Verdict.NOT_COMPARABLE, ["quantization"])
    assert found.differing[0].second == (quantization or "unknown")


def test_some_subjects_are_not_the_benchmark(book, tmp_path):
    found = check(book, ran(tmp_path, right=980, n=1425, subjects=SUBJECTS[:10], limit=1425))

    assert names(found) == ["subjects"]
    assert (found.differing[0].first, found.differing[0].second) == (57, 10)


def test_another_number_of_questions_without_a_limit_is_another_benchmark(book, tmp_path):
    assert names(check(book, ran(tmp_path, right=9000, n=13000))) == ["items"]


def test_missing_answers_make_no_verdict(book, tmp_path):
    found = check(book, ran(tmp_path, right=9661, n=13042, missing=1000))

    assert found.verdict is Verdict.TOO_FEW
    assert found.difference.n_error == 1000


def test_nothing_answered_makes_no_verdict(book, tmp_path):
    found = check(book, ran(tmp_path, right=0, n=0, missing=14042))

    assert found.verdict is Verdict.TOO_FEW
    assert found.difference.value is None


def test_a_macro_average_is_held_against_a_macro_average(book, tmp_path):
    measurements = ran(tmp_path, right=9605, n=14042)
    stands = {"phi-3-mini-4k": "llama-3-8b-instruct"}

    found = check(book, measurements, "llama-3-8b/mmlu/meta", names=stands)

    assert found.measured is measurements[0].estimates["macro"]
    assert found.verdict is Verdict.REPRODUCED


def test_where_there_is_no_macro_average_that_is_the_difference(book, tmp_path):
    measurements = ran(tmp_path, right=68, n=100, subjects=["one"], limit=100)
    stands = {"phi-3-mini-4k": "llama-3-8b-instruct"}

    assert "averaging" in names(check(book, measurements, "llama-3-8b/mmlu/meta", names=stands))


def test_other_models_and_other_benchmarks_are_left_alone(book, tmp_path):
    other = replace(PHI_F16, name="somebody-elses-model")
    elsewhere = ran(tmp_path / "a", right=60, n=100, protocol={"dataset": "bundled"})

    assert check_claims(book.claims, ran(tmp_path, right=60, n=100, model=other)) == []
    assert [c.claim.benchmark for c in check_claims(book.claims, elsewhere)] == []


def test_a_hosted_model_is_known_by_its_snapshot(book, tmp_path):
    hosted = replace(
        MODEL, name="mine", sha256=None, snapshot="gpt-4o-mini-2024-07-18", quantization=None
    )

    found = check(
        book, ran(tmp_path, right=10840, n=14042, model=hosted), "gpt-4o-mini-2024-07-18/mmlu/ms"
    )

    assert found.verdict is Verdict.REPRODUCED


def test_a_name_that_may_be_another_release_says_so(book, tmp_path):
    measurements = ran(tmp_path, right=9661, n=14042)

    found = check_claims(book.claims, measurements)

    mmlu = {c.claim.id: c for c in found if c.claim.benchmark == "MMLU"}
    assert set(mmlu) == {PHI, "phi-3-mini@2024-06/mmlu/ms"}
    assert names(mmlu["phi-3-mini@2024-06/mmlu/ms"]) == ["interface"]


# On a device


def device(book, tmp_path, quantity, **timing):
    model = replace(MODEL, file_bytes=2_393_231_072)
    measurements = ran(tmp_path, right=7, n=10, model=model, timing=Timing(**timing))
    return check(book, measurements, f"phi-3-mini-q4/{quantity}/report")


def test_the_size_of_the_file_agrees_to_the_last_digit(book, tmp_path):
    assert device(book, tmp_path, "file-size").verdict is Verdict.REPRODUCED


def test_the_memory_of_the_engine_is_not_that_of_the_weights(book, tmp_path):
    found = device(book, tmp_path, "memory", peak_memory_bytes=1_500_000_000)

    assert (found.verdict, names(found)) == (Verdict.NOT_COMPARABLE, ["counted"])
    assert found.measured.value == 1.5


def test_speed_on_another_machine_is_not_speed_on_a_phone(book, tmp_path):
    found = device(book, tmp_path, "decode-rate")

    assert (found.verdict, names(found)) == (Verdict.NOT_COMPARABLE, ["hardware"])


# Files that are not as they should be


GOOD = {
    "version": 1,
    "retrieved": "2024-01-01",
    "benchmarks": {"B": {"unit": "percent", "items": 10}},
    "pipelines": {"p": {"title": "P", "prompts": True}},
    "sources": {"s": "somewhere"},
    "models": {"m": {"title": "M", "runs": []}},
    "claims": [
        {"id": "c", "model": "m", "benchmark": "B", "value": 50.0, "pipeline": "p",
         "source": "s", "confidence": "confirmed"},
    ],
}  # fmt: skip


def write(tmp_path, **claim):
    changed = GOOD | {"claims": [GOOD["claims"][0] | claim]}
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(changed))
    return path


def test_a_file_of_ones_own_is_read(tmp_path):
    (found,) = load_claims(write(tmp_path)).claims

    assert (found.value, found.spec.items, found.stated) == (
        0.5, 10, {"quantization": "unquantized"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": 101}, "expected 0 to 100"),
        ({"value": -1}, "expected 0 to 100"),
        ({"value": float("nan")}, "claims.0.value: Input should be a finite number"),
        ({"value": "many"}, "claims.0.value"),
        ({"relation": "at most"}, "only quantities with a unit"),
        ({"model": "x"}, "names the model 'x', which the file does not describe; it knows m"),
        ({"benchmark": "x"}, "names the benchmark 'x'"),
        ({"pipeline": "x"}, "names the pipeline 'x'"),
        ({"source": "x"}, "names the source 'x'"),
        ({"confidence": "sure"}, "claims.0.confidence"),
        ({"shots": -1}, "claims.0.shots"),
        ({"colour": "red"}, "claims.0.colour"),
    ],
)
def test_a_broken_claim_is_named_with_what_was_expected(tmp_path, change, says):
    with pytest.raises(UsageError, match=r"claims\.yaml: ") as caught:
        load_claims(write(tmp_path, **change))

    assert says in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"- 1", b"a: [", b"\xff\xfe\x00", b"version: 2"])
def test_a_file_that_holds_no_claims_is_refused(tmp_path, content):
    path = tmp_path / "claims.yaml"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=r"claims\.yaml: "):
        load_claims(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_claims(tmp_path / "claims.yaml")


def test_the_same_claim_twice_is_refused(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(GOOD | {"claims": GOOD["claims"] * 2}))

    with pytest.raises(UsageError, match="'c' stands there twice"):
        load_claims(path)


def test_the_shipped_file_is_the_one_read_by_default(book):
    assert load_claims(tasks_folder() / "claims.yaml").claims == book.claims


def test_the_models_that_stand_for_a_claim_are_in_the_registry(book):
    known = load_registry(None).entries

    assert {name for c in book.claims for name in c.runs} <= set(known)
