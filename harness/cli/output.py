"""What commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any


def result(text: str) -> None:
    """Print a line of the result on stdout."""
    print(text)


def write(text: str) -> None:
    """Write a whole document on stdout, as UTF-8 wherever it goes."""
    sys.stdout.buffer.write(text.encode("utf-8"))


def say(text: str) -> None:
    """Print a line for the person watching, on stderr."""
    print(text, file=sys.stderr, flush=True)


def as_json(value: Any) -> None:
    """Print a result that a script reads, on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table on stdout; names from models or files are never read as markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console = Console()
    # Without a terminal rich assumes 80 columns and would break every row.
    Console(width=None if console.is_terminal else 200).print(drawn)
