from __future__ import annotations

import base64
import hashlib
import posixpath
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from harness.analysis.compare import compare
from harness.analysis.summary import summarize_run
from harness.errors import UsageError
from harness.report import words
from harness.report.answer import find_answer
from harness.report.build import build_report
from harness.report.decision import write_decision
from harness.store.read import load_run
from hostile_runs import EVIL, MIXED, write_hostile_runs
from page_kit import Reader
from run_files import MODEL, PlantedTask, Timing, counts, write_run

LINK = r"#[\w-]*|(\.\./)?(index|(runs|samples)/[\w-]+)\.html(#[\w=&-]+)?"
TAGS = (
    "html head meta title style body script noscript header main section nav footer details "
    "summary div h1 h2 h3 h4 p ul li dl dt dd pre code a span strong bdi small time figure "
    "table caption thead tbody tr th td button label select option input fieldset legend "
    "svg g defs path use clippath text line rect circle"
)


@pytest.fixture
def build(tmp_path):
    """Builds the site; all its pages one after the other are the second thing that it returns."""

    def built():
        result = build_report(tmp_path / "results", tmp_path / "reports")
        return result, "".join(pages(tmp_path / "reports").values())

    return built


def pages(reports):
    """The text of each page by its file, the index first."""
    files = sorted(reports.rglob("*.html"), key=lambda file: (file.parent != reports, file))
    return {file.relative_to(reports).as_posix(): file.read_text("utf-8") for file in files}


def plain(text):
    return text.replace("\u00a0", " ")


def test_page_prints_the_numbers_of_the_summary(tmp_path, build):
    timing = Timing(cost_usd=0.001)
    plan = PlantedTask(MIXED, unrecorded=10, timing=timing)
    folder = write_run(tmp_path / "results", {"mini": plan})

    result, html = build()

    summary = summarize_run(load_run(folder))["mini"]
    text = Reader(html).text
    assert result.n_runs == 1
    for estimate in (summary.strict, summary.parsed, summary.macro):
        assert plain(words.estimate(estimate)) in text
    assert "60 correct, 25 wrong, 6 unparsed, 4 truncated, 2 refused, 3 error" in text
    assert "10 never recorded, of 110 planned" in text
    assert plain(words.percent_range(summary.bounds.worst, summary.bounds.best)) in text
    for shown in ("3.82 B", "2.39 GB", "Q4_K_M", "200 8.00 250 ms 750 ms 750 ms 4.00 GB"):
        assert shown in text
    assert "$0.097" in text
    assert summary.strict.value == float(_sort_values(html, "accuracy")[0])


def _sort_values(html, style):
    tags = Reader(html).tags
    return [a["data-sort"] for tag, a in tags if tag == "td" and a.get("class") == style]


def test_every_percentage_in_the_tables_has_its_n(tmp_path, build):
    write_run(tmp_path / "results", {"mini": PlantedTask(MIXED)})

    _, html = build()

    cells = re.findall(r"<t[dh] [^>]*data-sort.*?</t[dh]>", html, re.DOTALL)
    for cell in (plain(cell) for cell in cells if "%" in cell):
        assert re.search(r"n = \d|n not published|\d+ of \d+ (answered|planned)", cell), cell


def test_conversations_are_shown_turn_by_turn(tmp_path, build):
    plan = PlantedTask(
        counts(wrong=1, error=1),
        question="First question {}".format,
        reply=lambda *_: EVIL,
        turns=("Second question", EVIL),
    )
    write_run(tmp_path / "results", {"mini": plan})

    text = Reader(build()[1]).text

    turns = r"Asked, turn 1 First question \d .*? Replied Reply 0\. Asked, turn 2 Second question "
    turns += r"Replied Reply 1\. Asked, turn 3 </script>.*? Replied "
    assert re.search(turns + "</script>", text)
    assert re.search(turns + r"No reply\. timeout: no answer within 60 s", text)
    assert re.search(r"as asked user First.*? assistant Reply 0\. user Second question", text)


def test_rows_come_in_order_with_ties(tmp_path, build):
    good, bad = PlantedTask(counts(correct=80, wrong=20)), PlantedTask(counts(correct=50, wrong=50))
    for name, plan in (("b-good", good), ("a-good", good), ("bad", bad)):
        model = replace(MODEL, name=name, sha256=hashlib.sha256(name.encode()).hexdigest())
        write_run(tmp_path / "results", {"mini": plan}, run_id=name, model=model)

    _, html = build()

    text = Reader(html).text
    assert re.search(r"1= a-good .* 1= b-good .* 3 bad ", text)
    assert "Models that share a place (=) are not told apart" in text


def test_unlike_protocols_get_tables_of_their_own(tmp_path, build):
    write_run(tmp_path / "results", {"mini": PlantedTask(MIXED)}, run_id="five")
    few = PlantedTask(MIXED, protocol={"shots": 0})
    write_run(tmp_path / "results", {"mini": few}, run_id="zero")

    _, html = build()

    page = Reader(html)
    assert sum("ranked" in a.get("class", "") for a in page.all("table")) == 2
    assert "Not comparable with the first mini table. This one differs in: shots" in page.text


def test_a_task_without_a_dataset_says_where_its_samples_are_from(tmp_path, build):
    plan = PlantedTask(counts(correct=7, wrong=3), protocol={"dataset": ""})
    write_run(tmp_path / "results", {"mini": plan})

    assert "10 samples bundled with the task" in Reader(build()[1]).text


def test_banners_say_what_is_wrong(tmp_path, build):
    plan = PlantedTask(counts(correct=5, wrong=60, unparsed=35), answer=lambda *_: "A")
    checked = {"n_checked": 10, "n_different": 2}
    write_run(tmp_path / "results", {"mini": plan}, manifest={"verification": checked})

    text = Reader(build()[1]).text

    assert "Below blind guessing (25.0 %)" in text
    assert "Answers A more than 90 % of the time" in text
    assert "35 of 100 replies (35.0 %) unparsed" in text
    assert "2 different answers" in text
    assert "Incomplete" not in text


def test_subjects_with_few_answers_are_marked(tmp_path, build):
    write_run(tmp_path / "results", {"mini": PlantedTask(counts(correct=40, wrong=5))})

    assert Reader(build()[1]).text.count("too few to rank") == 2


def test_damaged_and_unfinished_runs_are_named(tmp_path, build):
    damaged = write_run(tmp_path / "results", {"mini": PlantedTask(MIXED)}, run_id="damaged")
    (damaged / "scores.parquet").write_bytes(b"")
    unfinished = tmp_path / "results" / "unfinished"
    unfinished.mkdir()
    (unfinished / "journal.sqlite").write_bytes(b"")

    result, html = build()

    assert len(result.left_out) == 2
    assert result.n_runs == 0
    text = Reader(html).text
    assert "Left out unfinished is not a finished run" in text
    assert str(tmp_path) not in html


def test_run_without_readable_samples_still_has_its_numbers(tmp_path, build):
    folder = write_run(tmp_path / "results", {"mini": PlantedTask(MIXED)})
    (folder / "samples.parquet").write_bytes(b"")

    text = Reader(build()[1]).text

    assert "No samples can be shown" in text
    assert "61.9 %" in text


def test_decision_reports_of_shown_runs_are_linked(tmp_path, build):
    for i, name in enumerate(("small", "large")):
        model = replace(MODEL, name=name, sha256=f"{i:064d}")
        write_run(tmp_path / "results", {"mini": PlantedTask(MIXED)}, run_id=name, model=model)
    before = build()[1]
    pair = tuple(load_run(tmp_path / "results" / name) for name in ("small", "large"))
    page = write_decision(compare(*pair), pair, tmp_path / "reports" / "compare")
    page.with_name("foreign.html").write_text("", encoding="utf-8")

    build()

    index = Reader((tmp_path / "reports" / "index.html").read_text(encoding="utf-8"))
    links = [a["href"] for a in index.all("a") if a["href"].startswith("compare/")]
    assert links == [f"compare/{page.name}"]
    word = find_answer(compare(*pair)).word
    assert f"Can small replace large ? {word}" in index.text
    assert "harness compare SMALL LARGE --html" in Reader(before).text


def test_no_runs_say_what_to_type(build):
    result, html = build()

    assert result.n_runs == 0
    text = Reader(html).text
    assert "No finished runs yet" in text
    assert "harness run --model" in text


def test_same_runs_give_the_same_bytes(tmp_path, build):
    for i in range(3):
        model = replace(MODEL, sha256=f"{i:064d}")
        write_run(tmp_path / "results", {"mini": PlantedTask(MIXED)}, run_id=f"r{i}", model=model)

    build()
    moved = tmp_path / "elsewhere"
    (tmp_path / "results").rename(moved)
    build_report(moved, tmp_path / "other")

    assert pages(tmp_path / "reports") == pages(tmp_path / "other")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The pages of a site whose every foreign text is hostile, by their files."""
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_runs(folder / "results")
    build_report(folder / "results", folder / "reports")
    return pages(folder / "reports")


def test_hostile_text_stays_text(hostile):
    for html in hostile.values():
        check_is_inert(html)
    assert "[U+0000][U+202E]" in Reader("".join(hostile.values())).text


def check_is_inert(html):
    page = Reader(html)
    assert {tag for tag, _ in page.tags} <= set(TAGS.split())
    assert {} in page.all("script")
    assert {attrs.get("type", "") for attrs in page.all("script")} <= {"", "application/gzip"}
    for tag, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on") or name in ("src", "style")]
        assert re.fullmatch(LINK, attrs.get("href", "#")), tag
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)


def test_long_replies_are_cut_with_their_length(hostile):
    assert sum(map(len, hostile.values())) < 1_000_000
    assert re.search(r"1,000,\d\d\d characters left out", "".join(hostile.values()))


def test_links_lead_to_what_is_there(hostile):
    ids = {}
    for file, html in hostile.items():
        ids[file] = [attrs["id"] for _, attrs in Reader(html).tags if "id" in attrs]
        assert len(ids[file]) == len(set(ids[file]))

    for file, html in hostile.items():
        for _, attrs in Reader(html).tags:
            path, _, fragment = attrs.get("href", "#content").partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
            assert not fragment or "=" in fragment or fragment in ids[target if path else file], (
                attrs
            )
            assert not path or target in ids, attrs


@pytest.fixture(params=["index", "run", "samples"])
def one_page(hostile, request):
    return next(text for file, text in hostile.items() if file.startswith(request.param))


def test_policy_allows_exactly_our_script_and_style(one_page):
    hostile = one_page
    policy = next(a["content"] for a in Reader(hostile).all("meta") if "content" in a)

    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    for directive in ("img-src data:", "base-uri 'none'", "form-action 'none'"):
        assert directive in policy
    for tag in ("script", "style"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", hostile, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_nothing_is_loaded_from_elsewhere(one_page):
    foreign = r"<pre.*?</pre>|<bdi>.*?</bdi>|<code>.*?</code>| xmlns=\"http://www.w3.org/2000/svg\""
    own = re.sub(foreign, "", one_page, flags=re.DOTALL)

    assert "http:" not in own
    assert "https:" not in own
    assert "@import" not in own
    assert "url(" not in own.replace("url(#", "")


def test_report_needs_no_model_and_no_task_library(tmp_path):
    write_run(tmp_path / "results", {"mini": PlantedTask(MIXED)})
    code = (
        "import sys; from pathlib import Path; from harness.report.build import build_report\n"
        f"build_report(Path({str(tmp_path / 'results')!r}), Path({str(tmp_path / 'out')!r}))\n"
        "print({'lm_eval', 'datasets', 'torch', 'xllamacpp', 'harness.models'} & set(sys.modules))"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"


def test_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "reports").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match="name another folder"):
        build_report(tmp_path / "results", tmp_path / "reports")

    assert (tmp_path / "reports").read_text(encoding="utf-8") == "mine"
