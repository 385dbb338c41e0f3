"""Noise and variants: other runs of the same system are shown for what they are, no more."""

from dataclasses import replace

import pytest

from harness.analysis.compare import compare
from harness.report.decision import write_decision
from harness.store.read import load_run
from number_kit import check_numbers
from page_kit import Reader
from run_files import MODEL, PlantedTask, counts, write_run

SMALL = replace(MODEL, name="small")
LARGE = replace(MODEL, name="large", sha256="f" * 64)


def plan(right, seed=3, **more):
    return PlantedTask(counts(correct=right, wrong=500 - right), seed=seed, **more)


@pytest.fixture
def write(tmp_path):
    def written(name, planted, model=SMALL):
        write_run(tmp_path, {"mini": planted}, run_id=name, model=model)

    written("small", plan(400))
    written("large", plan(420), LARGE)
    return written


def compared(tmp_path):
    runs = (load_run(tmp_path / "small"), load_run(tmp_path / "large"))
    found = compare(*runs)
    page = write_decision(found, runs, tmp_path / "page.html").read_text("utf-8")
    return found, Reader(page)


def test_what_nobody_varied_says_so_and_how_to_measure_it(tmp_path, write):
    found, page = compared(tmp_path)

    assert found.variants == ()
    assert "Robustness and noise not measured" in page.text
    assert "(harness run --verify asks some again, --fresh all)" in page.text
    assert "Not measured: other wordings or examples of the prompt; other orders" in page.text


def test_a_run_that_asked_all_again_shows_the_noise(tmp_path, write):
    write("large-again", plan(415, seed=4), LARGE)
    found, page = compared(tmp_path)
    (variant,) = found.variants

    assert (variant.side, variant.run_id, variant.differs) == ("baseline", "large-again", ())
    assert variant.accuracy.value == pytest.approx(0.83)
    assert variant.change.value == pytest.approx(-0.01)
    assert variant.changes.flips.value > 0.1
    assert "mini: in 1 other run of the baseline, all asked again, accuracy is 83.0" in page.text
    assert "Not measured for the baseline" not in page.text
    assert "Not measured for the candidate: whether asking again" in page.text
    assert check_numbers(page, found) > 60


def test_other_settings_give_a_band_and_are_named(tmp_path, write):
    for name, right, changed in (
        ("warm", 390, {"temperature": 0.7, "prompts": "a" * 64}),
        ("seeded", 405, {"temperature": 0.7, "seed": 9, "prompts": "b" * 64}),
    ):
        write(name, plan(right, protocol=changed))
    found, page = compared(tmp_path)

    assert [[d.field for d in v.differs] for v in found.variants] in (
        [["temperature"], ["temperature", "seed"]],
        [["temperature", "seed"], ["temperature"]],
    )
    said = "mini: in 2 other runs of the candidate, with other seed, temperature, accuracy is "
    assert f"{said}78.0 to 81.0 %" in page.text
    assert "temperature: 0.7 instead of 0.0" in page.text
    assert "other seeds or temperatures" not in page.text
    assert check_numbers(page, found) > 60


@pytest.mark.parametrize(
    ("protocol", "model"),
    [
        ({"scorer": "other/1"}, SMALL),
        ({"sample_ids": "other"}, SMALL),
        ({"dataset": "other"}, SMALL),
        ({"seed": 9}, replace(SMALL, sha256="e" * 64)),
        ({"seed": 9}, replace(SMALL, engine_version="other")),
    ],
)
def test_other_questions_scorers_and_systems_are_no_variants(tmp_path, write, protocol, model):
    write("other", plan(390, protocol=protocol), model)

    assert compared(tmp_path)[0].variants == ()


def test_the_two_compared_runs_are_no_variants_of_each_other(tmp_path, write):
    write("again", plan(402, seed=5))
    runs = (load_run(tmp_path / "again"), load_run(tmp_path / "small"))

    assert compare(*runs).variants == ()


def test_answers_that_were_reused_are_no_second_asking(tmp_path, write):
    write("copy", plan(400, origins=("small",)))

    assert compared(tmp_path)[0].variants == ()
