r"""The answer in a final sentence: "So the area is $12\pi$ square inches" states $12\pi$.

Only a reply that ended by itself is read so, and only its last sentence: what that states after
its verb. A sentence that denies, asks, or says more words than an answer has states nothing.
"""

from __future__ import annotations

import re

from harness.scoring.math.symbols import FUNCTIONS

_LONGEST = 500
_MOST_WORDS = 3
_LONGEST_FORMULA = 300
_FORMULA = re.compile(
    rf"\$\$(?P<a>[^$]{{1,{_LONGEST_FORMULA}}})\$\$|\$(?P<b>[^$\n]{{1,{_LONGEST_FORMULA}}})\$"
    rf"|\\\[(?P<c>.{{1,{_LONGEST_FORMULA}}}?)\\\]|\\\((?P<d>.{{1,{_LONGEST_FORMULA}}}?)\\\)",
    re.DOTALL,
)
_HELD = re.compile("\x00(\\d+)\x00")
_POLITE = re.compile(r"\s*I hope (?:it|this) (?:is correct|helps)[^\n]{0,40}$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<![ap]\.m)[.!](?=\s)|\n(?!\s*\x00)")
_DENIED = re.compile(
    r"\b(?:not|cannot|unknown|unless|if|whether|unclear)\b|n't\b|\?|\\f?boxed", re.IGNORECASE
)
_STATES = re.compile(
    r"\b(?:is|are|was|were|be|equals?|equal to|gives?|get|yields?|obtain|have|becomes?|find)\b"
    r"(?: (?:approximately|about|just|simply|exactly|therefore|thus|then|equal to|given by))?:?"
    r"|:(?=\s*\x00)",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^\s*(?:(?:and|so|thus|therefore|hence|then|finally|in total|overall)\b[, ]*)+", re.IGNORECASE
)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_ANSWER = re.compile(r"\b(?:answer|solution|result)\b", re.IGNORECASE)
_EXACT = re.compile(r"[\d\x00\\^=<>±√π∞]|(?<![A-Za-z])[a-z](?![A-Za-z])")
_MATHEMATICS = (*FUNCTIONS, "sqrt", "infinity", "inf", "infty", "theta", "pi")
# An explanation after an answer; brackets that hold mathematics are part of the answer.
_GLOSS = re.compile(
    r"[,;]? +(?:because|since|as|where|so that|when)\b[^$]*$"
    rf"|[,;]? \((?=[^()]*(?<![\\A-Za-z])(?!(?:{'|'.join(_MATHEMATICS)})\b)[a-z]{{3}})[^()]*\)\.?$",
    re.IGNORECASE,
)


def without_gloss(said: str) -> str:
    """Return an answer without the words that explain it: "5, because 2 + 3 is 5" is "5"."""
    return _GLOSS.sub("", said[:_LONGEST]).strip() or said if len(said) <= _LONGEST else said


def concluded(text: str) -> str | None:
    """Return the answer that the last sentence of a reply states, None where it states none."""
    formulas: list[str] = []
    tail = _POLITE.sub("", text[-4 * _LONGEST :])
    held = _FORMULA.sub(lambda found: _hold(found, formulas), tail).strip()
    sentence = _last_sentence(held)
    if len(sentence) > _LONGEST or _DENIED.search(sentence):
        return None
    verbs = list(_STATES.finditer(sentence))
    said = _edges(_OPENING.sub("", sentence[verbs[-1].end() if verbs else 0 :]))
    words = len(_WORD.findall(_HELD.sub(" ", said)))
    is_exact = _EXACT.search(said) is not None
    if not said or words > _MOST_WORDS or not (is_exact or _ANSWER.search(sentence)):
        only = _HELD.findall(said)
        return formulas[int(only[0])] if len(only) == 1 else None
    return without_gloss(_HELD.sub(lambda found: formulas[int(found[1])], said))


def _edges(said: str) -> str:
    """Drop the marks around an answer, but neither the point of ".5" nor that of "0.333..."."""
    said = said.strip(" :,")
    if said.endswith("..."):
        return said.removesuffix(".") if said.endswith("....") else said
    return said.rstrip(" .:,")


def _hold(found: re.Match[str], formulas: list[str]) -> str:
    formulas.append(next(filter(None, found.groups())).strip())
    return f"\x00{len(formulas) - 1}\x00"


def _last_sentence(text: str) -> str:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[ends[-1] if ends else 0 :].strip()
