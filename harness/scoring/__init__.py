"""Scorers: pure functions from a reply to a Score. Their ids carry a version."""

SCORER_IDS = {
    "letter": "letter/1",
    "choice": "choice/1",
    "number": "number/1",
    "exact": "exact/1",
    "judged": "judged/1",
}
