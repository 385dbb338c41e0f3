"""What calls cost: the pinned table, its dates, and what the user states."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from genai_prices import Usage

from harness.errors import UsageError
from harness.models.prices import (
    FlatPrice,
    ListPrice,
    Tokens,
    list_price,
    most,
    stated_price,
    table_version,
)

OPENAI = "https://api.openai.com/v1"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
MILLION = 1_000_000
SEVERAL = (
    Tokens(0, 0),
    Tokens(20, 5, reused=8),
    Tokens(20, 5, reused=28),
    Tokens(3_000, 70, reused=100, written=200),
    Tokens(3_000, 70, reused=2_000, written=2_000),
    Tokens(200_000, 9, written=1),
    Tokens(200_001, 9, reused=7),
    Tokens(5_000_000, 1_000_000, reused=1_000_000),
)


def usd(provider, model, tokens, *, url=OPENAI, at=NOW, batch=False):
    price = list_price(provider, url, model, batch=batch)
    assert price is not None
    return price.usd(tokens, at)


# As published by the providers for these models, in USD per million tokens.
@pytest.mark.parametrize(
    ("provider", "url", "model", "rates"),
    [
        ("openai", OPENAI, "gpt-4o-mini-2024-07-18", (0.15, 0.60, 0.075)),
        ("openai", OPENAI, "gpt-4o-2024-08-06", (2.50, 10.0, 1.25)),
        ("anthropic", "https://api.anthropic.com", "claude-3-haiku-20240307", (0.25, 1.25, 0.03)),
        ("gemini", "https://generativelanguage.googleapis.com", "gemini-2.0-flash-001",
         (0.10, 0.40, 0.025)),
    ],
)  # fmt: skip
def test_input_output_and_cached_tokens_have_their_own_price(provider, url, model, rates):
    given, generated, cached = rates

    assert usd(provider, model, Tokens(MILLION, 0), url=url) == pytest.approx(given)
    assert usd(provider, model, Tokens(0, MILLION), url=url) == pytest.approx(generated)
    mixed = Tokens(MILLION, 1000, reused=400_000)
    expected = 0.6 * given + 0.4 * cached + generated / 1000
    assert usd(provider, model, mixed, url=url) == pytest.approx(expected)


def test_a_price_is_that_of_its_day():
    long_ago = usd("openai", "o3", Tokens(MILLION, 0), at=datetime(2025, 5, 1, tzinfo=UTC))

    assert long_ago == pytest.approx(10)
    assert usd("openai", "o3", Tokens(MILLION, 0)) == pytest.approx(2)


def test_a_model_that_nobody_priced_has_no_price():
    assert list_price("openai", OPENAI, "gpt-99-secret", batch=False) is None
    assert list_price(None, "http://127.0.0.1:8000/v1", "gpt-4o", batch=False) is None


def test_the_server_decides_whose_prices_hold():
    found = list_price("openai", "https://openrouter.ai/api/v1", "openai/gpt-4o", batch=False)

    assert found.rates(NOW).startswith("openrouter/")
    assert list_price("openai", "http://127.0.0.1:1/v1", "gpt-4o", batch=False) is not None


@pytest.mark.parametrize(
    ("provider", "url", "model"),
    [
        ("openai", OPENAI, "gpt-4o-mini-2024-07-18"),
        ("anthropic", "https://api.anthropic.com", "claude-sonnet-4-5-20250929"),
        ("anthropic", "https://api.anthropic.com", "claude-3-haiku-20240307"),  # no row for it
    ],
)
def test_a_batch_costs_half(provider, url, model):
    tokens = Tokens(10_000, 500)
    half = usd(provider, model, tokens, url=url, batch=True)

    assert half == pytest.approx(usd(provider, model, tokens, url=url) / 2)


@pytest.mark.parametrize("batch", [False, True])
def test_every_price_of_the_table_is_added_up_as_its_package_does(batch):
    from genai_prices.data_snapshot import get_snapshot

    context = {"processing": "batch"} if batch else None
    rows = [(p, m) for p in get_snapshot().providers for m in p.models]
    for provider, model in rows:
        price = ListPrice(provider, model, batch=batch)
        for tokens in SEVERAL:
            ours = price.usd(tokens, NOW)
            theirs = its_own_sum(provider, model, tokens, context)
            assert ours == (None if theirs is None else theirs * price._share), (model.id, tokens)

    assert len(rows) > 500


def its_own_sum(provider, model, tokens, context):
    usage = Usage(
        input_tokens=tokens.prompt,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.reused or None,
        cache_write_tokens=tokens.written or None,
    )
    try:
        found = model.calc_price(
            usage, provider, genai_request_timestamp=NOW, price_context=context
        )
    except ValueError:
        return None
    return float(found.total_price)


def test_counts_that_contradict_each_other_have_no_price():
    assert usd("openai", "gpt-4o", Tokens(20, 5, reused=28)) is None


def test_the_worst_case_covers_whatever_the_cache_does():
    price = list_price("anthropic", "https://api.anthropic.com", "claude-3-haiku-20240307",
                       batch=False)  # fmt: skip
    bound = most(price, Tokens(5000, 100), NOW)

    for reused, written in ((0, 0), (5000, 0), (0, 5000), (2000, 3000)):
        assert price.usd(Tokens(5000, 100, reused, written), NOW) <= bound
    assert bound > price.usd(Tokens(5000, 100), NOW)


def test_a_stated_price_is_taken_at_its_word():
    price = stated_price("0.15, 0.6")

    assert price.usd(Tokens(2_000_000, 1_000_000), NOW) == pytest.approx(0.9)
    assert price == FlatPrice(0.15, 0.6, "--price")


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "-1,2", "nan,1", "1,inf"])
def test_a_price_that_is_none_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match=r"such as 0\.15,0\.60"):
        stated_price(text)


def test_the_price_table_is_pinned_to_one_version():
    project = Path(__file__).parents[2] / "pyproject.toml"
    wanted = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]

    assert table_version() in wanted
