"""Twelve questions of two subjects; two of them are exact duplicates."""

from datasets import Dataset


def load(subject: str, **_):
    if subject == "sums":
        pairs = [(1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (1, 2)]
        items = [(f"{a} + {b} = ?", a + b) for a, b in pairs]
    else:
        items = [(f"What is {n} times 2?", 2 * n) for n in range(1, 7)]
    rows = [
        {
            "question": text,
            "subject": subject,
            "choices": [str(value + (i - right) * 3) for i in range(4)],
            "answer": right,
        }
        for n, (text, value) in enumerate(items)
        for right in [len(text) % 4]
    ]
    shots = [
        {"question": "1 + 1 = ?", "subject": subject, "choices": list("2345"), "answer": 0},
        {"question": "2 + 2 = ?", "subject": subject, "choices": list("3456"), "answer": 1},
    ]
    return {"test": Dataset.from_list(rows), "dev": Dataset.from_list(shots)}
