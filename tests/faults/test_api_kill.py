"""kill -9 while a hosted model is asked: nothing lost, nothing twice, little paid again."""

import random
import signal
import sqlite3
import subprocess
import time

import pytest

from api_kit import PROVIDERS
from api_stub import ApiStub, add
from cli_kit import TOYS, command, environment
from harness.store.read import load_run

KILLS = 30
CONCURRENCY = 8
SAMPLES = 1500
UNLIKE = {"origin", "total_seconds", "answered_at", "first_token_seconds", "decode_seconds"}


def start(stub, results):
    return subprocess.Popen(
        command("run", "-m", PROVIDERS[0], "-t", "toy_many", "--trust-tasks", TOYS,
                "--concurrency", CONCURRENCY, "--results", results),
        cwd=results.parent,
        env=environment(**stub.environment(), TOY_MANY=str(SAMPLES)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def table(results):
    (folder,) = results.iterdir()
    run = load_run(folder)
    answers = [
        {name: value for name, value in row.items() if name not in UNLIKE}
        for row in run.rows("responses")
    ]
    return list(run.rows("samples")), answers, list(run.rows("scores"))


def stored(results):
    (journal,) = results.glob("*/journal.sqlite")
    with sqlite3.connect(journal) as connection:
        rows = connection.execute("SELECT sample_id, text, answered_at FROM responses").fetchall()
    assert len({row[0] for row in rows}) == len(rows)
    return set(rows)


def wait_for(stub, calls, process):
    while stub.calls < calls:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.001)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_kills_lose_nothing_and_pay_little_again(tmp_path):
    with ApiStub(lambda asked: add(asked.text)) as stub:
        assert start(stub, tmp_path / "undisturbed").wait() == 0
        assert stub.calls == SAMPLES
    expected = table(tmp_path / "undisturbed")
    results, rng, kept, paid_again = tmp_path / "killed", random.Random(30), set(), []

    with ApiStub(lambda asked: add(asked.text), latency=0.01) as stub:
        for _ in range(KILLS):
            before = stub.calls
            process = start(stub, results)
            wait_for(stub, before + rng.randint(1, 40), process)
            process.send_signal(signal.SIGKILL)
            process.wait()
            time.sleep(0.1)  # what was on its way arrives
            now = stored(results)
            assert kept <= now
            paid_again.append(stub.calls - before - len(now - kept))
            kept = now
        assert len(kept) < SAMPLES
        assert start(stub, results).wait() == 0
        calls = stub.calls

    assert table(results) == expected
    assert max(paid_again) <= CONCURRENCY
    assert calls == SAMPLES + sum(paid_again)
    print(f"{KILLS} kills: {calls - SAMPLES} of {SAMPLES} calls paid again, "
          f"at most {max(paid_again)} a kill")  # fmt: skip
