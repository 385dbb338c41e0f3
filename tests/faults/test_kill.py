"""kill -9 at random points, the same command again: nothing lost, nothing twice, same table."""

import json
import random
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from cli_kit import command, environment
from harness.store.read import load_run
from shared_data import requires_shared, shared_folder

KILLS = 15
DATA = (shared_folder() or Path()) / "data" / "hub" / "models" / "local" / "stories260K-gguf"
STORIES = (DATA / "stories260K-f32-ctx16k.gguf", "mmlu:anatomy,virology", 60)
BUNDLED = ("nano-q4_0", "quick", 48)  # conversations among them
TIMINGS = {
    "prefill_seconds",
    "decode_seconds",
    "first_token_seconds",
    "total_seconds",
    "peak_memory_bytes",
    "answered_at",
    "reused_tokens",
}


def start(results, asked):
    model, tasks, limit = asked
    options = ["--limit", limit, "--threads", 1, "--results", results]
    return subprocess.Popen(
        command("run", "-m", model, "-t", tasks, *options),
        cwd=results.parent,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def table(results):
    """Samples, answers and scores of the one finished run, timings aside."""
    (folder,) = results.iterdir()
    run = load_run(folder)
    answers = [
        {name: value for name, value in row.items() if name not in TIMINGS}
        for row in run.rows("responses")
    ]
    letters = [
        [*json.loads(row.pop("letter_logprobs") or "[]"), row.pop("letter_bound")]
        for row in answers
    ]
    return (list(run.rows("samples")), answers, list(run.rows("scores"))), letters


def assert_equal(found, expected):
    """Everything is the same; log-probabilities up to the order in which floats are added.

    A run that resumes computes the shared prefix in another batch than one that goes on.
    """
    assert found[0] == expected[0]
    for ours, theirs in zip(found[1], expected[1], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)


def answered(results):
    """What the journal holds after a kill; a finished run has none."""
    found = list(results.glob("*/journal.sqlite"))
    if not found:
        return None
    with sqlite3.connect(found[0]) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'responses'")
        if not tables.fetchone()[0]:
            return set()
        rows = connection.execute("SELECT task, sample_id, part, text FROM responses").fetchall()
    assert len({row[:3] for row in rows}) == len(rows)
    return set(rows)


def until_answers(process, results, count):
    """Wait until the journal holds so many answers, or the run is over.

    Counted, not timed: on a machine that others use too, no time says how far a run is.
    """
    while process.poll() is None and len(answered(results) or ()) < count:
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "asked",
    [pytest.param(STORIES, marks=requires_shared, id="mmlu"), pytest.param(BUNDLED, id="quick")],
)
def test_many_kills_leave_the_same_table(tmp_path, asked):
    undisturbed = tmp_path / "undisturbed"
    assert start(undisturbed, asked).wait() == 0
    expected = table(undisturbed)
    rng = random.Random(20)
    kills = caught_midway = chains = 0

    while kills < KILLS:
        chains += 1
        results = tmp_path / f"killed-{chains}"
        stored = set()
        while True:
            process = start(results, asked)
            whole = len(expected[1])
            step = rng.randint(0, whole // 3)
            until_answers(process, results, min(whole, len(stored) + step))
            time.sleep(rng.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            if process.wait() == 0:
                break
            kills += 1
            found = answered(results)
            if found is not None:
                assert stored <= found
                caught_midway += 0 < len(found) < len(expected[1])
                stored = found
            if kills >= KILLS:
                assert start(results, asked).wait() == 0
                break
        assert_equal(table(results), expected)

    assert caught_midway >= 3
