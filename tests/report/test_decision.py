"""The decision report: its numbers, its parts, and what hostile text must not do."""

import base64
import hashlib
import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from harness.analysis.compare import compare
from harness.analysis.comparison import CompareOptions
from harness.errors import NotComparableError
from harness.report.decision import write_decision, write_refusal
from harness.store.read import load_run
from number_kit import check_numbers, is_among, resolve
from page_kit import Reader
from run_files import MODEL, PlantedTask, Timing, counts, write_run

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\x00\u202e\"'><a href=//e>$x$"
SMALL = replace(MODEL, name="small", file_bytes=1_234_567)
LARGE = replace(MODEL, name="large", file_bytes=9_876_543, sha256="f" * 64)
PARTS = [
    "How far apart", "Who was right", "Both together", "Quality against what it takes",
    "By subject", "Failures that are not knowledge", "Changed answers", "Robustness and noise",
    "Does it know when it is right?", "Judge", "What this could not see", "Reproduce",
]  # fmt: skip


def letters(position, gold, outcome):
    """Surer when right, more or less; over four letters."""
    top = gold if outcome.value == "correct" else "ABCD"[("ABCD".index(gold) + 1) % 4]
    share = 0.4 + 0.5 * ((position * 37) % 100) / 100 * (1.0 if outcome.value == "correct" else 0.6)
    return [float(np.log(share if letter == top else (1 - share) / 3)) for letter in "ABCD"]


def plans(seed, **changed):
    """Three tasks: one with letters and subjects, one with every outcome, one of one subject."""
    quick = Timing(cost_usd=0.001 * (1 + seed), total_seconds=0.5 + seed)
    return {
        "facts": PlantedTask(
            counts(correct=290 + 40 * seed, wrong=210 - 40 * seed), seed=seed, letters=letters,
            subjects=("anatomy", "law", "logic", "virology"), timing=quick, **changed,
        ),
        "lm_eval/mixed": PlantedTask(
            counts(correct=60, wrong=80 - 20 * seed, unparsed=30, truncated=10 + 20 * seed,
                   refused=7, error=3),
            seed=seed, timing=quick, **changed,
        ),
        "sums": PlantedTask(
            counts(correct=40, wrong=20), subjects=("",), seed=seed, timing=quick, **changed
        ),
    }  # fmt: skip


def two_runs(tmp_path, models=(SMALL, LARGE), manifest=None, **changed):
    return tuple(
        load_run(
            write_run(tmp_path, plans(seed, **changed), run_id=run_id, model=model,
                      manifest=manifest)
        )
        for seed, run_id, model in zip((0, 1), ("one", "two"), models, strict=True)
    )  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decision")
    runs = two_runs(folder, manifest={"verification": {"n": 50, "n_different": 3}})
    found = compare(*runs)
    return found, write_decision(found, runs, folder / "page.html"), runs


@pytest.fixture(scope="module")
def page(written):
    return Reader(written[1].read_text(encoding="utf-8"))


def test_every_number_is_one_of_the_json(written, page):
    """Each text names where its numbers come from; each must be there, to the printed digit."""
    assert check_numbers(page, written[0]) > 700


def test_a_wrong_number_would_be_seen(written):
    """The check above can fail: a value that is one digit off is in no place of its source."""
    document = json.loads(json.dumps(asdict(written[0])))
    value = written[0].tasks["facts"].difference.value
    found = resolve(document, "/tasks/facts/difference")

    assert is_among(round(100 * value, 1), 1, found, "")
    assert not is_among(round(100 * value, 1) + 0.1, 1, found, "")


def test_all_parts_are_there_in_order(page):
    headings = [text for text, around, _ in page.texts if around[-1:] == ["h2"]]

    assert [text.strip() for text in headings if text.strip()] == PARTS


def test_the_answer_comes_first_and_figures_before_their_tables(page):
    shown = [(tag, a) for tag, a in page.tags if tag in ("h1", "svg", "table", "nav")]
    kinds = [tag if tag != "svg" else attrs.get("class", "gauge") for tag, attrs in shown]

    assert kinds[0] == "h1"
    assert kinds.index("chart") < kinds.index("table") < kinds.index("nav")


def test_each_figure_has_words_and_a_table(page):
    charts = [a for a in page.all("svg") if a.get("class") == "chart"]

    # forest twice (wide, narrow), right, 2 cascades, 4 takes, 2 heat, ended, 2 of calibration
    assert len(charts) == 14
    assert all(len(a["aria-label"]) > 40 and a["role"] == "img" for a in charts)
    assert len(page.all("table")) >= 12


def test_ids_are_unique_and_links_lead_somewhere(page):
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    links = [a.get("href") for tag, a in page.tags if tag in ("a", "use")]

    assert len(ids) == len(set(ids))
    assert {link for link in links if link != "#content"} <= {f"#{name}" for name in ids}
    assert any(link.startswith("#example-") for link in links)


def test_flips_show_the_question_both_replies_and_what_was_extracted(written, page):
    text = page.text

    for kind in ("lost", "gained", "unread"):
        assert re.search(rf"{kind} (facts|lm_eval/mixed|sums)", text)
    assert re.search(r"lost facts, \w+: [A-D] against [A-D], right is [A-D] Asked Question", text)
    assert "Candidate: wrong, extracted" in text
    assert "Baseline: correct, extracted" in text


def test_what_was_measured_is_told_and_what_was_not_too(page):
    assert "Of 50 answers of the candidate that were asked again without speed-ups, 3 came" in (
        page.text
    )
    assert "Not measured: other wordings or examples of the prompt" in page.text
    assert "No judge: every reply was scored by rule (letter/1)" in page.text
    assert "facts: the smallest drop that this run could see is" in page.text


def test_without_checks_or_letters_those_parts_say_not_measured(tmp_path):
    plain = {"mini": PlantedTask(counts(correct=30, wrong=10))}
    runs = tuple(load_run(write_run(tmp_path, plain, run_id=name)) for name in ("one", "two"))

    page = Reader(write_decision(compare(*runs), runs, tmp_path).read_text(encoding="utf-8"))

    assert "Robustness and noise not measured" in page.text
    assert "Does it know when it is right? not measured" in page.text
    assert "Not measured for the baseline: whether asking again gives the same answers" in page.text


def test_a_judge_is_named_where_there_was_one(tmp_path):
    judged = {"judge": "large-judge", "judge_prompt": "a" * 64}

    page = written_page(tmp_path, two_runs(tmp_path, protocol=judged))

    assert "Judged by a model." in page.text
    assert "judge large-judge judge prompt aaaa" in page.text


def test_everything_to_repeat_it_is_there(written, page):
    found = written[0]
    text = page.text

    assert "harness compare one two --margin 0.02 --alpha 0.05" in text
    assert found.tasks["facts"].protocol.fingerprint in text
    assert found.candidate.model.sha256 in text
    for digest in found.baseline.files.values():
        assert digest in text
    assert "harness run --model small --tasks" in text


def test_the_same_runs_give_the_same_bytes(written, tmp_path):
    _, path, runs = written

    again = write_decision(compare(*runs), runs, tmp_path / "again.html")

    assert again.read_bytes() == path.read_bytes()


def test_the_policy_allows_our_own_script_and_style_alone(written):
    html = written[1].read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html).group(1)

    for tag in ("script", "style"):
        (own,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r'\sstyle="|\son\w+="|https?://(?!www\.w3\.org)', html)


def test_hostile_text_is_inert_everywhere(tmp_path):
    plan = PlantedTask(
        counts(correct=12, wrong=8, unparsed=3),
        subjects=(EVIL, "law" + EVIL),
        question=lambda position: f"{EVIL} {position}",
        reply=lambda *_: EVIL + "x" * 1_000_000,
        answer=lambda position, gold, outcome: gold if outcome.value == "correct" else EVIL,
        letters=letters,
    )
    models = [replace(MODEL, name=name + EVIL, source=EVIL) for name in ("a", "b")]
    runs = tuple(
        load_run(
            write_run(tmp_path, {EVIL.replace("\x00", ""): replace(plan, seed=seed)},
                      run_id=name, model=model, manifest={"command": (EVIL,)})
        )
        for seed, (name, model) in enumerate(zip(("one", "two"), models, strict=True))
    )  # fmt: skip

    path = write_decision(compare(*runs), runs, tmp_path / "out")
    page = Reader(path.read_text(encoding="utf-8"))

    assert re.fullmatch(r"[A-Za-z0-9._+-]+\.html", path.name)
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert {a["href"][:1] for a in page.all("a")} == {"#"}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert "[U+202E]" in page.text
    assert path.stat().st_size < 1_000_000


def test_runs_that_must_not_be_compared_get_a_page_that_says_why(tmp_path):
    runs = [
        load_run(write_run(tmp_path, {"mini": PlantedTask(counts(correct=9), protocol=p)},
                           run_id=name))
        for name, p in (("one", {"shots": 0}), ("two", {}))
    ]  # fmt: skip
    with pytest.raises(NotComparableError) as error:
        compare(*runs)

    page = Reader(write_refusal(error.value, tuple(runs), tmp_path).read_text(encoding="utf-8"))

    assert "Not comparable" in page.text
    assert "shots: 0 against 5" in page.text
    assert page.all("table") == []


def test_nothing_answered_by_both_still_makes_a_page(tmp_path):
    plan = {"mini": PlantedTask(counts(error=20)), "sums": PlantedTask(counts(correct=5))}
    runs = tuple(load_run(write_run(tmp_path, plan, run_id=name)) for name in ("one", "two"))

    page = written_page(tmp_path, runs)

    assert "without a verdict where both answered too few of the questions (mini: 0 of 20)" in (
        page.text
    )


def test_graded_scores_make_a_page(tmp_path):
    plan = {"mini": PlantedTask(counts(correct=80, wrong=20), values=(0.2, 0.9, 0.5))}
    runs = tuple(load_run(write_run(tmp_path, plan, run_id=name)) for name in ("one", "two"))

    assert "Who was right" in written_page(tmp_path, runs).text


def test_another_margin_moves_the_verdict_and_is_named(tmp_path):
    runs = two_runs(tmp_path)
    found = compare(*runs, CompareOptions(margin=0.4))

    page = Reader(write_decision(found, runs, tmp_path / "x.html").read_text(encoding="utf-8"))

    assert "margin 40 points" in page.text
    assert "--margin 0.4" in page.text


def written_page(tmp_path, runs):
    path = write_decision(compare(*runs), runs, tmp_path / "out.html")
    return Reader(path.read_text(encoding="utf-8"))


def test_what_no_rule_can_judge_is_never_taken_for_equal(tmp_path):
    """Two sets of unjudged answers have no scores: that is no difference of nought."""
    open_ended = PlantedTask(counts(unjudged=30))
    plan = {"talk": open_ended, "mini": PlantedTask(counts(correct=30, wrong=10))}
    runs = tuple(load_run(write_run(tmp_path, plan, run_id=name)) for name in ("one", "two"))
    found = compare(*runs)

    assert list(found.tasks) == ["mini"]
    assert found.unjudged == ("talk",)
    assert "No rule can judge talk, so it is not compared" in written_page(tmp_path, runs).text
    alone = [
        load_run(write_run(tmp_path, {"talk": open_ended}, run_id=name)) for name in ("a", "b")
    ]
    with pytest.raises(NotComparableError, match="harness judge a b --judge MODEL"):
        compare(*alone)
