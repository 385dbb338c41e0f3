"""Where keys come from, where they go, and where they never show up."""

import pytest

from harness.errors import ModelError, UsageError
from harness.models.api.keys import Place, find_key, provider_place, server_place, with_file
from harness.models.api.options import ApiOptions
from harness.models.llamacpp.options import EngineOptions
from harness.models.redact import Redactor

CANARY = "sk-canary-0123456789"


def test_a_provider_is_where_it_is_unless_the_environment_says_otherwise():
    key = {"OPENAI_API_KEY": CANARY}

    assert provider_place("openai", key, None).url == "https://api.openai.com/v1"
    elsewhere = {**key, "OPENAI_BASE_URL": "http://10.0.0.5:8000/v1/"}
    assert provider_place("openai", elsewhere, None).url == "http://10.0.0.5:8000/v1"
    google = {"GOOGLE_API_KEY": CANARY, "GOOGLE_GEMINI_BASE_URL": "https://proxy.example"}
    assert provider_place("gemini", google, None).url == "https://proxy.example"
    assert provider_place("gemini", google, None).secrets == (CANARY,)
    both = {"GOOGLE_API_KEY": "other-key", "GEMINI_API_KEY": CANARY}
    assert provider_place("gemini", both, None).secrets == (CANARY,)


@pytest.mark.parametrize(
    ("provider", "named"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("gemini", "GOOGLE_API_KEY"),
    ],
)
def test_a_missing_key_is_named(provider, named):
    with pytest.raises(ModelError, match=rf"{named}.*--env-file"):
        provider_place(provider, {}, None)


def test_a_server_on_this_machine_needs_no_key():
    place = provider_place("openai", {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, None)

    assert place.key is None
    assert place.secrets == ()


def test_another_variable_may_hold_the_key():
    environment = {"MINE": CANARY, "OPENAI_API_KEY": "not-this-one"}

    assert provider_place("openai", environment, "MINE").secrets == (CANARY,)
    assert server_place("http://host/v1", environment, "MINE").secrets == (CANARY,)
    with pytest.raises(ModelError, match="set OTHER"):
        provider_place("openai", environment, "OTHER")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "OPENAI_API_KEY"),
        ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        ("https://my.openai.azure.com/openai/v1", "AZURE_OPENAI_API_KEY"),
        ("http://10.0.0.5:8000/v1", "HARNESS_API_KEY"),
        ("https://evilopenrouter.ai/v1", "HARNESS_API_KEY"),
        ("https://api.openai.com.evil.example/v1", "HARNESS_API_KEY"),
        ("https://openai.azure.com.evil.example/v1", "HARNESS_API_KEY"),
    ],
)
def test_a_key_goes_only_where_it_belongs(url, name):
    names = ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "AZURE_OPENAI_API_KEY", "HARNESS_API_KEY")
    environment = {each: f"key-of-{each}" for each in names}

    assert server_place(url, environment, None).secrets == (f"key-of-{name}",)


def test_azure_is_recognized():
    assert Place("https://my.openai.azure.com/openai/v1", None).is_azure
    assert not Place("https://openai.azure.com.evil.example/v1", None).is_azure


@pytest.mark.parametrize(
    "url", ["https://u:p@host/v1", "https://host/v1?key=x", "host/v1", "ftp://h"]
)
def test_a_base_url_that_would_publish_a_secret_is_refused(url):
    with pytest.raises(ModelError) as caught:
        provider_place("openai", {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": CANARY}, None)

    assert url not in str(caught.value)


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "sn\u00f6w", "\x00"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(value):
    with pytest.raises(ModelError, match="NAME holds") as caught:
        find_key(("NAME",), {"NAME": value})

    assert value not in str(caught.value)


def test_no_repr_shows_a_key():
    environment = {"OPENAI_API_KEY": CANARY}
    place = provider_place("openai", environment, None)
    shown = [place, ApiOptions(environment=environment), EngineOptions(api_key=CANARY)]

    assert CANARY not in repr(shown) + str(shown)
    assert CANARY not in repr(Redactor([CANARY]))


def test_a_file_completes_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ALREADY", "from the environment")
    monkeypatch.setenv("E", "")
    file = tmp_path / "keys.env"
    file.write_text(
        "# comment\n\nexport A=one\nB = 'two # not a comment'\nC=\"three\"\nD=four # comment\n"
        "E=a=b\nALREADY=from the file\n"
    )
    found = with_file(file)

    assert [found[name] for name in "ABCDE"] == [
        "one",
        "two # not a comment",
        "three",
        "four",
        "a=b",
    ]
    assert found["ALREADY"] == "from the environment"
    assert found["PATH"]


def test_a_line_that_is_none_is_named_but_not_shown(tmp_path):
    file = tmp_path / "keys.env"
    file.write_text(f"A=1\n{CANARY}\n")

    with pytest.raises(UsageError, match=r"keys\.env, line 2: expected NAME=value") as caught:
        with_file(file)
    assert CANARY not in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read"):
        with_file(tmp_path / "nothing.env")


@pytest.mark.parametrize(
    "said",
    [
        f"Incorrect API key provided: {CANARY}.",
        f"Bearer {CANARY}",
        f'{{"key": "{CANARY}"}}{CANARY}',
        "a%2Fb%2Bc%3Dd and a/b+c=d",
        '{"key": "q\\"uote"}',
    ],
)
def test_secrets_are_replaced_in_every_form(said):
    clean = Redactor([CANARY, "a/b+c=d", 'q"uote', "x"])(said)

    assert "canary" not in clean
    assert "a%2Fb" not in clean
    assert "a/b" not in clean
    assert "uote" not in clean
    assert "[key]" in clean


def test_ordinary_text_is_left_alone():
    assert Redactor(["", "x", CANARY])("xyz, an ordinary text") == "xyz, an ordinary text"
