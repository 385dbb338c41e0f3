"""Scorers: pure functions from a reply to a Score. Their ids carry a version."""

SCORER_IDS = {
    "letter": "letter/1",
    "choice": "choice/1",
    "number": "number/2",
    "exact": "exact/2",
    "judged": "judged/1",
    "verdict-single-strict": "verdict-single-strict/1",
    "verdict-single-compatible": "verdict-single-compatible/1",
    "verdict-pairwise-strict": "verdict-pairwise-strict/1",
    "verdict-pairwise-compatible": "verdict-pairwise-compatible/1",
    "math": "math/1",
}
