"""Score all gold solutions of MATH, MATH-500 and GSM8K, against their own and shuffled answers.

    python tests/bench/math_solutions.py

Needs the shared test data. Prints outcomes, deciding layers, seconds, every surprise with its
reason, and the largest memory of a worker.
"""

import sys
from pathlib import Path

import psutil

sys.path[:0] = [str(Path(__file__).resolve().parents[n]) for n in (1, 2)]

from math_golds import against_own, against_shuffled, gsm8k_items, math500_items, math_items  # noqa: E402  # found through the line above


def show(name, tally):
    print(f"{name}: {dict(tally.outcomes)} in {tally.seconds:.1f} s")
    print(f"  decided by {dict(tally.layers.most_common())}")
    for place, own, gold, score in tally.surprises:
        print(
            f"  {place}: {own!r} against {gold!r}: {score.outcome}, {score.scorer}: {score.detail}"
        )


def main():
    sets = {"MATH": math_items(), "MATH-500": math500_items(), "GSM8K": gsm8k_items()}
    for name, items in sets.items():
        show(f"{name}, own answers", against_own(items))
        show(f"{name}, shuffled answers", against_shuffled(items))
    workers = psutil.Process().children(recursive=True)
    peak = max((worker.memory_info().rss for worker in workers), default=0)
    print(f"{len(workers)} processes compared formulas, the largest holds {peak / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
