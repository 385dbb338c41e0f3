"""kill -9 while a batch is with the provider: the same command fetches it, and pays once."""

from __future__ import annotations

import random
import signal
import subprocess

import pytest

from api_stub import Reply, add
from batch_stub import BatchStub
from cli_kit import TOYS, command, environment, harness
from harness.store.read import load_run

SAMPLES = 60


def solve(asked):
    text = str(asked.body["messages"][-1]["content"])
    usage = {"prompt": len(text) // 3, "cached": 0, "output": 1, "reasoning": 0}
    return Reply(add(text), usage=usage)


def asked(address, *more):
    return ("run", "-m", address, "-t", "toy_many", "--trust-tasks", TOYS, *more)


def one_run(results):
    (folder,) = results.iterdir()
    return load_run(folder)


def answers(run):
    frame = run.responses[["sample_id", "part", "text", "finish_reason", "prompt_tokens"]]
    return frame.sort_values("sample_id").to_dict("records")


@pytest.mark.slow
@pytest.mark.parametrize("address", ["openai/gpt-4o-2024-08-06", "anthropic/claude-haiku-4-5"])
def test_kills_hand_nothing_in_twice_and_the_answers_are_those_of_live_calls(tmp_path, address):
    rng = random.Random(5)
    with BatchStub(solve, polls=4) as stub:
        changes = {**stub.environment(), "TOY_MANY": str(SAMPLES)}
        live = harness(*asked(address, "--results", "live"), cwd=tmp_path, **changes)
        assert live.returncode == 0, live.stderr
        kills = 0
        for _ in range(12):
            process = subprocess.Popen(
                command(*asked(address, "--batch")),
                cwd=tmp_path,
                env=environment(**changes),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            try:
                process.communicate(timeout=rng.uniform(1.0, 9.0))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                kills += 1
                continue
            break
        last = harness(*asked(address, "--batch"), cwd=tmp_path, timeout=240, **changes)
        assert last.returncode == 0, last.stderr

    ours, theirs = one_run(tmp_path / "results"), one_run(tmp_path / "live")
    assert kills >= 2
    assert stub.rows == SAMPLES
    assert answers(ours) == answers(theirs)
    (line,), (live_line,) = ours.manifest.ledger, theirs.manifest.ledger
    assert line.batch
    assert line.actual == pytest.approx(live_line.actual / 2)
    assert line.unsure == 0


@pytest.mark.slow
def test_a_batch_under_way_is_not_paid_again_by_live_calls(tmp_path):
    address = "openai/gpt-4o-2024-08-06"
    with BatchStub(solve, polls=10_000) as stub:
        changes = {**stub.environment(), "TOY_MANY": "5"}
        waiting = subprocess.Popen(
            command(*asked(address, "--batch")),
            cwd=tmp_path,
            env=environment(**changes),
            stderr=subprocess.PIPE,
            text=True,
        )
        said = ""
        while "to be answered within a day" not in said:
            line = waiting.stderr.readline()
            assert line, said
            said += line
        waiting.send_signal(signal.SIGINT)
        waiting.communicate(timeout=60)
        assert waiting.returncode == 130

        live = harness(*asked(address), cwd=tmp_path, **changes)
        assert live.returncode == 2
        assert "--batch to fetch their results" in live.stderr
        assert stub.live == 0

        stub.polls = 0
        done = harness(*asked(address, "--batch"), cwd=tmp_path, **changes)
        assert done.returncode == 0, done.stderr
    assert stub.rows == 5
    assert "as a batch" in done.stdout
