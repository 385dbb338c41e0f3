from __future__ import annotations

import pytest

from harness.records import Estimate
from harness.report import words


def plain(text):
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),  # noqa: RUF001  # what the page prints
        (0.0, "0 %"),
        (0.0001, "< 0.1 %"),
        (0.123, "12.3 %"),
        (0.9999, "> 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_percent_never_rounds_to_none_or_all(share, text):
    assert plain(words.percent(share)) == text


def test_estimate_carries_interval_and_n():
    found = plain(words.estimate(Estimate(0.625, 0.51, 0.7271, 1080)))

    assert found == "62.5 % (51.0 to 72.7 %, n = 1,080)"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 ms"), (0.0002, "< 1 ms"), (0.0123, "12.3 ms"), (0.75, "750 ms"), (65.4321, "65.4 s")],
)
def test_seconds(value, text):
    assert plain(words.seconds(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "$0"),
        (0.00001, "< $0.0001"),
        (0.00123, "$0.0012"),
        (0.84, "$0.84"),
        (1234.5, "$1,234.50"),
    ],
)
def test_dollars_never_look_free(value, text):
    assert words.dollars(value) == text


@pytest.mark.parametrize(
    ("n", "text"), [(512, "512 B"), (2_393_231_072, "2.39 GB"), (42_520_395_584, "42.5 GB")]
)
def test_size_is_decimal(n, text):
    assert plain(words.size(n)) == text


def test_parameters():
    assert plain(words.parameters(3_821_079_552)) == "3.82 B"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a[U+0000]b"),
        ("\u202egnp.exe", "[U+202E]gnp.exe"),
        ("\ud800", "[U+D800]"),
        ("\x1b[31mred", "[U+001B][31mred"),
        ("a\r\nb\rc", "a\nb[U+000D]c"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("été 漢字 👩\u200d🔬", "été 漢字 👩\u200d🔬"),
    ],
)
def test_unseen_characters_become_seen(text, shown):
    assert words.printable(text) == shown


def test_long_text_keeps_head_and_tail_and_says_its_length():
    text = "start " + "x" * 1_000_000 + " Answer: B"

    shown = words.cut(text)

    assert len(shown) < 2200
    assert shown.startswith("start x")
    assert shown.endswith("x Answer: B")
    assert "998,016 of 1,000,016 characters left out" in shown


def test_label_is_one_short_line():
    assert words.label("a\nb\tc  d") == "a b c d"
    assert len(words.label("x" * 500)) == 80


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("2024-06-07T14:03:59+02:00", "2024-06-07 12:03 UTC"),
        ("2024-06-07T14:03:59", "2024-06-07T14:03:59"),
        ("", ""),
        ("soon\u202e", "soon[U+202E]"),
    ],
)
def test_moment(stored, text):
    assert words.moment(stored) == text
