"""Everything the decision report prints, as dataclasses: its template only places it.

`source` is a JSON pointer (RFC 6901) into what `harness compare --json` prints: where every
number of a text comes from. Texts without one hold no measured number.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from harness.report.data import Exchange, Fact, Grid


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and where its numbers come from."""

    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of our own, perhaps a second one for narrow screens, and what stands below."""

    wide: Markup
    caption: str
    source: str
    narrow: Markup | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """What one system replied to a sample, and what was extracted and judged."""

    who: str
    outcome: str
    exchanges: tuple[Exchange, ...]
    extracted: str


@dataclass(frozen=True, slots=True)
class FlipCard:
    """One sample that the two answered differently."""

    anchor: str
    kind: str
    heading: str
    gold: str
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts under one heading, and where their numbers come from."""

    heading: str
    facts: tuple[Fact, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report: what it says, shows and lists. A part never measured says so."""

    anchor: str
    title: str
    said: tuple[Said, ...]
    pictures: tuple[Picture, ...] = ()
    grids: tuple[Grid, ...] = ()
    grids_open: bool = False
    flips: tuple[FlipCard, ...] = ()
    groups: tuple[FactGroup, ...] = ()
    commands: tuple[str, ...] = ()
    measured: bool = True


@dataclass(frozen=True, slots=True)
class Gauge:
    """One thing that both take: the two amounts, their ratio, and a bar from 0 to 100 units."""

    name: str
    ratio: str
    amounts: str
    candidate: float
    baseline: float
    label: str
    source: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole page."""

    question: str
    candidate: str
    baseline: str
    light: str
    word: str
    sentence: str
    cautions: tuple[str, ...]
    gauges: tuple[Gauge, ...]
    about: tuple[Said, ...]
    sections: tuple[Section, ...]
    version: str
