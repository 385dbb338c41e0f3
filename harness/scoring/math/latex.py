r"""One way of writing an answer: LaTeX, plain text and Unicode mathematics become the same LaTeX.

Only the writing changes, never the meaning: `\dfrac12`, `1/2` and `½` stay three things until
somebody reads them, but `\dfrac12` and `\frac{1}{2}` become one text. Nothing is evaluated, and
every step is linear but for the nesting of arguments, whose depth is bounded.
"""

from __future__ import annotations

import re

from harness.scoring.math.symbols import COMMANDS, FUNCTIONS, SHORT_UNITS, SYMBOLS
from harness.scoring.text import fold

LONGEST = 4000
"""Characters of an answer that are read; a longer one equals nothing but itself."""
DEEPEST = 60
"""Levels of braces and brackets that are read."""

MONEY = "¤"
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_ROW_SPACE = re.compile(r"\\\\\[[^\]\n]{0,20}\]")
_DELIMITERS = re.compile(r"(?<!\\)\\[()\[\]]")
_PRICE = re.compile(r"^\s*[-+]?\s*\$\s*[-+]?[\d.]")
_GROUP_MARK = re.compile(r"(?<=\d)(?:\s*\{,\}\s*|,\s*\\!\s*|\\[,;: ]|\\!)\s*(?=\d{3}(?!\d))")
_SPACED_GROUPS = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d,])")
_SIZES = re.compile(
    r"\\(?:left|right|middle|[bB]igg?[lrm]?|displaystyle|textstyle|limits|rm|bf|it)(?![A-Za-z])\.?"
)
_SPACES = re.compile(
    r"(?<!\\)\\(?:[,;:> \n]|(?:quad|qquad|thinspace)(?![A-Za-z]))|~|\\hspace\{[^{}]*\}"
)
_WORDS = re.compile(
    r"(?P<number>[\d})\]]?)\s*\\(?:text(?:bf|it|rm|sf|tt|normal)?|mbox|hbox|math(?:rm|bf|it|sf)"
    r"|operatorname\*?|boldsymbol|bm)\s*\{(?P<word>[^{}]*)\}"
)
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_DEGREES = re.compile(r"(?:\{\})?\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))")
_MATRIX = re.compile(r"\\(begin|end)\{[bp]?(?:small)?matrix\}(?:\[[^\]]*\])?")
_ARRAY = re.compile(
    r"[(\[]\s*\\begin\{(?:array\}\{[^{}]*|matrix)\}(.*?)\\end\{(?:array|matrix)\}\s*[)\]]",
    re.DOTALL,
)
_PLAIN_ROOT = re.compile(
    r"(?:(?<![\\A-Za-z])sqrt(?![A-Za-z])|√|(?P<cube>∛)) *(?P<number>\d+(?:\.\d+)?)?"
)
_PLAIN_NAME = re.compile(rf"(?<![\\A-Za-z])(?:{'|'.join(FUNCTIONS)}|pi|infinity|theta)(?![A-Za-z])")
_RELATIONS = {"<=": r"\le ", ">=": r"\ge ", "!=": r"\ne ", "==": "=", "**": "^", "*": r"\cdot "}
_RELATION = re.compile("|".join(map(re.escape, _RELATIONS)))
_MAGNITUDES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_MAGNITUDE = re.compile(rf"(?<=\d) ({'|'.join(_MAGNITUDES)})(?![A-Za-z])")
_RUN = re.compile(r"-?\d+")
_BLANKS = re.compile(" *")
_DEGREE = re.compile(r" *\[([^\[\]{}]*)\]")
_ARGUMENTS = {"frac": 2, "binom": 2, "sqrt": 1, "overline": 1, "dot": 1, "^": 1, "_": 1}
_NESTED = re.compile(r"[({\[]|[)}\]]")


def too_deep(text: str) -> bool:
    """Say whether an answer is longer or nested deeper than anything that is read."""
    depth = deepest = 0
    for bracket in _NESTED.finditer(text[: LONGEST + 1]):
        depth += 1 if bracket[0] in "({[" else -1
        deepest = max(deepest, depth)
    return len(text) > LONGEST or deepest > DEEPEST


def normal(text: str) -> str:
    """Return an answer in the one way of writing; one that is `too_deep` raises ValueError."""
    text = _symbols(text)
    if too_deep(text):
        raise ValueError(f"an answer of {len(text)} characters is beyond what is read")
    text = _spacing(_delimiters(text))
    for _ in range(3):  # \text{\bf{cm}}
        text = _WORDS.sub(_word, text)
    text = _COMMAND.sub(lambda found: COMMANDS.get(found[1], found[0]), text)
    text = _MATRIX.sub(r"\\\1{pmatrix}", _ARRAY.sub(r"\\begin{pmatrix}\1\\end{pmatrix}", text))
    text = _RELATION.sub(lambda found: _RELATIONS[found[0]], text)
    text = _PLAIN_ROOT.sub(_root, text)
    text = _PLAIN_NAME.sub(r"\\\g<0> ", text).replace(r"\infinity", r"\infty")
    text = _DEGREES.sub(r"^\\circ ", text.replace(r"\%", "%"))
    text = _MAGNITUDE.sub(lambda found: rf"\cdot 10^{{{_MAGNITUDES[found[1]]}}}", text)
    return _edges(_balanced(arguments(text)))


def key(text: str) -> str:
    """Return the form in which two normal texts are the same text.

    Spaces do not matter, but between digits; case does not in words.
    """
    bare = re.sub(r"(?<!\d) +| +(?!\d)", "", text)
    choice = re.fullmatch(r"\(([A-Za-z])\)", bare)
    if re.fullmatch(r"[A-Za-z][A-Za-z.' -]{2,}", text):
        return bare.casefold().replace(".", "")
    return choice[1] if choice else bare


def _symbols(text: str) -> str:
    """Write Unicode mathematics as LaTeX."""
    text = re.sub(r"[⁰¹²³⁴-⁹⁺⁻ⁿ]+", lambda m: f"^{{{m[0].translate(_RAISED)}}}", text)
    text = re.sub(r"[₀-₉]+", lambda m: f"_{{{m[0].translate(_LOWERED)}}}", text)
    if not text.isascii():
        text = text.translate(SYMBOLS)
    return fold(text)


def _delimiters(text: str) -> str:
    text = text.replace(r"\$", MONEY)
    if text.count("$") % 2 and _PRICE.match(text):
        text = text.replace("$", MONEY, 1)
    return _DELIMITERS.sub("", _ROW_SPACE.sub(r"\\\\", text.replace("$", "")))


def _spacing(text: str) -> str:
    text = _GROUP_MARK.sub("", text)
    text = _SPACED_GROUPS.sub(lambda found: found[0].replace(" ", ""), text)
    return _SPACES.sub(" ", _SIZES.sub("", text.replace(r"\!", "")))


def _word(found: re.Match[str]) -> str:
    r"""Take the words out of \text{...}; a single letter after a number is a unit there."""
    word = found["word"].strip()
    if found["number"] and word.rstrip(".") in SHORT_UNITS:
        word = SHORT_UNITS[word.rstrip(".")]
    return f"{found['number']} {word} "


def _root(found: re.Match[str]) -> str:
    """Write a root as LaTeX; that of plain text reaches over a whole number."""
    root = r"\sqrt[3]" if found["cube"] else r"\sqrt"
    return f"{root}{{{found['number']}}}" if found["number"] else f"{root} "


def arguments(text: str) -> str:
    r"""Put braces around every argument: `\frac12` is `\frac{1}{2}`, `x^10` is `x^{10}`."""
    done: list[str] = []
    position = 0
    while position < len(text):
        command = _COMMAND.match(text, position)
        name = command[1] if command else text[position]
        end = command.end() if command else position + (2 if name == "\\" else 1)
        done.append(text[position:end])
        if name == "sqrt" and (degree := _DEGREE.match(text, end)):
            done.append(f"[{degree[1]}]")
            end = degree.end()
        for _ in range(_ARGUMENTS.get(name, 0)):
            argument, end = _argument(text, end, name)
            done.append(f"{{{arguments(argument)}}}")
        position = end
    return "".join(done)


def _argument(text: str, start: int, name: str) -> tuple[str, int]:
    """Return the argument of a command that starts here, without braces, and where it ends.

    As plain text means it, a script is a whole number, or all that stands in parentheses.
    """
    start = _BLANKS.match(text, start).end()  # type: ignore[union-attr]  # it matches nothing, too
    following = text[start : start + 1]
    if following == "{" or (following == "(" and name in ("^", "_", "sqrt")):
        end = _closing(text, start)
        return text[start + 1 : end], end + 1
    if name == "^" or (name == "_" and re.search(r"[\d)] *_ *$", text[max(0, start - 9) : start])):
        if run := _RUN.match(text, start):
            return run[0], run.end()
        if following == "-":
            argument, end = _argument(text, start + 1, "")
            return f"-{argument}", end
    command = _COMMAND.match(text, start)
    end = command.end() if command else start + len(following)
    return text[start:end], end


def _closing(text: str, start: int) -> int:
    """Return where the bracket at `start` closes; the end of the text where it does not."""
    opener = text[start]
    closer = {"{": "}", "(": ")"}[opener]
    depth = 0
    for position in range(start, len(text)):
        if text[position] in (opener, closer) and text[position - 1 : position] != "\\":
            depth += 1 if text[position] == opener else -1
            if depth == 0:
                return position
    return len(text)


def _balanced(text: str) -> str:
    """Drop braces that close or open nothing: an answer line may stand inside a command."""
    open_, extra = [], set()
    for position, char in enumerate(text):
        if char in "{}" and text[position - 1 : position] != "\\":
            if char == "{":
                open_.append(position)
            elif open_:
                open_.pop()
            else:
                extra.add(position)
    extra.update(open_)
    return "".join(char for position, char in enumerate(text) if position not in extra)


def _edges(text: str) -> str:
    text = " ".join(re.sub(r"\\boxed(?=\{)", "", text).split())
    previous = ""
    while text != previous:
        previous = text
        text = text.strip(" ,;:'\"`=").removeprefix(r"\approx")
        if text.endswith(".") and (not text.endswith("...") or text.endswith("....")):
            text = text[:-1]
        if text.startswith("{") and _closing(text, 0) == len(text) - 1:
            text = text[1:-1]
    return text
