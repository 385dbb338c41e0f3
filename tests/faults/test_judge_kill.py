"""kill -9 while a hosted model judges: nothing lost, nothing asked twice but what was in flight."""

from __future__ import annotations

import random
import signal
import subprocess
import time

import pytest

from aimock_kit import aimock, requires_aimock
from cli_kit import command, environment
from harness.analysis.judged import comparisons, ratings
from harness.analysis.judges import find_judges
from judge_kit import answered
from shared_data import requires_shared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), requires_aimock, requires_shared]

CONCURRENCY = 4
KILLS = 8
SAID = {
    "in place of N:": "It is fine.\nRating: [[7]]",
    "in place of X": "Both are fine.\n[[C]]",
}
# 80 questions, 2 turns, 2 models rated; the same compared in both orders.
VERDICTS = {"single": 80 * 2 * 2, "pairwise": 80 * 2 * 2}


def until_calls(process, server, count):
    """Wait until the judge was asked so often, or everything is judged."""
    while process.poll() is None and len(server.journal()) < count:
        time.sleep(0.05)


def test_kills_at_any_stage_of_judging_mt_bench_both_ways(tmp_path):
    runs = [run.folder.name for run in answered(
        tmp_path, ("small", 4), ("large", 7), task="mt_bench")]  # fmt: skip
    rng, kills = random.Random(8), 0

    with aimock(tmp_path / "fixtures", SAID, latency=20) as server:
        began = time.monotonic()
        for mode in ("single", "pairwise"):
            while True:
                process = subprocess.Popen(
                    command("judge", *runs, "--mode", mode, "--judge", "openai/gpt-4o-2024-08-06",
                            "--concurrency", CONCURRENCY, "--results", tmp_path / "results"),
                    cwd=tmp_path,
                    env={**environment(), **server.environment},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )  # fmt: skip
                if kills < KILLS:
                    until_calls(process, server, len(server.journal()) + rng.randint(0, 80))
                    process.kill()
                _, said = process.communicate(timeout=900)
                if process.returncode != -signal.SIGKILL:
                    assert process.returncode == 0, said
                    break
                kills += 1
        calls = [entry["body"]["messages"] for entry in server.journal() if "body" in entry]
    ((judge,), left_out) = find_judges(tmp_path / "results")
    keys = {row["request_key"] for each in judge.judgements for row in each.run.rows("responses")}
    asked = {str(messages) for messages in calls}

    print(f"{kills} kills, {len(calls)} calls for {len(keys)} prompts, "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip
    assert left_out == []
    assert kills >= 3
    assert sum(each.n_verdicts for each in ratings(judge)) == VERDICTS["single"]
    assert [(each.ties, each.n_failed) for each in comparisons(judge)] == [(160, 0)]
    assert len(asked) == len(keys) <= sum(VERDICTS.values())
    assert len(calls) <= len(keys) + kills * CONCURRENCY
