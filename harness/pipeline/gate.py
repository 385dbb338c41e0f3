"""Ask a candidate what its baseline was asked, no more of it than the verdict needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import __version__
from harness.errors import InterruptedRunError, NotComparableError
from harness.gating.decidable import check_decidable
from harness.gating.decide import check_systems, decide, judged_tasks
from harness.gating.order import Orders, draw_orders
from harness.gating.outputs import as_json
from harness.gating.pairing import check_same
from harness.gating.policy import Policy
from harness.gating.verdict import Status, TaskVerdict, Verdict
from harness.models.base import Model
from harness.models.open import OpenOptions, open_model
from harness.pipeline.account import Account, check_budget
from harness.pipeline.options import Asking, Progress, RunOptions
from harness.pipeline.plan import Plan, PlannedTask, check_capabilities, chosen
from harness.pipeline.run import execute, go_on_with_batches, now
from harness.pipeline.score import score_sample, scorer
from harness.pipeline.work import ask, outstanding, reuse, say_misfits
from harness.protocol import Protocol
from harness.records import Sample, Score
from harness.store.baseline import ITEM_COLUMNS, Scored, scored_run
from harness.store.files import replace_file
from harness.store.journal import Journal
from harness.store.manifest import MANIFEST, Manifest, TaskRecord
from harness.store.rows import with_responses
from harness.tasks.base import LoadedTask
from harness.tasks.catalog import TaskChoice
from harness.tasks.lm_eval_adapter import load_task

VERDICT_FILE = "gate.json"
_LEAST_STEP = 32
_STEP_SHARE = 10


@dataclass(frozen=True, slots=True)
class Gate:
    """What is promised, and against whom; `trusted` are folders of tasks that may run code."""

    policy: Policy
    baseline: Scored
    trusted: tuple[Path, ...] = ()


def gate_model(
    address: str, gate: Gate, opening: OpenOptions, options: RunOptions, progress: Progress
) -> Verdict:
    """Ask the model at an address what the baseline was asked, and judge it.

    In the mode `sequential` it stops as soon as the verdict stands; the answers so far are kept,
    and the same command, or `harness run`, goes on from there.

    Raises:
        UsageError: the policy could not be decided, the model cannot be used, or its name does
            not say which weights answer.
        NotComparableError: the baseline's items or protocol can no longer be had.
        InterruptedRunError: stopped by the user; the same command continues.
    """
    check_decidable(gate.policy, gate.baseline)  # opening may download gigabytes
    model = open_model(address, opening)
    try:
        for note in model.warnings:
            progress.note(f"note: {note}")
        return judge_model(model, gate, options, progress)
    finally:
        model.close()


def judge_model(model: Model, gate: Gate, options: RunOptions, progress: Progress) -> Verdict:
    """As `gate_model`, for a model that is open already and stays open."""
    check_decidable(gate.policy, gate.baseline)
    check_budget(model, options.max_usd)
    check_systems(gate.policy, gate.baseline.manifest.model, model.info)
    plan = plan_like(gate, model)
    for warning in plan.warnings:
        progress.note(f"note: {warning}")
    return _ask(model, plan, gate, options, progress)


def plan_like(gate: Gate, model: Model) -> Plan:
    """Plan the very items of the baseline's tasks that the policy judges.

    Raises:
        NotComparableError: the dataset has lost some of them, or a task has changed.
        ModelError: the model cannot do what a task needs.
    """
    manifest = gate.baseline.manifest
    names = judged_tasks(gate.policy, gate.baseline)
    choices = [
        _as_then(choice, manifest.tasks[choice.entry.name].protocol)
        for choice in chosen(Asking(tuple(names), gate.trusted))
    ]
    check_capabilities(choices, model.info)
    tasks: list[PlannedTask] = []
    warnings: list[str] = []
    for choice in choices:
        task = load_task(choice)
        tasks.append(_planned(choice, task, gate.baseline))
        warnings += task.warnings
    plan = Plan(tuple(tasks), tuple(warnings), manifest.limit, manifest.seed)
    for name in names:
        check_same(name, gate.baseline, _nothing_yet(model, plan))
    return plan


def _as_then(choice: TaskChoice, protocol: Protocol) -> TaskChoice:
    """A task of lm-eval with what its own definition left open."""
    if not choice.entry.stock:
        return choice
    return replace(choice, shots=protocol.shots, max_tokens=protocol.max_tokens)


def _planned(choice: TaskChoice, task: LoadedTask, baseline: Scored) -> PlannedTask:
    name = choice.entry.name
    wanted = set(_ids(baseline, name))
    samples = tuple(sample for sample in task.samples if sample.sample_id in wanted)
    if len(samples) < len(wanted):
        raise NotComparableError(
            f"{name}: {len(wanted) - len(samples)} of the baseline's {len(wanted)} items are no "
            "longer in the dataset; save a new baseline"
        )
    return PlannedTask(choice, task.protocol(samples), samples, task.chance)


def _ids(baseline: Scored, task: str) -> list[str]:
    items = baseline.items
    return [str(i) for i in items.loc[items["task"] == task, "sample_id"]]


def _ask(model: Model, plan: Plan, gate: Gate, options: RunOptions, progress: Progress) -> Verdict:
    folder = options.results / plan.run_id(model.info)
    if gate.policy.mode == "fixed" or (folder / MANIFEST).is_file():
        run = execute(model, plan, options, progress)
        verdict = decide(gate.policy, gate.baseline, scored_run(run))
    else:
        options.stop.attach(model)
        with Journal(folder) as journal:
            account = Account(journal, model, options.max_usd)
            verdict = _Asking(account, plan, gate).until_decided(options, progress)
        if all(task.n_seen == task.n_items for task in verdict.tasks):
            run = execute(model, plan, options, progress)
            verdict = decide(gate.policy, gate.baseline, scored_run(run))
    text = json.dumps(as_json(verdict), indent=2, ensure_ascii=False, default=str)
    replace_file(folder / VERDICT_FILE, (text + "\n").encode("utf-8", "replace"))
    return verdict


class _Asking:
    """One sequential pass: asks in the order drawn, looks, and asks on where nothing stands."""

    def __init__(self, account: Account, plan: Plan, gate: Gate) -> None:
        self._account, self._plan, self._gate = account, plan, gate
        self._model, self._journal = account.model, account.journal
        self._candidate = _nothing_yet(self._model, plan)
        names = [task.protocol.task for task in plan.tasks]
        self._orders = draw_orders(gate.baseline, self._model.info.identity, names)
        self._scores: dict[tuple[str, str], Score] = {}

    def until_decided(self, options: RunOptions, progress: Progress) -> Verdict:
        self._begin()
        go_on_with_batches(self._journal, self._model, progress)
        self._account.begin(self._plan, options.results)
        if not options.fresh:
            reuse(self._journal, self._model.info, self._plan, options.results, progress)
        progress.start(self._plan.parts, len(self._journal.answered()))
        counts = dict.fromkeys(self._orders.ids, 0)
        open_tasks = list(counts)
        while True:
            asked, counts = counts, _more(counts, open_tasks)
            # Each item once: what fails again and again is left to the next command.
            self._answer(_only(self._plan, self._orders.between(asked, counts)), options, progress)
            verdict = self._verdict(counts)
            progress.note(_how_it_stands(verdict))
            open_tasks = [task.task for task in verdict.tasks if _is_open(task)]
            if verdict.status is Status.FAILED or not open_tasks:
                return verdict

    def _begin(self) -> None:
        """Write down what will be asked, and in which order, before anything is."""
        if self._journal.meta("started_at") is None:
            self._journal.add_samples(self._plan.samples)
            self._journal.set_meta("started_at", now())
        self._journal.set_meta("gate_order", self._orders.seed)

    def _answer(self, plan: Plan, options: RunOptions, progress: Progress) -> None:
        for turn in range(plan.turns):
            work = outstanding(self._journal, plan, turn)
            if not options.stop.requested:
                say_misfits(self._model, work, progress)
                with self._account.asking([waiting.request for waiting in work.values()]):
                    ask(self._journal, self._model, work, progress)
            if options.stop.requested and work:
                raise InterruptedRunError(
                    "stopped; every answer so far is stored, the same command continues from here"
                )

    def _verdict(self, counts: Mapping[str, int]) -> Verdict:
        orders = self._orders.first(counts)
        return decide(self._gate.policy, self._gate.baseline, self._scored(orders), orders)

    def _scored(self, orders: Orders) -> Scored:
        import pandas as pd

        tasks = _only(self._plan, orders).tasks
        judges = {task.protocol.task: scorer(task.protocol.scorer, task.choice) for task in tasks}
        samples = [sample for task in tasks for sample in task.samples]
        rows = []
        for sample, found in with_responses(samples, self._journal.mappings("responses")):
            key = sample.task, sample.sample_id
            score = self._scores.get(key) or score_sample(judges[sample.task], sample, found)
            if score.scorer:  # an error may have an answer the next time
                self._scores[key] = score
            seconds = _sum(response.total_seconds for response in found)
            cost = _sum(response.cost_usd for response in found)
            rows.append((*key, sample.subject, score.outcome.value, score.value, seconds, cost))
        items = pd.DataFrame(rows, columns=list(ITEM_COLUMNS))
        return replace(self._candidate, items=items)


def _sum(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    return sum(part for part in known if part) if known and None not in known else None


def _is_open(task: TaskVerdict) -> bool:
    """Whether there is no verdict yet, and more to ask."""
    return task.status is not Status.PASSED and task.n_seen < task.n_items


def _more(counts: Mapping[str, int], tasks: Sequence[str]) -> dict[str, int]:
    """Ask a tenth more of each task: a look costs little, but is not free."""
    return {
        task: count + max(_LEAST_STEP, count // _STEP_SHARE) if task in tasks else count
        for task, count in counts.items()
    }


def _only(plan: Plan, orders: Orders) -> Plan:
    tasks = []
    for task in plan.tasks:
        by_id: dict[str, Sample] = {sample.sample_id: sample for sample in task.samples}
        samples = tuple(by_id[i] for i in orders.ids[task.protocol.task])
        tasks.append(replace(task, samples=samples))
    return replace(plan, tasks=tuple(tasks))


def _nothing_yet(model: Model, plan: Plan) -> Scored:
    """The candidate before its first answer: whom and what, no items."""
    import pandas as pd

    manifest = Manifest(
        run_id=plan.run_id(model.info),
        harness_version=__version__,
        status="incomplete",
        model=model.info,
        tasks={
            t.protocol.task: TaskRecord(t.protocol, len(t.samples), 0, t.chance) for t in plan.tasks
        },
        files={},
        started_at="",
        finished_at="",
        command=(),
        limit=plan.limit,
        seed=plan.seed,
    )
    return Scored(Path(manifest.run_id), manifest, pd.DataFrame(columns=list(ITEM_COLUMNS)))


def _how_it_stands(verdict: Verdict) -> str:
    parts = []
    for task in verdict.tasks:
        evidence = task.accuracy.evidence
        value = evidence.estimate.value
        shown = "-" if value is None else f"{100 * value:+.1f}"
        parts.append(f"{task.task} {task.n_seen} of {task.n_items} asked, {shown} points")
    return f"{verdict.status.value} so far: " + "; ".join(parts)
