"""Pages of runs that are gone go too; what harness did not write, or somebody changed, stays."""

import shutil
from dataclasses import replace

import pytest

from harness.report.build import build_report
from run_files import MODEL, PlantedTask, counts, write_run


@pytest.fixture
def folders(tmp_path):
    results, reports = tmp_path / "results", tmp_path / "reports"
    for i, (name, task) in enumerate((("stays", "mini"), ("goes", "sums"))):
        plan = PlantedTask(counts(correct=6, wrong=4), seed=i)
        write_run(results, {task: plan}, run_id=name, model=replace(MODEL, sha256=f"{i:064x}"))
    build_report(results, reports)
    shutil.rmtree(results / "goes")
    return results, reports


def names(reports):
    return sorted(path.relative_to(reports).as_posix() for path in reports.rglob("*.html"))


def test_pages_of_a_run_that_is_gone_are_removed_and_named(folders):
    results, reports = folders
    before = names(reports)

    built = build_report(results, reports)

    gone = sorted(path.relative_to(reports).as_posix() for path in built.removed)
    assert [file.split("-")[0] for file in gone] == ["runs/goes", "samples/sums"]
    assert names(reports) == [file for file in before if file not in gone]
    assert build_report(results, reports).removed == ()


def test_what_somebody_wrote_copied_changed_or_linked_stays(folders):
    results, reports = folders
    page = next((reports / "runs").glob("goes-*.html"))
    own = reports / "runs" / "notes.html"
    own.write_text("<p>mine</p>", encoding="utf-8")
    copied = reports / "runs" / "before-the-change.html"
    shutil.copy(page, copied)
    elsewhere = reports / page.name
    shutil.copy(page, elsewhere)
    linked = reports / "runs" / "linked.html"
    linked.symlink_to(page)
    page.write_text(page.read_text("utf-8").replace("<h1>", "<h1>My note: "), encoding="utf-8")

    build_report(results, reports)

    for path in (page, own, copied, elsewhere, linked):
        assert path.exists(), path


def test_decision_reports_are_left_alone(folders):
    results, reports = folders
    (reports / "compare").mkdir()
    page = next((reports / "runs").glob("goes-*.html"))
    kept = shutil.copy(page, reports / "compare" / page.name)

    build_report(results, reports)

    assert kept.exists()
