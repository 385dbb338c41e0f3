"""Several judges as one: the mean of their ratings, the majority of their verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.analysis.judges import Judge, Judgement
from harness.records import ModelInfo, Outcome
from harness.store.judgements import Exhibit, Verdict

_FEWEST = 2
_TIE = 0.5


def panel(judges: Sequence[Judge]) -> Judge | None:
    """Join judges, files of labels left out, over the runs that all of them judged.

    Ratings are averaged; a comparison goes to whom more than half of the judges say, else it is
    a tie. What one of them has no readable verdict of has none of the panel: a panel that
    changes its members from question to question is none. None for fewer than two judges, or
    where they judged nothing in common.

    Source: Verga et al. 2024, arXiv:2404.18796 (panel of judges).
    """
    members = [judge for judge in judges if not judge.is_file]
    if len(members) < _FEWEST:
        return None
    said = [{(each.about.mode, each.about.runs): each for each in j.answers()} for j in members]
    shared = [key for key in said[0] if all(key in each for each in said)]
    if not shared:
        return None
    names = ", ".join(judge.info.name for judge in members)
    info = ModelInfo(f"panel of {names}", "panel", "chat", (), snapshot=names)
    joined = tuple(_joined([each[key] for each in said]) for key in shared)
    return Judge(info, members[0].prompts, members[0].prompts_sha256, "", False, joined)  # noqa: FBT003


def _joined(judgements: Sequence[Judgement]) -> Judgement:
    first = judgements[0]
    others = [{each.exhibit: each.value for each in own.verdicts} for own in judgements]
    verdicts = tuple(_verdict(v.exhibit, others, first.about.mode) for v in first.verdicts)
    return replace(first, verdicts=verdicts)


def _verdict(
    exhibit: Exhibit, said: Sequence[Mapping[Exhibit, float | None]], mode: str
) -> Verdict:
    values = [value for each in said if (value := each.get(exhibit)) is not None]
    if len(values) < len(said):
        return Verdict(exhibit, Outcome.UNPARSED, None)
    if mode == "single":
        return Verdict(exhibit, Outcome.JUDGED, math.fsum(values) / len(values))
    winner = next((v for v in (0.0, 1.0) if values.count(v) * 2 > len(values)), _TIE)
    return Verdict(exhibit, Outcome.JUDGED, winner)
