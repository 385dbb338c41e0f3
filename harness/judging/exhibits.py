"""From answered runs to what a judge is asked about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from harness.errors import UsageError
from harness.judging.dialogue import Dialogue, prompt_fields
from harness.judging.prompts import NEED_REFERENCE, JudgePrompts
from harness.records import Decoding, Message, Request, RequestKind, Sample
from harness.scoring.verdict import Mode
from harness.store.judgements import Exhibit


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who answered: the run, the model's name, and the dialogues by sample id."""

    run_id: str
    model: str
    dialogues: Mapping[str, Dialogue]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a judge is asked: its prompts and the length of its replies. Always greedily."""

    prompts: JudgePrompts
    max_tokens: int

    @property
    def decoding(self) -> Decoding:
        """Temperature 0, as MT-bench's judge."""
        return Decoding(self.max_tokens, stop=(), temperature=0.0, top_p=1.0, seed=0)

    def sample(self, exhibit: Exhibit, shown: Sequence[Dialogue]) -> Sample:
        """Return the sample that asks a judge about one or two dialogues.

        Raises:
            UsageError: MT-bench's own prompts need a right answer that there is not.
        """
        return exhibit.sample(
            Request(
                RequestKind.GENERATE,
                self.messages(shown, exhibit.turn),
                self.decoding,
                repeat=exhibit.repeat,
            )
        )

    def messages(self, shown: Sequence[Dialogue], turn: int) -> tuple[Message, ...]:
        """Return the prompt about one dialogue (a rating) or two (a comparison)."""
        mode: Mode = "single" if len(shown) == 1 else "pairwise"
        wanted = shown[0].category in NEED_REFERENCE
        reference = wanted and bool(shown[0].reference(turn))
        if wanted and not reference and self.prompts.original:
            raise UsageError(
                f"MT-bench's prompts show a right answer in {shown[0].category}, but question "
                f"{shown[0].number} has none: name the file of the original's reference answers "
                "with --references"
            )
        template = self.prompts.template(mode, turn, reference=reference)
        return template.messages(prompt_fields(shown, turn, reference=reference))


def rate(task: str, contestant: Contestant, asked: Asked) -> Iterator[Sample]:
    """Ask for a rating of every answered turn, question after question."""
    for dialogue in contestant.dialogues.values():
        for turn in range(1, len(dialogue.replies) + 1):
            exhibit = _exhibit(task, [contestant], [dialogue], turn)
            yield asked.sample(exhibit, [dialogue])


def compare(task: str, contestants: Sequence[Contestant], asked: Asked) -> Iterator[Sample]:
    """Ask for a comparison of every two contestants on every turn both answered, in both orders."""
    for pair in combinations(contestants, 2):
        for sample_id in pair[0].dialogues:
            if sample_id not in pair[1].dialogues:
                continue
            turns = min(len(each.dialogues[sample_id].replies) for each in pair)
            for turn in range(1, turns + 1):
                for sides in permutations(pair):
                    dialogues = [each.dialogues[sample_id] for each in sides]
                    yield asked.sample(_exhibit(task, sides, dialogues, turn), dialogues)


def unanswered(contestants: Sequence[Contestant]) -> int:
    """Count the turns without an answer, which no judge can be asked about."""
    return sum(
        len(dialogue.turns) - len(dialogue.replies)
        for each in contestants
        for dialogue in each.dialogues.values()
    )


def _exhibit(
    task: str, sides: Sequence[Contestant], dialogues: Sequence[Dialogue], turn: int
) -> Exhibit:
    return Exhibit(
        task=task,
        question=dialogues[0].sample_id,
        category=dialogues[0].category,
        turn=turn,
        shown=tuple(each.run_id for each in sides),
        models=tuple(each.model for each in sides),
        lengths=tuple(len(dialogue.replies[turn - 1]) for dialogue in dialogues),
    )
