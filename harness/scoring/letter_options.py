"""The options of one question: which letter an option's text stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.scoring import letter_patterns as patterns
from harness.scoring.text import fold, key, tidy, unwrap

_SHORTEST_CUT = 3  # characters by which a text cut short is still told
LETTERS = "ABCDEFGHIJ"
SEPARATORS = " .,;:-=>→•*"  # between a letter and its text, or what is said before a letter


@dataclass(frozen=True, slots=True)
class Options:
    """The option texts of one question; `by_key` holds None where two options read the same."""

    texts: tuple[str, ...]
    by_key: dict[str, str | None]

    @classmethod
    def of(cls, choices: Sequence[str]) -> Options:
        """Prepare the option texts for comparison."""
        by_key: dict[str, str | None] = {}
        for letter, choice in zip(LETTERS, choices, strict=False):
            same = key(choice)
            by_key[same] = None if same in by_key else letter
        for letter in (
            "",
            *LETTERS.casefold(),
        ):  # where options are "c", "a", "b", a reply "a" is the label
            by_key.pop(letter, None)
        return cls(tuple(tidy(unwrap(fold(choice))) for choice in choices), by_key)

    def text_of(self, letter: str) -> str:
        """The text of option `letter`, empty beyond the last option."""
        index = LETTERS.find(letter)
        return self.texts[index] if 0 <= index < len(self.texts) else ""

    def has(self, letter: str) -> bool:
        """Whether `letter` labels an option."""
        return letter in LETTERS[: len(self.texts)]

    def mention(self, fragment: str) -> bool:
        """Whether any option text contains `fragment`, a name like "E. coli" say."""
        return any(fragment.casefold() in text.casefold() for text in self.texts)

    def named_at_start(self, said: str) -> tuple[str | None, int] | None:
        """Return the option whose whole text starts `said` (casefolded), and the text's length."""
        likely = [same for same in self.by_key if said.startswith(same.split(" ")[0])]
        if not likely:
            return None
        spaced = " ".join(said.split())
        for same in sorted(likely, key=len, reverse=True):
            if spaced.startswith(same) and patterns.TEXT_ENDS.match(spaced, len(same)):
                return self.by_key[same], len(same)
        return None


def own_text_end(rest: str, option: str) -> int:
    """Return where the option's own text ends in `rest`, 0 where it does not stand there.

    A text that the reply's end (or our window) cuts off still stands there.
    """
    said = rest.lstrip(SEPARATORS + "()")
    skipped = len(rest) - len(said)
    line = said.split("\n", 1)[0].rstrip(" .").casefold()
    option = option.lstrip(SEPARATORS + "()").rstrip(" .")
    if not option or not line or (skipped == 0 and rest[:1].isalnum()):
        return 0
    if line.startswith(option.casefold()) and not line[len(option) : len(option) + 1].isalnum():
        return skipped + len(option)
    cut = len(line) >= _SHORTEST_CUT and option.casefold().startswith(line)
    return len(rest) if cut else 0
