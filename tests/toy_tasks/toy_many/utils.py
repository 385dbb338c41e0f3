"""As many additions as TOY_MANY says (300 where it says nothing), no two alike."""

import os

from datasets import Dataset


def load(**_):
    rows = []
    for number in range(int(os.environ.get("TOY_MANY", "300"))):
        right, total = number % 4, number + number % 7
        rows.append(
            {
                "question": f"{number} + {number % 7} = ?",
                "choices": [str(total + (i - right) * 3) for i in range(4)],
                "answer": right,
            }
        )
    return {"test": Dataset.from_list(rows)}
