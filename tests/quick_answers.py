"""The answers of the bundled items, worked out from the questions without the generators."""

import json
import re

from harness.resources import tasks_folder


def bundled(task, suffix=""):
    text = (tasks_folder() / task / f"{task}{suffix}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def listed(text):
    return text.split()


def paired(text):
    return dict(pair.split("-") for pair in text.split())


DAYS = listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
MONTHS = listed(
    "January February March April May June July August September October November December"
)
CAPITALS = paired(
    "Austria-Vienna Canada-Ottawa Chile-Santiago China-Beijing Cuba-Havana Denmark-Copenhagen "
    "Egypt-Cairo Finland-Helsinki France-Paris Germany-Berlin Greece-Athens Hungary-Budapest "
    "Ireland-Dublin Italy-Rome Japan-Tokyo Kenya-Nairobi Norway-Oslo Peru-Lima Poland-Warsaw "
    "Portugal-Lisbon Russia-Moscow Spain-Madrid Sweden-Stockholm Turkey-Ankara"
)
HELD_BY_ONE = {
    "weeks days": 7,
    "years months": 12,
    "days hours": 24,
    "hours minutes": 60,
    "minutes seconds": 60,
    "metres centimetres": 100,
}
WEIGHT = {"fly": 0, "mouse": 1, "hen": 2, "sheep": 3, "horse": 4, "elephant": 5, "whale": 6}
YOUNG = paired(
    "bear-cub cat-kitten cow-calf dog-puppy duck-duckling frog-tadpole goat-kid goose-gosling "
    "horse-foal pig-piglet sheep-lamb"
)
LEGS = {
    **dict.fromkeys(["snake", "fish"], "0"),
    **dict.fromkeys(["hen", "duck", "goose"], "2"),
    **dict.fromkeys(["bee", "fly"], "6"),
    "spider": "8",
}
COLOURS = {"grass": "green", "snow": "white", "coal": "black", "blood": "red", "milk": "white"}
OPPOSITES = paired(
    "hot-cold big-small fast-slow high-low old-new open-closed full-empty wet-dry hard-soft "
    "early-late strong-weak light-dark"
)


def arithmetic(question, _):
    first, sign, second = re.fullmatch(r"What is (\d+) (plus|minus) (\d+)\?", question).groups()
    return str(int(first) + int(second) if sign == "plus" else int(first) - int(second))


def comparison(question, choices):
    def size(text):
        return WEIGHT[text] if text in WEIGHT else int(text.split()[0])

    highest = re.search(r"largest|longest", question)
    return max(choices, key=size) if highest else min(choices, key=size)


def patterns(question, _):
    terms = question.partition("? ")[2].split(", ")
    if terms[0].isdigit():
        first, second, third, last = map(int, terms)
        assert second - first == third - second == last - third
        return str(last + second - first)
    period = next(n for n in (2, 3) if all(a == b for a, b in zip(terms, terms[n:], strict=False)))
    return terms[len(terms) - period]


def calendar_and_units(question, _):
    if found := re.fullmatch(r"How many (\w+) are in (\d+) (\w+)\?", question):
        return str(int(found[2]) * HELD_BY_ONE[f"{found[3]} {found[1]}"])
    what, way, name = re.fullmatch(
        r"Which (day|month) comes right (after|before) (\w+)\?", question
    ).groups()
    names = DAYS if what == "day" else MONTHS
    return names[(names.index(name) + (1 if way == "after" else -1)) % len(names)]


def capitals(question, _):
    if found := re.fullmatch(r"What is the capital of (\w+)\?", question):
        return CAPITALS[found[1]]
    city = question.split()[0]
    return next(country for country, capital in CAPITALS.items() if capital == city)


def facts(question, choices):
    name = question.rstrip("?").split()[-1]
    if "young" in question:
        return YOUNG[name]
    if "legs" in question:
        return LEGS.get(question.split()[5], "4")
    if "colour" in question:
        return COLOURS[name]
    return (OPPOSITES | {second: first for first, second in OPPOSITES.items()})[name]


CALCULATIONS = [
    (r"\w+ has {} \w+\. \w+ gets {} more\. How.*now", lambda a, b: a + b),
    (r"\w+ has {} \w+\. \w+ gives {} \w+ to \w+\. How.*left", lambda a, b: a - b),
    (r"\w+ has {} \w+\. Each has {} \w+ in it\. How.*have", lambda a, b: a * b),
    (r"\w+ has {} \w+ and \w+ has {}\. How many more \w+ does.*", lambda a, b: a - b),
    (r"\w+ has {} \w+\. \w+ gets {} more and gives {} to \w+\. .*", lambda a, b, c: a + b - c),
    (r"\w+ has {} \w+\. \w+ gives {} to \w+ and gets {} more\. .*", lambda a, b, c: a - b + c),
    (r".* {} \w+\. Each has {} \w+ in it\. \w+ gets {} more .*", lambda a, b, c: a * b + c),
    (r".* {} \w+\. Each has {} \w+ in it\. \w+ gives {} \w+ to .*", lambda a, b, c: a * b - c),
    (r"\w+ has {} \w+\. \w+ has {} more than .* together", lambda a, b: a + a + b),
]


def problem(question, _):
    for pattern, calculate in CALCULATIONS:
        if found := re.fullmatch(pattern.replace("{}", r"(\d+)") + r"\?", question):
            return str(calculate(*map(int, found.groups())))
    raise AssertionError(question)


SOLVERS = {
    "arithmetic": arithmetic,
    "comparison": comparison,
    "patterns": patterns,
    "calendar_and_units": calendar_and_units,
    "capitals": capitals,
    "facts": facts,
    "one_step": problem,
    "two_step": problem,
}
