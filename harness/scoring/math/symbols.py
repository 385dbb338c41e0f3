"""What Unicode mathematics and synonymous LaTeX commands are written as."""

from __future__ import annotations

FUNCTIONS = (
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "sin", "cos", "tan", "csc", "cot"),
    *("log", "ln", "exp", "gcd", "lcm", "det"),
)
"""Functions that plain text writes without a backslash; "sec" and "min" are units as often."""

SHORT_UNITS = {
    "m": "meter",
    "g": "gram",
    "s": "second",
    "h": "hour",
    "L": "liter",
    "l": "liter",
    "C": "celsius",
    "F": "fahrenheit",
}
"""Units of one letter, which would read as variables outside of words."""

_GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho"
_LATER_GREEK = "sigma tau upsilon phi chi psi omega"  # between them stands the final sigma
_HALVES = {
    "½": "12", "⅓": "13", "⅔": "23", "¼": "14", "¾": "34", "⅕": "15", "⅖": "25", "⅗": "35",
    "⅘": "45", "⅙": "16", "⅚": "56", "⅐": "17", "⅛": "18", "⅜": "38", "⅝": "58", "⅞": "78",
    "⅑": "19",
}  # fmt: skip
SYMBOLS: dict[int, str] = str.maketrans(
    {chr(0x3B1 + n): f"\\{name} " for n, name in enumerate(_GREEK.split())}
    | {chr(0x3C3 + n): f"\\{name} " for n, name in enumerate(_LATER_GREEK.split())}
    | {sign: f"\\frac{{{parts[0]}}}{{{parts[1]}}}" for sign, parts in _HALVES.items()}
    | {
        **dict.fromkeys("×·⋅∙∗", r"\cdot "),
        "÷": "/",
        "∕": "/",
        "⁄": "/",
        "±": r"\pm ",
        "∓": r"\mp ",
        "≤": r"\le ",
        "⩽": r"\le ",
        "≥": r"\ge ",
        "⩾": r"\ge ",
        "≠": r"\ne ",
        "≈": r"\approx ",
        "∞": r"\infty ",
        "∪": r"\cup ",
        "∩": r"\cap ",
        "∈": r"\in ",
        "∅": r"\emptyset ",
        "⌀": r"\emptyset ",
        "°": r"^\circ ",
        "⟨": r"\langle ",
        "⟩": r"\rangle ",
        "ℝ": r"\mathbb{R}",
        "ℤ": r"\mathbb{Z}",
        "…": "...",
        "⋯": "...",
    }
)

COMMANDS = {
    **dict.fromkeys(("dfrac", "tfrac", "cfrac"), r"\frac"),
    **dict.fromkeys(("dbinom", "tbinom", "choose"), r"\binom"),
    **dict.fromkeys(("times", "ast", "bullet"), r"\cdot "),
    **dict.fromkeys(("leq", "leqslant", "leqq"), r"\le "),
    **dict.fromkeys(("geq", "geqslant", "geqq"), r"\ge "),
    **dict.fromkeys(("degree", "degrees", "textdegree"), r"^\circ "),
    **dict.fromkeys(("varnothing", "empty"), r"\emptyset "),
    **dict.fromkeys(("lvert", "rvert", "vert", "mid"), "|"),
    **dict.fromkeys(("dots", "ldots", "cdots", "dotsc"), "..."),
    **dict.fromkeys(("bigcup", "lor", "vee"), r"\cup "),
    "bar": r"\overline",
    "neq": r"\ne ",
    "lt": "<",
    "gt": ">",
    "lbrace": r"\{",
    "rbrace": r"\}",
    "lbrack": "[",
    "rbrack": "]",
    "div": "/",
    "colon": ":",
    "dollar": "¤",
    "textdollar": "¤",
    "euro": "€",
    "pounds": "£",
    "tg": r"\tan ",
    "simeq": r"\approx ",
    "varepsilon": r"\epsilon ",
    "varphi": r"\phi ",
    "imath": "i",
}
"""LaTeX commands by name, and what they are written as; all others stay as they are."""
