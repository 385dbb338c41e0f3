"""Which judges there are in a store, and everything that each of them said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.errors import StoreError
from harness.records import Estimate, ModelInfo
from harness.stats.questions import Measured
from harness.store.judgements import Verdict, find_judgements, read_verdicts
from harness.store.manifest import JudgedRuns
from harness.store.read import Run

_FAMILY = re.compile(r"[a-z]+")
_NO_FAMILY = frozenset(
    {"model", "local", "judge", "instruct", "chat", "unknown", "base", "my", "test"}
    | {"tiny", "mini", "small", "medium", "large", "big"}
)
_SHORTEST_FAMILY = 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """One run of a judge, with what it said in it."""

    run: Run
    about: JudgedRuns
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """A model with its prompts and the way its verdicts are read: one judge in every table.

    `is_file` where the verdicts are a file's, such as people's. `judgements` come oldest first;
    those that were asked again are all there.
    """

    info: ModelInfo
    prompts: str
    prompts_sha256: str
    parsing: str
    is_file: bool
    judgements: tuple[Judgement, ...]

    def answers(self) -> list[Judgement]:
        """Return what was said of contestants, the newest of each."""
        newest = {
            (each.about.mode, each.about.runs, tuple(sorted(each.about.protocols))): each
            for each in self.judgements
            if each.about.purpose != "calibration"
        }
        return list(newest.values())

    def calibrations(self) -> list[Judgement]:
        """Return what was said of bundled answers, oldest first."""
        return [each for each in self.judgements if each.about.purpose == "calibration"]


class _Key(NamedTuple):
    identity: str
    prompt: str
    parsing: str


def find_judges(results: Path) -> tuple[list[Judge], list[str]]:
    """Read every judge of a folder of results by name, and say what could not be read."""
    runs, left_out = find_judgements(results)
    found: dict[_Key, list[Judgement]] = {}
    for run in runs:
        about = run.manifest.judged
        if about is None:
            continue
        try:
            verdicts = tuple(read_verdicts(run))
        except StoreError as error:
            left_out.append(str(error))
            continue
        found.setdefault(_key(run), []).append(Judgement(run, about, verdicts))
    judges = [_judge(key, said) for key, said in found.items()]
    return sorted(judges, key=_order), left_out


def _order(judge: Judge) -> tuple[bool, str, str, str, str]:
    info = judge.info
    return judge.is_file, info.name, judge.parsing, judge.prompts_sha256, info.identity


def _key(run: Run) -> _Key:
    protocol = next(iter(run.manifest.tasks.values())).protocol
    parsing = protocol.scorer.partition("/")[0].rpartition("-")[2]
    return _Key(run.manifest.model.identity, protocol.judge_prompt, parsing)


def _judge(key: _Key, said: list[Judgement]) -> Judge:
    return Judge(
        info=said[-1].run.manifest.model,
        prompts=said[-1].about.prompts,
        prompts_sha256=key.prompt,
        parsing=key.parsing,
        is_file=said[-1].about.purpose == "labels",
        judgements=tuple(said),
    )


def family(info: ModelInfo) -> str | None:
    """Return the family of a model: what is stated, else the first word of its name.

    "openai/gpt-4o-2024-08-06" is of "gpt", "Phi-3-mini-q4" of "phi"; None where a name says
    nothing. Makers are not told apart from families: it is a hint for a warning, no more.
    """
    stated = (info.family or info.name.rpartition("/")[2]).lower()
    found = _FAMILY.match(stated)
    if found is None or found[0] in _NO_FAMILY or len(found[0]) < _SHORTEST_FAMILY:
        return None
    return found[0]


def estimate(found: Measured | None, n_error: int = 0) -> Estimate:
    """Return a measured value as the estimate that travels; n counts questions."""
    if found is None:
        return Estimate(None, None, None, 0, n_error)
    low, high = found.interval or (None, None)
    return Estimate(found.value, low, high, found.n, n_error)


def values(verdicts: Iterable[Verdict]) -> tuple[list[float], list[str]]:
    """Return the readable verdicts and the questions they are of."""
    read = [(each.value, each.exhibit.question) for each in verdicts if each.value is not None]
    return [value for value, _ in read], [question for _, question in read]
