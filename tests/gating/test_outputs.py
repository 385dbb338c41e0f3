"""Verdicts for machines: no name can break out of them."""

import json
from xml.etree import ElementTree as ET

import pytest

from gate_kit import outcomes, pair, sides, system
from harness.gating.decide import decide
from harness.gating.outputs import as_json, junit_xml, markdown, workflow_commands
from harness.gating.policy import Policy
from harness.gating.verdict import Status
from harness.gating.words import sentence

HOSTILE = 'x\x00]]>\n::error::a|b<img src=x onerror=1>&%,:"`*[k](l)\x1b[31m\u202e'
BEHIND = sides(both=350, lost=75, gained=10, neither=65)
UNSURE = sides(both=350, lost=35, gained=10, neither=105)
EQUAL = sides(both=400, lost=5, gained=5, neither=90)


def judged(table=BEHIND, name="small", task="mini", **policy):
    baseline = system({task: table[0]}, "large")
    return decide(Policy(**{"margin": 0.05, **policy}), baseline, system({task: table[1]}, name))


def test_json_says_everything():
    found = judged()
    told = json.loads(json.dumps(as_json(found)))

    assert (told["status"], told["exit_code"]) == ("failed", 1)
    assert told["sentence"] == sentence(found)
    (task,) = told["tasks"]
    assert (task["n"], task["losses"], task["gains"]) == (500, 75, 10)
    estimate = task["criteria"][0]["evidence"]["estimate"]
    assert estimate["low"] < estimate["value"] < estimate["high"]


def test_json_of_a_tolerated_verdict_has_the_exit_code_of_the_process():
    assert as_json(judged(UNSURE))["exit_code"] == 6
    assert as_json(judged(UNSURE, on_inconclusive="warn"))["exit_code"] == 0


def suite(verdict):
    return ET.fromstring(junit_xml(verdict))  # noqa: S314  # our own


def test_junit_counts_what_failed():
    found = suite(judged())

    assert (found.get("tests"), found.get("failures"), found.get("errors")) == ("1", "1", "0")
    failure = found.find("testcase/failure")
    assert failure.get("type") == "failed"
    assert "more than 5 points behind" in failure.get("message")
    assert "Failed: small against large" in found.findtext("system-out")


@pytest.mark.parametrize(
    ("table", "policy", "kind"),
    [
        (EQUAL, {}, None),
        (UNSURE, {}, "error"),
        (UNSURE, {"on_inconclusive": "warn"}, "skipped"),
        ((outcomes(correct=100), outcomes(correct=50, error=50)), {}, "error"),
    ],
)
def test_junit_tells_failures_errors_and_what_is_let_through_apart(table, policy, kind):
    found = suite(judged(table, **policy))

    assert [child.tag for child in found.find("testcase")] == ([kind] if kind else [])
    counts = {name: found.get(name) for name in ("failures", "errors", "skipped")}
    assert counts == {
        "failures": "0",
        "errors": "1" if kind == "error" else "0",
        "skipped": "1" if kind == "skipped" else "0",
    }


def test_junit_holds_hostile_names():
    found = suite(judged(name=HOSTILE, task=HOSTILE))

    assert len(found.findall("testcase")) == 1
    assert found.find("testcase").get("name").startswith("x\ufffd]]>")


def test_a_limit_of_the_whole_run_is_a_case_of_its_own():
    found = suite(judged(EQUAL, max_cost=1, max_unparsed_increase=None))

    assert [case.get("name") for case in found.findall("testcase")] == ["mini", "cost"]


def cells(line):
    return line.replace("\\|", "").count("|") - 1


def test_markdown_is_a_heading_a_sentence_and_a_table():
    heading, _, told, _, *table = markdown(judged()).splitlines()

    assert heading == "### Gate: failed"
    assert "more than 5 points behind" in told
    assert len(table) == 3
    assert len({cells(line) for line in table}) == 1


def test_no_name_breaks_out_of_its_markdown_cell():
    text = markdown(judged(name=HOSTILE, task=HOSTILE))

    table = text.splitlines()[4:]
    assert len(table) == 3
    assert len({cells(line) for line in table}) == 1
    assert "<img" not in text
    assert "[k](l)" not in text
    assert not [line for line in text.splitlines() if line.startswith("::")]


def test_workflow_commands_name_each_task_that_did_not_pass():
    first, second = workflow_commands(judged())

    assert first.startswith("::error title=harness gate::Failed: small against large")
    assert second.startswith("::error title=mini%3A failed::is more than 5 points behind")
    assert workflow_commands(judged(EQUAL)) == []
    assert workflow_commands(judged(UNSURE))[0].startswith("::error ")
    assert workflow_commands(judged(UNSURE, on_inconclusive="warn"))[0].startswith("::warning ")


def test_no_name_breaks_out_of_its_workflow_command():
    lines = workflow_commands(judged(name=HOSTILE, task=HOSTILE + "\r"))

    assert len(lines) == 2
    for line in lines:
        assert "\n" not in line
        assert "\r" not in line
        assert line.startswith("::error title=")
        assert "a|b" in line
    title = lines[1].split("title=")[1].split("::")[0]
    assert "%0A" in title
    assert "%0D" in title
    assert "%25" in title
    assert not set(title) & set("\n\r:,")


def test_the_sentence_is_one_line_that_drives_no_terminal():
    told = sentence(judged(name=HOSTILE, task=HOSTILE))

    assert told.isprintable()
    assert "\x1b" not in told


def test_every_verdict_has_its_words():
    words = {
        Status.PASSED: (judged(EQUAL), "Passed: "),
        Status.FAILED: (judged(), "Failed: "),
        Status.INCONCLUSIVE: (judged(UNSURE), "Cannot tell: "),
        Status.INCOMPLETE: (
            judged((outcomes(correct=100), outcomes(correct=50, error=50))),
            "Incomplete: ",
        ),
    }
    for status, (found, opening) in words.items():
        assert found.status is status
        assert sentence(found).startswith(opening)


def test_names_of_the_two_systems():
    large, small = pair(*EQUAL)

    assert "small against large" in sentence(decide(Policy(margin=0.05), large, small))
