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


# --- Dialogues: the answers to the first lines of both turns. ---


def reverse_list(first, second):
    count, what, start = re.fullmatch(
        r"List (\d) (days|months) in order, beginning with (\w+)\.", first
    ).groups()
    assert second == "Now write the same list in reverse order."
    names = DAYS if what == "days" else MONTHS
    listed = (names * 2)[names.index(start) :][: int(count)]
    return ", ".join(listed), ", ".join(listed[::-1])


def continued(first, second):
    assert re.fullmatch(r"Which (number|colour) comes after that\?", second)
    coming = patterns(first, ())
    return coming, patterns("? " + ", ".join([*shown(first)[1:], coming]), ())


def shown(question):
    return question.partition("? ")[2].split(", ")


def given_away(first, second):
    have = problem(first, ())
    name, given, thing = re.fullmatch(
        r"Then (\w+) gives (\d+) (\w+) to \w+\. How many \w+ does \w+ have left\?", second
    ).groups()
    assert name in first
    assert thing in first
    return have, str(int(have) - int(given))


def two_largest(first, second):
    assert second == "Leave that number out. Which number is the largest now?"
    *_, runner_up, largest = sorted(map(int, shown(first)))
    return str(largest), str(runner_up)


def more_units(first, second):
    found = re.fullmatch(r"And (how many \w+ are in )(\d+)\?", second)
    assert found[1] in first.replace("How", "how")
    return calendar_and_units(first, ()), calendar_and_units(
        re.sub(r"\d+", found[2], first, count=1), ()
    )


def animal(first, second):
    name = re.fullmatch(r"What is a young (\w+)\?", first)[1]
    assert second == "How many legs does a grown one have?"
    return YOUNG[name], LEGS.get(name, "4")


def capital_of(first, second):
    country = re.fullmatch(r"What is the capital of (\w+)\?", first)[1]
    assert second == "That city is the capital of which country?"
    city = CAPITALS[country]
    return city, next(other for other, capital in CAPITALS.items() if capital == city)


def opposite_of(first, second):
    word = re.fullmatch(r"What is the opposite of (\w+)\?", first)[1]
    assert second == "And what is the opposite of that word?"
    other = facts(first, ())
    return other, facts(first.replace(word, other), ())


DIALOGUES = {
    "List ": reverse_list,
    "Which number comes ": continued,
    "Which colour comes ": continued,
    "Which of these ": two_largest,
    "How many ": more_units,
    "What is a young ": animal,
    "What is the capital ": capital_of,
    "What is the opposite ": opposite_of,
}


def dialogue(turns):
    """Both answers of a dialogue, worked out from what the user says."""
    first, second = (turn.partition("\n")[0] for turn in turns)
    solver = next((DIALOGUES[start] for start in DIALOGUES if first.startswith(start)), given_away)
    return solver(first, second)
