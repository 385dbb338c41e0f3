"""Compare our scorers with lm-eval's gsm8k filters and with math-verify alone, reply by reply.

    python tests/bench/math_agreement.py

Prints, for 300 synthetic replies, how often they agree, who is right where they do not, and the
class of every disagreement.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[n]) for n in (1, 2)]

import math_replies  # noqa: E402  # found through the line above


def show(name, n, found):
    right = sum(d.ours is d.reply.truth for d in found)
    print(f"{name}: {n - len(found)} of {n} replies judged alike; of the {len(found)} others")
    print(f"  harness is right about {right}")
    for (_, reason), count in math_replies.classes(found).most_common():
        print(f"  {count:3}  {reason or 'NOT CLASSED'}")
    for d in found:
        if d.ours is not d.reply.truth:
            print(f"  OURS IS NOT RIGHT: {d.reply}")


def main():
    numbers = math_replies.number_disagreements()
    n = len(math_replies.number_replies())
    for scorer in ("strict-match", "flexible-extract"):
        show(f"lm-eval gsm8k {scorer}", n, [d for d in numbers if d.scorer == scorer])
    replies = math_replies.math_replies()
    show("math-verify alone", len(replies), math_replies.math_disagreements())


if __name__ == "__main__":
    main()
