"""A verdict for machines: JUnit XML, Markdown for a job summary, annotations of GitHub Actions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

from harness.gating.verdict import Status, Verdict
from harness.gating.words import COLUMNS, criterion_words, rows, sentence, task_words

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Return everything about a verdict, with its sentence and exit code, ready for JSON."""
    return {**asdict(verdict), "sentence": sentence(verdict), "exit_code": verdict.exit_code}


def junit_xml(verdict: Verdict) -> bytes:
    """Return a test suite with one case a task and one for each limit of the whole run.

    What could not be told is an error, or skipped where the policy lets it through.
    """
    suite = ET.Element("testsuite", name="harness gate")
    kinds = []
    for name, status, words in _cases(verdict):
        case = ET.SubElement(suite, "testcase", classname="harness.gate", name=_xml(name))
        kind = _kind(status, verdict)
        if kind:
            problem = ET.SubElement(case, kind, message=_xml(words), type=status.value)
            problem.text = _xml(words)
        kinds.append(kind)
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite.set("tests", str(len(kinds)))
    for name, kind in counts.items():
        suite.set(name, str(kinds.count(kind)))
    output = ET.SubElement(suite, "system-out")
    output.text = _xml(sentence(verdict))
    ET.indent(suite)
    content: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return content


def _kind(status: Status, verdict: Verdict) -> str:
    if status is Status.PASSED:
        return ""
    if status is Status.FAILED:
        return "failure"
    return "skipped" if status is Status.INCONCLUSIVE and verdict.tolerant else "error"


def _cases(verdict: Verdict) -> Iterator[tuple[str, Status, str]]:
    for task in verdict.tasks:
        yield task.task, task.status, task_words(task)
    for criterion in verdict.run_criteria:
        yield criterion.evidence.criterion, criterion.status, criterion_words(criterion)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def markdown(verdict: Verdict) -> str:
    """Return a heading, the sentence and a table; no name can break out of its cell."""
    lines = [f"### Gate: {verdict.status.value}", "", _cell(sentence(verdict)), ""]
    lines += ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows(verdict)]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    flat = " ".join(_xml(text).split())
    escaped = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|!#~])", r"\\\1", escaped)


def workflow_commands(verdict: Verdict) -> list[str]:
    """Return workflow commands for everything that did not pass."""
    found = [("harness gate", verdict.status, sentence(verdict))]
    found += [(f"{name}: {status.value}", status, words) for name, status, words in _cases(verdict)]
    return [
        f"::{_level(status, verdict)} title={_title(title)}::{_command(words)}"
        for title, status, words in found
        if status is not Status.PASSED
    ]


def _level(status: Status, verdict: Verdict) -> str:
    return "warning" if _kind(status, verdict) == "skipped" else "error"


def _title(text: str) -> str:
    return _command(text).replace(":", "%3A").replace(",", "%2C")


def _command(text: str) -> str:
    # The runner takes %, CR and LF apart; anything else that looks like a command is text here.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
