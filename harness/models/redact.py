"""Keeps keys out of every text that came from a server: errors, replies, headers, names."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote

REDACTED = "[key]"
_SHORTEST = 4
"""Shorter secrets are no keys, and replacing them would tear ordinary text apart."""


class Redactor:
    """Replaces known secrets in texts, also where they stand escaped in JSON or in a URL."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {
            form
            for secret in secrets
            if len(secret) >= _SHORTEST
            for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))
        }
        # The longest first: one secret may be the beginning of another.
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return `text` without the secrets."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, REDACTED)
        return text

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"
