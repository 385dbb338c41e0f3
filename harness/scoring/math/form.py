"""Whether an answer has the form that a question demands: a product, or a sum."""

from __future__ import annotations

import re

from harness.scoring.math.latex import normal

_FACTOR = re.compile(r"\bfactor(?:ed|ize|ise)?\b(?! of\b)(?!ial)", re.IGNORECASE)
_EXPAND = re.compile(r"\bexpand(?:ed)?\b|\bmultiply out\b", re.IGNORECASE)
_PRODUCT = re.compile(r"\((?:[^()]*[a-z][^()]*)\)")


def other_form(question: str, gold: str, answer: str) -> str:
    """Say why an equal answer is not in the form that was asked for; "" where it is.

    Only a gold answer that has the form itself shows that it was asked for.
    """
    if _FACTOR.search(question) and _is_product(gold) and not _is_product(answer):
        return "the question asks for factors, the answer is a sum"
    if _EXPAND.search(question) and not _is_product(gold) and _is_product(answer):
        return "the question asks for a sum, the answer has factors"
    return ""


def _is_product(text: str) -> bool:
    """Say whether an answer multiplies brackets that hold variables."""
    return _PRODUCT.search(normal(text)) is not None
