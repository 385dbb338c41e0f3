"""Sentences with a blank: the options stand in the context, as in Winogrande."""

from datasets import Dataset, DatasetDict

ITEMS = [
    {"before": "The cup was too small, so the _", "options": ["cup", "lake"], "answer": 0},
    {"before": "The sea is full of salt, so the _", "options": ["desert", "sea"], "answer": 1},
]


def load(**_):
    return DatasetDict(test=Dataset.from_list(ITEMS))


def contexts(doc):
    return [doc["before"].replace("_", option) for option in doc["options"]]


def right(doc):
    return doc["answer"]


def ending(doc):
    return "overflowed."
