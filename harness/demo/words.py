"""The closed word lists and fact tables that all items and training texts are made of."""

from __future__ import annotations

LETTERS = "ABCD"
NAMES = ("Anna", "Ben", "Clara", "David", "Emma", "Finn", "Grace", "Hugo", "Ida", "Jack")
THINGS = ("apples", "balls", "books", "cards", "coins", "eggs", "nuts", "pens", "shells", "stamps")
HOLDERS = ("bags", "baskets", "boxes")

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# (many of the smaller, the larger in the plural, how many of the smaller one of it holds)
UNITS = (
    ("days", "weeks", 7),
    ("months", "years", 12),
    ("hours", "days", 24),
    ("minutes", "hours", 60),
    ("seconds", "minutes", 60),
    ("centimetres", "metres", 100),
)

CAPITALS = {
    "Austria": "Vienna",
    "Canada": "Ottawa",
    "Chile": "Santiago",
    "China": "Beijing",
    "Cuba": "Havana",
    "Denmark": "Copenhagen",
    "Egypt": "Cairo",
    "Finland": "Helsinki",
    "France": "Paris",
    "Germany": "Berlin",
    "Greece": "Athens",
    "Hungary": "Budapest",
    "Ireland": "Dublin",
    "Italy": "Rome",
    "Japan": "Tokyo",
    "Kenya": "Nairobi",
    "Norway": "Oslo",
    "Peru": "Lima",
    "Poland": "Warsaw",
    "Portugal": "Lisbon",
    "Russia": "Moscow",
    "Spain": "Madrid",
    "Sweden": "Stockholm",
    "Turkey": "Ankara",
}

YOUNG = {
    "bear": "cub",
    "cat": "kitten",
    "cow": "calf",
    "dog": "puppy",
    "duck": "duckling",
    "frog": "tadpole",
    "goat": "kid",
    "goose": "gosling",
    "horse": "foal",
    "pig": "piglet",
    "sheep": "lamb",
}
LEGS = {
    **dict.fromkeys(("snake", "fish"), 0),
    **dict.fromkeys(("hen", "duck", "goose"), 2),
    **dict.fromkeys(("cat", "cow", "dog", "frog", "horse", "sheep"), 4),
    **dict.fromkeys(("bee", "fly"), 6),
    "spider": 8,
}
LEG_COUNTS = (0, 2, 4, 6, 8, 10)
_PAIRS = (
    *(("hot", "cold"), ("big", "small"), ("fast", "slow"), ("high", "low"), ("old", "new")),
    *(("open", "closed"), ("full", "empty"), ("wet", "dry"), ("hard", "soft")),
    *(("early", "late"), ("strong", "weak"), ("light", "dark")),
)
OPPOSITES = dict(_PAIRS) | {second: first for first, second in _PAIRS}
COLOURS = ("red", "blue", "green", "yellow", "black", "white", "brown", "pink")
COLOUR_OF = {"grass": "green", "snow": "white", "coal": "black", "blood": "red", "milk": "white"}
# From small to large, with no two that overlap in life.
ANIMALS_BY_SIZE = ("fly", "mouse", "hen", "sheep", "horse", "elephant", "whale")
