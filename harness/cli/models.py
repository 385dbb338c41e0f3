"""`harness models`: what can be asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from harness.cli.options import Json, Registry
from harness.cli.output import as_json, result, table
from harness.errors import ModelError, nearest


def models(
    name: Annotated[str | None, typer.Argument(help="Show this model in detail.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List the models that have a name here, or show one."""
    from harness.models.registry import describe, load_registry

    known = load_registry(registry)
    if name is not None:
        entry = known.find(name)
        if entry is None:
            hint = nearest(name, known.known_names())
            raise ModelError(f"unknown model {name!r}; {hint} `harness models` lists them all")
        facts = {k: v for k, v in entry.model_dump(mode="json").items() if v not in (None, [], "")}
        if json:
            as_json(facts)
            return
        for field, value in facts.items():
            result(f"{field:18} {value}")
        return
    if json:
        as_json([entry.model_dump(mode="json") for entry in known])
        return
    rows = [asdict(row) for row in describe(known)]
    table(list(rows[0]), [[str(cell) for cell in row.values()] for row in rows])
    result(
        "Also: path/to/model.gguf, hf://org/repo/file.gguf, openai/<id>, anthropic/<id>, "
        "gemini/<id>, http://host:port#<id> of any server that speaks OpenAI's protocol."
    )
