"""A verdict for machines: JUnit XML, Markdown for a job summary, annotations of GitHub Actions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

from harness.gate.verdict import Status, TaskVerdict, Verdict
from harness.gate.words import COLUMNS, criterion_words, rows, sentence, task_words

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEVELS = {Status.FAILED: "error", Status.INCOMPLETE: "error", Status.INCONCLUSIVE: "warning"}


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Return everything about a verdict, with its sentence and exit code, ready for JSON."""
    return {**asdict(verdict), "sentence": sentence(verdict), "exit_code": verdict.exit_code}


def junit_xml(verdict: Verdict) -> bytes:
    """Return a test suite with one case a task and one for each limit of the whole run."""
    suite = ET.Element("testsuite", name="harness gate")
    counts = {"failures": 0, "errors": 0, "skipped": 0}
    for name, status, words in _cases(verdict):
        case = ET.SubElement(suite, "testcase", classname="harness.gate", name=_xml(name))
        if status is Status.PASSED:
            continue
        kind = "failure" if status is Status.FAILED else "error"
        counts["failures" if kind == "failure" else "errors"] += 1
        problem = ET.SubElement(case, kind, message=_xml(words), type=status.value)
        problem.text = _xml(words)
    suite.set("tests", str(len(suite)))
    for name, count in counts.items():
        suite.set(name, str(count))
    output = ET.SubElement(suite, "system-out")
    output.text = _xml(sentence(verdict))
    ET.indent(suite)
    content: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return content


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
    if verdict.status is Status.PASSED:
        return []
    level = _LEVELS[verdict.status]
    lines = [f"::{level} title=harness gate::{_command(sentence(verdict))}"]
    lines += [_annotation(task) for task in verdict.tasks if task.status in _LEVELS]
    return lines


def _annotation(task: TaskVerdict) -> str:
    title = _command(f"{task.task}: {task.status.value}").replace(":", "%3A").replace(",", "%2C")
    return f"::{_LEVELS[task.status]} title={title}::{_command(task_words(task))}"


def _command(text: str) -> str:
    # The runner takes %, CR and LF apart; anything else that looks like a command is text here.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
