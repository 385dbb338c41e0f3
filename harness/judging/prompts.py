"""What a judge is asked: our own templates, or those of MT-bench's judge_prompts.jsonl."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from harness.errors import UsageError
from harness.records import Message, content_hash
from harness.resources import tasks_folder
from harness.scoring.verdict import Mode

NEED_REFERENCE = frozenset({"math", "reasoning", "coding"})
"""Categories in which a judge is shown the right answer, as MT-bench does."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_END = "\n\n"


@dataclass(frozen=True, slots=True)
class Template:
    """One way of asking: a system message, empty for none, and the user's with placeholders."""

    name: str
    system: str
    text: str

    def messages(self, fields: Mapping[str, str]) -> tuple[Message, ...]:
        """Fill in the placeholders in one pass, so that what is filled in is never read again.

        Raises:
            UsageError: the template has a placeholder that there is nothing for.
        """
        unknown = sorted(set(_PLACEHOLDER.findall(self.text)).difference(fields))
        if unknown:
            raise UsageError(
                f"the judge prompt {self.name} has a placeholder {{{unknown[0]}}}, which cannot be "
                f"filled in here; there is {', '.join(sorted(fields))}"
            )
        filled = _PLACEHOLDER.sub(lambda match: fields[match[1]], self.text)
        system = (Message("system", self.system, _END),) if self.system else ()
        return (*system, Message("user", filled, _END))


@dataclass(frozen=True, slots=True)
class JudgePrompts:
    """The templates of one file; `original` where they are MT-bench's own."""

    source: str
    original: bool
    templates: Mapping[str, Template]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over every text, whatever the file is called."""
        return content_hash({name: asdict(each) for name, each in self.templates.items()})

    def template(self, mode: Mode, turn: int, *, reference: bool) -> Template:
        """Choose a template by mode, turn (from 1) and whether a right answer is shown.

        Raises:
            UsageError: the file lacks that template.
        """
        named = _original_name if self.original else _own_name
        name = named(mode, turn, reference=reference)
        if name not in self.templates:
            raise UsageError(f"{self.source} has no judge prompt {name!r}: add it")
        return self.templates[name]


def load_prompts(path: Path | None = None) -> JudgePrompts:
    """Read a file of judge prompts, ours where none is named.

    A .jsonl file is read as MT-bench's: name, system_prompt and prompt_template in each line.

    Raises:
        UsageError: the file cannot be read, or is of neither form.
    """
    path = path or tasks_folder() / "judging" / "prompts.yaml"
    original = path.suffix == ".jsonl"
    try:
        text = path.read_text(encoding="utf-8")
        found = _read_original(text) if original else _read_own(text)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        raise UsageError(
            f"cannot read judge prompts from {path} ({error!r}); expected a YAML mapping from name "
            "to text, or lines of JSON with name, system_prompt and prompt_template"
        ) from error
    return JudgePrompts(path.name, original, found)


def _read_original(text: str) -> dict[str, Template]:
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    return {
        row["name"]: Template(row["name"], row["system_prompt"], row["prompt_template"])
        for row in rows
    }


def _read_own(text: str) -> dict[str, Template]:
    return {str(name): Template(str(name), "", body) for name, body in yaml.safe_load(text).items()}


def _original_name(mode: Mode, turn: int, *, reference: bool) -> str:
    """The choice of FastChat's gen_judgment.py: make_judge_single and make_judge_pairwise."""
    if mode == "single":
        name = "single-math-v1" if reference else "single-v1"
    else:
        name = "pair-math-v1" if reference else "pair-v2"
    return name + "-multi-turn" * (turn > 1)


def _own_name(mode: Mode, turn: int, *, reference: bool) -> str:  # noqa: ARG001 -- one text serves every turn
    return mode + "-reference" * reference
