r"""Hostile and hopeless answers: inert, bounded in time and memory, never a wrong verdict."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from harness.records import Outcome
from harness.scoring import number
from harness.scoring.math import score, values
from harness.scoring.math.pool import Limits, Pool

PWNED = "pwned-by-a-model"
HOSTILE = {
    "import": f"__import__('os').mkdir('{PWNED}')",
    "exec": f"exec(\"import os; os.mkdir('{PWNED}')\")",
    "lambda": f"(lambda: __import__('os').mkdir('{PWNED}'))()",
    "latex shell": rf"\write18{{mkdir {PWNED}}}",
    "latex file": r"\input{/etc/passwd}",
    "tower": "10**10**10",
    "tower in latex": "9^{9^{9^9}}",
    "bracketed tower": "((((9^9)^9)^9)^9)^9",
    "exponential tower": "e^{e^{e^{e^{e}}}}",
    "factorial": "(10^{1000})!",
    "nested braces": "{" * 50_000 + "}" * 50_000,
    "nested boxes": r"\boxed{" * 14_000,
    "nested roots": r"\sqrt{" * 16_000 + "2" + "}" * 16_000,
    "nested fractions": r"\frac{" * 9_000 + "1" + "}{2}" * 9_000,
    "open brackets": "(" * 100_000,
    "digits": "1" * 100_000,
    "list": "1," * 50_000,
    "sum": "x+" * 50_000 + "x",
    "equation": "a=b=" * 25_000,
    "bars": "|" * 100_000,
    "dollars": "$" * 100_001,
    "signs": "-" * 100_000 + "5",
    "powers": "^" * 100_000,
    "exponent": "5e999999999",
    "power of a sum": "(x+y+z+w)^{500}",
    "endless sum": r"\sum_{n=1}^{100000000} \frac{1}{n}",
    "control characters": "\x00\x01\u202e5\ud800",
    "markup": "<script>alert(1)</script>",
}


@pytest.fixture
def anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("gold", ["7", r"\frac{x}{2}"])
@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_payloads_are_inert(payload, gold, anywhere):
    began = time.perf_counter()
    for wrapping in (r"\boxed{%s}", "Answer: %s", "The answer is $%s$."):
        scored = score(wrapping.replace("%s", payload), gold)
        assert scored.outcome in (Outcome.WRONG, Outcome.UNPARSED, Outcome.ERROR)

    assert time.perf_counter() - began < 30
    assert not (anywhere / PWNED).exists()


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_payloads_are_inert_as_numbers(payload, anywhere):
    began = time.perf_counter()
    for wrapping in (r"\boxed{%s}", "Answer: %s", "The answer is %s."):
        assert number.score(wrapping.replace("%s", payload), "7").outcome is not Outcome.CORRECT

    assert time.perf_counter() - began < 5
    assert not (anywhere / PWNED).exists()


@pytest.fixture
def small_pool():
    pool = Pool(Limits(seconds=0.5, patience=20.0))
    yield pool
    pool.close()


# The grammar reads it, and SymPy multiplies it out for minutes.
HANGS = (r"\prod_{n=1}^{4000} (x+n)^{n}", "x")


def test_a_pair_that_hangs_costs_its_own_time_only(small_pool):
    small_pool.compare("x", "y")  # a worker has started
    began = time.perf_counter()
    found = small_pool.compare(*HANGS)

    assert found.equal is None
    assert found.why == "scorer timeout: over 0.5 s of computing"
    assert time.perf_counter() - began < 20  # half a second of computing, on a machine that is busy
    assert small_pool.compare(r"2\sqrt{2}", r"\sqrt{8}").equal is True


def test_a_timeout_is_an_error_of_the_scorer_not_a_wrong_answer(small_pool, monkeypatch):
    monkeypatch.setattr(values, "POOL", small_pool)
    scored = score(rf"\boxed{{{HANGS[0]}}}", HANGS[1])

    assert (scored.outcome, scored.value) == (Outcome.ERROR, None)
    assert scored.scorer == "math/1:verify"
    assert "timeout" in scored.detail


def test_a_worker_has_a_limit_of_memory():
    pool = Pool(Limits(seconds=30.0, bytes=700 << 20))
    found = pool.compare(r"\binom{10^{9}}{5\cdot 10^{8}}", "1")
    again = pool.compare("2+2", "4")
    pool.close()

    assert found.equal is not True
    assert again.equal is True


def test_a_killed_worker_is_replaced(small_pool):
    small_pool.compare("x", "y")
    (idle,) = small_pool._idle
    os.killpg(idle._process.pid, signal.SIGKILL)

    assert small_pool.compare("x+x", "2x").equal is True


def test_threads_share_the_pool(small_pool):
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda n: small_pool.compare(f"x+{n}", f"{n}+x").equal, range(12)))

    assert found == [True] * 12
    assert threading.active_count() < 20


def test_closing_leaves_no_process_behind(small_pool):
    small_pool.compare("x", "y")
    (idle,) = small_pool._idle
    started = [psutil.Process(idle._process.pid)]
    started += started[0].children()
    small_pool.close()

    gone, alive = psutil.wait_procs(started, timeout=10)
    assert (len(gone), alive) == (2, [])


def test_an_answer_beyond_the_limits_equals_only_itself():
    far = "2^{99999}"

    assert score(rf"\boxed{{{far}}}", far).outcome is Outcome.CORRECT
    assert score(rf"\boxed{{{far}}}", "7").outcome is Outcome.WRONG
    unknown = score(rf"\boxed{{{far}}}", "4^{50000}")
    assert (unknown.outcome, unknown.scorer) == (Outcome.ERROR, "math/1:limit")
