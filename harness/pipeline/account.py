"""What a run costs: kept in its journal, held under its budget, told in its ledger."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import ModelError
from harness.models.base import Model, Payable, Resumable
from harness.models.prices import Price, table_version
from harness.pipeline.forecast import Subject, forecast
from harness.pipeline.plan import Plan
from harness.records import Request
from harness.store.journal import Journal
from harness.store.manifest import MANIFEST, LedgerLine, read_manifest

_BESIDE = "beside_usd"
"""Fact of the journal: what calls can have cost beside the stored answers, in USD."""

_ESTIMATE = "estimate_usd"

_DUST = 1e-10
"""USD; less than any token costs, and more than adding floats in another order changes."""


def check_budget(model: Model, max_usd: float | None) -> None:
    """Refuse a budget that nobody could keep.

    Raises:
        ModelError: the model charges what nobody knows.
    """
    if max_usd is not None and isinstance(model, Payable) and model.price is None:
        raise ModelError(
            f"--max-usd cannot be kept: nobody knows what {model.info.name} costs "
            f"({table_version()} has no price of it); state it with --price INPUT,OUTPUT in $ per "
            "million tokens, or leave out --max-usd"
        )


class Account:
    """The money of one run, which outlives its process."""

    def __init__(self, journal: Journal, model: Model, max_usd: float | None) -> None:
        self.journal = journal
        self.model = model
        self._max_usd = max_usd

    def begin(self, plan: Plan, results: Path) -> None:
        """Keep what the run is expected to cost; once, and from then on."""
        if self.journal.meta(_ESTIMATE) is not None or self._price is None:
            return
        finished = self.journal.folder / MANIFEST
        if finished.is_file():  # its journal is gone, and errors are asked again
            for line in read_manifest(finished.parent).ledger:
                self.journal.set_meta(_BESIDE, line.unsure)
                self.journal.set_meta(_ESTIMATE, [line.estimate_low, line.estimate_high])
            return
        left = [task.usd.left for task in forecast(Subject.of(self.model), plan, results)]
        bounds = [math.fsum(e.low or 0.0 for e in left), math.fsum(e.high or 0.0 for e in left)]
        self.journal.set_meta(_ESTIMATE, bounds)

    @contextmanager
    def asking(self, requests: Sequence[Request]) -> Iterator[None]:
        """Ask within what is left of the budget.

        What could be in flight counts as spent until it is known: a kill may come at any time.
        """
        model, journal = self.model, self.journal
        if not isinstance(model, Payable) or self._price is None:
            yield
            return
        beside, paid, spent = self._beside(), self._paid(), model.spent.most
        risk = model.at_risk(requests)
        if self._max_usd is not None:
            left = self._max_usd - beside - paid
            model.allow(left)
            risk = max(0.0, min(risk, left))
        journal.set_meta(_BESIDE, beside + risk)
        try:
            yield
        finally:
            lost = (model.spent.most - spent) - (self._paid() - paid)
            journal.set_meta(_BESIDE, beside + (lost if lost > _DUST else 0.0))

    def line(self) -> LedgerLine:
        """Return the line of the ledger for the model that was asked."""
        low, high = self.journal.meta(_ESTIMATE) or (None, None)
        price = self._price
        return LedgerLine(
            "answers",
            self.model.info.name,
            source=price.source if price else None,
            rates=price.rates(datetime.now(UTC)) if price else None,
            estimate_low=low,
            estimate_high=high,
            unsure=self._beside(),
            batch=isinstance(self.model, Resumable),
            **self.journal.used(),
        )

    @property
    def _price(self) -> Price | None:
        return self.model.price if isinstance(self.model, Payable) else None

    def _beside(self) -> float:
        return float(self.journal.meta(_BESIDE) or 0.0)

    def _paid(self) -> float:
        return float(self.journal.used()["actual"] or 0.0)
