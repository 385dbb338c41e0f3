"""Four conversations of two or three turns; two of them begin with the same words."""

from datasets import Dataset


def load(**_):
    conversations = [
        (["Say 3.", "Double it.", "Double it."], ["3", "6", "12"]),
        (["Say 5.", "Double it.", "Add one."], ["5", "10", "11"]),
        (["Say 5.", "Add one.", "Double it."], ["5", "6", "12"]),
        (["Say 8.", "Add one."], ["8", "9"]),
    ]
    return {"test": Dataset.from_list([{"prompt": p, "reference": r} for p, r in conversations])}
