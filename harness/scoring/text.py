"""Plain text out of a model's reply: what every scorer does before it starts to read.

Every step is linear in the length of the reply: a model's text is hostile input.
"""

from __future__ import annotations

import re
import unicodedata

# The one thing markup is turned into rather than dropped: \boxed{...} and <answer>...</answer>
# say "this is my answer", so their content stays marked. NFKC leaves these two characters alone.
BOX_OPEN = "⟦"
BOX_CLOSE = "⟧"

_WHITE_ON_BLACK = (0x1F150, 0x1F170)  # where these letters start; NFKC does not know them
_VARIATION_SELECTORS = frozenset(chr(0xFE00 + n) for n in range(16))
_RAISED = frozenset("⁺⁻ⁿ")  # with "²", which is of category No: "10⁻³" is not "10-3"
_SPECIAL: dict[int, str] = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-")
    | dict.fromkeys("\u2014\u2015", " - ")
    | dict.fromkeys("\v\f\x85\u2028\u2029", "\n")
    | {start + n: chr(ord("A") + n) for start in _WHITE_ON_BLACK for n in range(26)}
    | {"\t": " ", BOX_OPEN: "[", BOX_CLOSE: "]"}  # in a reply these are no marks of ours
)
_LONGEST_EXPANSION = 4  # U+FDFA alone becomes 18 characters: a reply must not grow under us

_THINKING = re.compile(
    r"[<\[](/?)(?:think|thinking|thoughts?|reasoning|reflection|scratchpad)[>\]]", re.IGNORECASE
)
# Chat templates' own marks, seen where a server does not stop at them.
_TURN = re.compile(
    r"<\|[a-z_]{2,24}\|>|</?s>|<(?:end|start)_of_turn>|<eos>|\[/?INST\]", re.IGNORECASE
)
_ROLE = re.compile(r"\s*(?:assistant|model|bot|ai|chatbot)\s*(?:[:\n]|\Z)", re.IGNORECASE)

# Braces hold no further braces (or one level): the classes exclude each other, nothing backtracks.
_LATEX_FONT = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:bf|rm|it|sf|tt)?|mbox|operatorname|boldsymbol)"
    r"\s*\{([^{}]*)\}"
)
_BOXED = re.compile(r"\\(?:f?boxed|fbox)\s*\{((?:[^{}]|\{[^{}]*\})*+)\}")
_LATEX_MARKS = re.compile(r"\\[()\[\],;!]|\\(?:quad|qquad|displaystyle)(?![A-Za-z])|\$")
_ANSWER_OPEN = re.compile(r"<(?:final_?)?answer>", re.IGNORECASE)
_ANSWER_CLOSE = re.compile(r"</(?:final_?)?answer>", re.IGNORECASE)
_HTML = re.compile(
    r"</?(?:b|strong|i|em|u|p|span|div|code|mark|h[1-6]|br)\s?/?>"
)  # "<B>" is an answer
# Emphasis stands at the edge of a word; "2*3" and "snake_case" keep their marks. A run of marks
# is taken whole or not at all (possessive, never entered midway), else long runs cost n².
_EMPHASIS = re.compile(
    r"(?<![\w*])\*++|(?<!\*)\*++(?!\w)|(?<![A-Za-z0-9_])_++|(?<!_)_++(?![A-Za-z0-9])"
    r"|`+|~~+|\"|\\(?=[*_#])"
)
_LINE_MARKS = re.compile(r"(?m)^[ ]*(?:#{1,6}(?=[ \n])|>+(?=[ ]))[ ]*")
_TRAILING_HASHES = re.compile(r"(?m)(?<![#\w])#{1,6}$")
_DRESS = frozenset('<>\\$*_`~"#')  # each of the patterns above needs one of these


def _fold_char(char: str) -> str:
    code = ord(char)
    if " " <= char <= "~" or char == "\n":
        return char
    if code in _SPECIAL:
        return _SPECIAL[code]
    category = unicodedata.category(char)
    if category in {"No", "Mn"} and char not in _VARIATION_SELECTORS:  # "x²" is not "x2"
        return char
    if char in _RAISED:
        return char
    if category == "Zs":
        return " "
    folded = "" if category in {"Cc", "Cf", "Mn"} else unicodedata.normalize("NFKC", char)
    return folded if len(folded) <= _LONGEST_EXPANSION else char


def fold(text: str) -> str:
    """Return `text` in plain letters: NFKC, straight quotes, plain dashes, nothing invisible.

    Character by character, because whole-text NFKC reorders combining marks in quadratic time.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.translate({ord(char): _fold_char(char) for char in set(text)})


def strip_thinking(text: str) -> str:
    """Return `text` without its thinking blocks.

    An unclosed block reaches to the end. A closing tag alone ends a block that the prompt opened.
    """
    kept: list[str] = []
    position = 0
    thinking = False
    for tag in _THINKING.finditer(text):
        if not tag[1] and not thinking:
            kept.append(text[position : tag.start()])
        elif tag[1] and not thinking:
            kept.clear()
        thinking = not tag[1]
        position = tag.end()
    if not thinking:
        kept.append(text[position:])
    return "".join(kept)


def first_turn(text: str) -> str:
    """Return what the assistant said before any invented next turn, without its role label."""
    for part in _TURN.split(text):
        said = _ROLE.sub("", part, count=1) if _ROLE.match(part) else part
        if said.strip():
            return said.strip()
    return ""


def unwrap(text: str) -> str:
    """Return `text` without Markdown, HTML and LaTeX dress; boxed answers stay marked."""
    if _DRESS.isdisjoint(text):
        return text.strip()
    text = _ANSWER_CLOSE.sub(BOX_CLOSE, _ANSWER_OPEN.sub(BOX_OPEN, text))
    text = _HTML.sub("", text)
    text = _LATEX_FONT.sub(r"\1", _LATEX_FONT.sub(r"\1", text))
    text = _BOXED.sub(rf"{BOX_OPEN}\1{BOX_CLOSE}", text)
    text = _LATEX_MARKS.sub("", text)
    text = _EMPHASIS.sub("", text)
    return _TRAILING_HASHES.sub("", _LINE_MARKS.sub("", text)).strip()


def spoken(reply: str, longest: int) -> str:
    """Return what the reply says, markup and all: folded, without thinking and further turns.

    Of more than `longest` characters the middle is left out.
    """
    said = strip_thinking(fold(reply))
    if len(said) > longest:
        said = said[: longest // 2] + "\n" + said[-longest // 2 :]
    return first_turn(said)


def plain(reply: str, longest: int) -> str:
    """Return what the reply says to its reader: as `spoken`, without markup."""
    return tidy(unwrap(spoken(reply, longest)))


def tidy(text: str) -> str:
    """Shorten runs of white space, which would make a reader's patterns quadratic."""
    if "\n" not in text and "  " not in text:
        return text.strip()
    lines = re.sub(" ?\n ?", "\n", re.sub(" {2,}", " ", text))
    return re.sub("\n{3,}", "\n\n", lines).strip()


def key(text: str) -> str:
    """Return the form in which two texts count as the same: case, space and edges do not matter.

    Only marks that end a sentence are edges: "-4" is not "4", "(1, 2)" is not "[1, 2]".
    """
    bare = unwrap(fold(text)).strip(f"{BOX_OPEN}{BOX_CLOSE} \n")
    return " ".join(bare.casefold().split()).strip(" .,;:!?'。")
