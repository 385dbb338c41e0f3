r"""The process that compares two formulas: parses LaTeX, evaluates, asks math-verify.

One JSON line of limits arrives on stdin, then one line for each pair; one JSON line about each
leaves on stdout. Whatever goes wrong stays in here: the memory is limited, and the kernel ends
the process when a pair has used up its processor time; a fork of its own works on the pairs, so
that this costs no second import of SymPy. The end of stdin is the end.

Only latex2sympy reads the texts, a grammar that knows mathematics and nothing else; neither
SymPy's `parse_expr` nor math-verify's own `parse`, which both evaluate Python, is ever called.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
from typing import Any

_DIGITS = 40
_SPARE = 70  # digits of the points, so that what cancels leaves enough of them
_NOTHING = 1e-50  # what is left of an exact zero at such a point
_CLOSE_TO = 1e-25  # relative; far below what two unlike answers could differ by
_TAME = 1e12  # beyond it a difference of one would not show in the digits above
_POINTS = 3
_TOO_LARGE = 3  # exit status


def main() -> None:
    """Answer pairs until stdin ends; where one ends the process that works on it, start another."""
    limits = json.loads(sys.stdin.readline())
    _limit_memory(limits["bytes"])
    logging.disable(logging.CRITICAL)
    import latex2sympy2_extended.latex2sympy2  # noqa: F401  # what is slow, before the first pair
    import math_verify  # noqa: F401

    _say(ready=True)
    if not hasattr(os, "fork"):
        _serve(limits["seconds"])
        return
    while failure := _forked(limits["seconds"]):
        _say(**failure)


def _forked(seconds: float) -> dict[str, object]:
    """Answer pairs in a fork, which imports nothing again; say what ended it, nothing if stdin did.

    `late` are those whose time was up; any other end may have come unasked.
    """
    child = os.fork()
    if child == 0:
        try:
            _serve(seconds)
        except (MemoryError, RecursionError):
            os._exit(_TOO_LARGE)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        too_large = os.WEXITSTATUS(status) != 0
        return {"why": "scorer limit: too much memory or depth"} if too_large else {}
    if os.WTERMSIG(status) == signal.SIGPROF:
        return {"why": f"scorer timeout: over {seconds:g} s of computing", "late": True}
    return {"why": f"scorer crashed: signal {os.WTERMSIG(status)}", "crashed": True}


def _serve(seconds: float) -> None:
    for line in sys.stdin:
        pair = json.loads(line)
        _limit_time(seconds)
        try:
            equal, why = compare(pair["gold"], pair["answer"], equation=pair["equation"])
        except (MemoryError, RecursionError):
            raise
        except Exception as error:  # noqa: BLE001  # whatever SymPy could not do with a hostile pair
            equal, why = False, f"not comparable: {type(error).__name__}"
        _limit_time(0)
        _say(equal=equal, why=why)


def _say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _limit_memory(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _limit_time(seconds: float) -> None:
    """Let the kernel end this process after so much processor time; 0 takes that back."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def compare(gold: str, answer: str, *, equation: bool) -> tuple[bool, str]:
    """Say whether two formulas are equal, and how that was found out.

    Of two equations, given as the differences of their sides, one has to be a multiple of the
    other.
    """
    is_real = not ("I" in gold or "I" in answer)
    sides = []
    for name, text in (("gold", gold), ("answer", answer)):
        try:
            sides.append(_parse(text, is_real=is_real))
        except Exception:  # noqa: BLE001  # the grammar raises a bare Exception
            return False, f"the {name} is no formula: {text[:100]}"
    first, second = sides
    if equation:
        return _proportional(first, second)
    found = _evaluated(first, second)
    if found is False:
        return False, "the values differ"
    from math_verify import verify

    # Of pure numbers math-verify takes a difference below 1e-15 for none: 1/2004! would be 1/2005!.
    if verify(first, second, float_rounding=30, numeric_precision=_DIGITS, timeout_seconds=None):
        return True, "math-verify finds them equal"
    if found:
        return True, f"equal to {_DIGITS} digits at {_POINTS} points"
    return False, "math-verify finds them unequal"


def _parse(text: str, *, is_real: bool) -> Any:
    from latex2sympy2_extended.latex2sympy2 import ConversionConfig, latex2sympy

    return latex2sympy(
        text,
        is_real=is_real,
        convert_degrees=True,
        normalization_config=None,
        conversion_config=ConversionConfig(lowercase_symbols=False),
    )


def _points(*expressions: Any) -> list[dict[Any, Any]]:
    """Return values for all free symbols: at the last point some are negative.

    Floats, because an exact power of two fractions may have millions of digits.
    """
    from sympy import Float

    symbols = sorted(set().union(*(e.free_symbols for e in expressions)), key=str)
    rng = random.Random(20)  # noqa: S311  # the same points each time
    return [
        {
            symbol: Float(rng.randrange(1100, 2900), _SPARE)
            / (-997 if last and n % 2 == 0 else 997)
            for n, symbol in enumerate(symbols)
        }
        for last in (False, False, True)
    ][: _POINTS if symbols else 1]


def _number(expression: Any, point: dict[Any, Any]) -> Any:
    """Return the value at a point as a SymPy number, None where there is none."""
    try:
        value = expression.subs(point).evalf(_DIGITS)
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        return None
    if not value.is_number or not value.is_finite or value.free_symbols:
        return None
    return None if point and abs(value) < _NOTHING else value


def _evaluated(first: Any, second: Any) -> bool | None:
    """Compare by values: False where they differ, True where all agree, None where that is open."""
    from sympy import Expr

    if not (isinstance(first, Expr) and isinstance(second, Expr)):
        return None
    agree = True
    for place, point in enumerate(_points(first, second)):
        here, there = _number(first, point), _number(second, point)
        if here is None or there is None or not (here and there):  # 0 may be 1e-41 beside it
            agree = False
            continue
        size = max(abs(here), abs(there))
        if abs(here - there) > _CLOSE_TO * size:
            if place < _POINTS - 1:
                return False
            agree = False  # below zero roots and logarithms have branches
        if size > _TAME:
            agree = False
    return True if agree else None


def _proportional(first: Any, second: Any) -> tuple[bool, str]:
    ratios = []
    for point in _points(first, second):
        here, there = _number(first, point), _number(second, point)
        if here is None or there is None or not there or not here:
            return False, "one of the equations has no value at a point, or always holds"
        ratios.append(here / there)
    same = all(abs(ratio - ratios[0]) <= _CLOSE_TO * abs(ratios[0]) for ratio in ratios)
    return same, f"the equations {'are' if same else 'are not'} multiples of each other"


if __name__ == "__main__":
    main()
