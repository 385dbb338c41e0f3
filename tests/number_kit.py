"""Every number that a decision report prints, looked up in what `compare --json` prints."""

import json
import re
from dataclasses import asdict

# Fixed numbers of the sentences themselves; none is measured.
CONSTANTS = re.compile(
    r"95 % (interval|CI)|95% sure|false discovery rate 5 %|p \(\w|1,000 questions|1, perfect"
    r"|\(letter/1\)|from 1 to 10|of 10\b|9 or more|\d{4}-\d\d-\d\d \d\d:\d\d UTC"
)
SCALES = {"ms": 1e3, "kB": 1e-3, "MB": 1e-6, "GB": 1e-9}


def leaves(value):
    if isinstance(value, dict):
        return [leaf for child in value.values() for leaf in leaves(child)]
    if isinstance(value, list):
        return [leaf for child in value for leaf in leaves(child)]
    return [float(value)] if isinstance(value, int | float) and value is not True else []


def resolve(document, pointers):
    """All numbers under JSON pointers (RFC 6901) that a space separates."""
    found = []
    for pointer in pointers.split(" ") if pointers else [""]:
        place = document
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            place = place[int(key)] if isinstance(place, list) else place[key]
        found += leaves(place)
    return found


def printed(text):
    """Yield each number of a text with the number of its decimals."""
    for token in re.findall(r"[+\-\u2212]?\d[\d,]*(?:\.\d+)?", CONSTANTS.sub(" ", text)):
        plain = token.replace(",", "").replace("\u2212", "-").rstrip(".")
        yield float(plain), len(plain.partition(".")[2])


def is_among(value, decimals, found, text):
    scales = [1.0, 100.0, *(scale for unit, scale in SCALES.items() if f" {unit}" in text)]
    # `< 0.1` and `> 99.9` stand for what would be rounded to nothing or to everything.
    near = 0.5000001 * 10.0**-decimals * (2 if re.search("[<>] ", text) else 1)
    return any(abs(abs(leaf) * scale - abs(value)) <= near for leaf in found for scale in scales)


def check_numbers(page, found):
    """Look up each number of a page in the comparison, where the page says; return how many."""
    document = json.loads(json.dumps(asdict(found)))
    n_checked = 0
    spoken = [(a["aria-label"], a["data-source"]) for a in labels(page)]
    for text, around, source in [*page.texts, *((text, [], at) for text, at in spoken)]:
        if set(around) & {"code", "pre", "svg", "title", "dt"}:
            continue
        plain = text.replace("\u00a0", " ")
        for value, decimals in printed(plain):
            assert source is not None, f"no source for {value} in {plain!r}"
            there = resolve(document, source)
            assert is_among(value, decimals, there, plain), f"{value} of {plain!r} not in {source}"
            n_checked += 1
    return n_checked


def labels(page):
    """What a figure says in words, with the source that the figure names."""
    source = ""
    for tag, attrs in page.tags:
        if tag == "figure":
            source = attrs["data-source"]
        if tag == "svg" and attrs.get("class") == "chart":
            yield {"aria-label": attrs["aria-label"], "data-source": source}
