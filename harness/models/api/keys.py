"""Where keys and base URLs come from: the environment, or a file that the user names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from harness.errors import ModelError, UsageError
from harness.models.transport import is_loopback

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_AZURE = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider is, and the environment variables that say otherwise."""

    url: str
    url_names: tuple[str, ...]
    key_names: tuple[str, ...]


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider("https://api.openai.com/v1", ("OPENAI_BASE_URL",), ("OPENAI_API_KEY",)),
    "anthropic": Provider(
        "https://api.anthropic.com", ("ANTHROPIC_BASE_URL",), ("ANTHROPIC_API_KEY",)
    ),
    "gemini": Provider(
        "https://generativelanguage.googleapis.com",
        ("GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"),
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    ),
}

# A key goes only where it belongs: never OpenAI's to whatever server an address names.
_OWN_SERVER = ("HARNESS_API_KEY", "LLAMA_API_KEY")
_BY_HOST: Mapping[str, tuple[str, ...]] = {
    "api.openai.com": ("OPENAI_API_KEY",),
    "openrouter.ai": ("OPENROUTER_API_KEY",),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model is asked, and the key for it, which no repr shows."""

    url: str
    key: SecretStr | None

    @property
    def is_azure(self) -> bool:
        """Whether Azure serves it, which wants the key in a header of its own."""
        return _host(self.url).endswith(_AZURE)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear anywhere."""
        return () if self.key is None else (self.key.get_secret_value(),)


def provider_place(
    provider: str, environment: Mapping[str, str], key_env: str | None, *, required: bool = True
) -> Place:
    """Return where a provider's models are asked.

    Raises:
        ModelError: there is no key for it although one is `required`, or its base URL is none.
    """
    known = PROVIDERS[provider]
    found = (environment[name] for name in known.url_names if environment.get(name))
    url = next(found, known.url).rstrip("/")
    _check_url(url, known.url_names[0])
    names = (key_env,) if key_env else known.key_names
    key = find_key(names, environment)
    if key is None and required and not is_loopback(url):
        raise ModelError(
            f"a key is needed to ask {provider}: set {' or '.join(names)} in the environment, "
            "or name a file that sets it with --env-file"
        )
    return Place(url, key)


def server_place(url: str, environment: Mapping[str, str], key_env: str | None) -> Place:
    """Return a server by its URL with the key that belongs to it, if there is one."""
    host = _host(url)
    azure = ("AZURE_OPENAI_API_KEY",) if host.endswith(_AZURE) else None
    names = (key_env,) if key_env else azure or _BY_HOST.get(host, _OWN_SERVER)
    return Place(url.rstrip("/"), find_key(names, environment))


def find_key(names: tuple[str, ...], environment: Mapping[str, str]) -> SecretStr | None:
    """Return the value of the first of these variables that is set."""
    for name in names:
        value = environment.get(name, "").strip()
        if value:
            _check_header(name, value)
            return SecretStr(value)
    return None


def with_file(file: Path | None) -> Mapping[str, str]:
    """Return the environment, completed by the lines NAME=value of a file.

    What is set in the environment already wins.

    Raises:
        UsageError: the file cannot be read, or a line of it is no such line.
    """
    if file is None:
        return os.environ
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read as --env-file ({type(error).__name__})") from None
    told: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:  # the line itself may be a key, so it is not shown
            raise UsageError(f"{file}, line {number}: expected NAME=value")
        told[match[1]] = _unquoted(match[2])
    missing = {name: value for name, value in told.items() if not os.environ.get(name)}
    return os.environ | missing


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value.split(" #", 1)[0].strip()


def _check_header(name: str, value: str) -> None:
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ModelError(f"{name} holds characters that no key has; set it again")


def _check_url(url: str, name: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ModelError(f"{name} is no base URL; expected http(s)://host[:port][/path]")
    # Base URLs are stored with every run, so a secret in one would be published.
    if parts.username is not None or parts.password is not None or parts.query:
        raise ModelError(f"{name} carries credentials or a query; give the key as a variable")


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
