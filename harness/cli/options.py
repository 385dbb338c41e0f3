"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Results = Annotated[
    Path,
    typer.Option("--results", help="Folder of the stored runs.", envvar="HARNESS_RESULTS"),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Trusted = Annotated[
    list[Path] | None,
    typer.Option(
        "--trust-tasks",
        help="Folder of further tasks. Task files run code: name only folders you trust.",
    ),
]
Registry = Annotated[
    Path | None,
    typer.Option("--registry", help="YAML file with further models.", envvar="HARNESS_REGISTRY"),
]

# What `harness run` takes.
Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", help="Registry name, path of a .gguf, hf://repo/file.gguf, or URL."
    ),
]
Tasks = Annotated[
    list[str] | None,
    typer.Option("--tasks", "-t", help="Such as mmlu, mmlu:anatomy,virology or lm_eval/piqa."),
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Ask N samples a task, stratified by subject.")
]
Seed = Annotated[int, typer.Option(help="Seed of --limit and --verify.")]
Shots = Annotated[
    int | None, typer.Option(min=0, help="Examples, for a task of lm-eval that states none.")
]
MaxTokens = Annotated[
    int | None, typer.Option(min=1, help="Reply length, for one of lm-eval that states none.")
]
Temperature = Annotated[
    float | None,
    typer.Option(min=0, help="Instead of the tasks' own: a variant under another protocol."),
]
Verify = Annotated[
    int, typer.Option(min=0, help="Re-ask N random items cold and store what differs.")
]
MaxErrorRate = Annotated[
    float, typer.Option(min=0, max=1, help="Exit 3 when more samples than this have no answer.")
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Ask everything again, reusing no stored answer.")
]
AcceptChanged = Annotated[
    bool, typer.Option("--accept-changed-weights", help="Accept new bytes under an old name.")
]

# What `harness judge` takes.
Judges = Annotated[
    list[str] | None,
    typer.Option("--judge", "-j", help="A model, as for --model; again for a panel."),
]
Mode = Annotated[
    Literal["single", "pairwise"],
    typer.Option(help="Rate each answer 1 to 10, or compare every two runs in both orders."),
]
Parsing = Annotated[
    Literal["strict", "compatible"],
    typer.Option(help="How verdicts are read; compatible as MT-bench's own code, faults and all."),
]
Prompts = Annotated[
    Path | None,
    typer.Option("--judge-prompts", help="YAML, or MT-bench's own judge_prompts.jsonl."),
]
References = Annotated[
    Path | None, typer.Option(help="Right answers in MT-bench's form, such as gpt-4.jsonl.")
]
Labels = Annotated[
    Path | None, typer.Option(help="Verdicts of people (JSON lines), stored beside the judges'.")
]
JudgeTokens = Annotated[int, typer.Option("--max-tokens", min=1, help="Length of a judge's reply.")]
Calibrate = Annotated[
    bool, typer.Option("--calibrate", help="Also ask about bundled pairs of known verdict.")
]
Anchors = Annotated[
    bool,
    typer.Option("--anchors", help="Rate the bundled answers again, to see whether it drifted."),
]

_LOCAL = "Local models"
Context = Annotated[
    int | None, typer.Option(min=16, help="Tokens of context a request.", rich_help_panel=_LOCAL)
]
Slots = Annotated[
    int,
    typer.Option(
        min=1, help="Requests at once; more than 1 may change texts.", rich_help_panel=_LOCAL
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(min=1, help="Threads (default: cores available).", rich_help_panel=_LOCAL),
]
Interface = Annotated[
    str | None,
    typer.Option(
        help="chat or completion, instead of what the file suggests.", rich_help_panel=_LOCAL
    ),
]
KvType = Annotated[
    str | None,
    typer.Option(
        "--kv-type", help="Type of the KV cache, such as f16 or q8_0.", rich_help_panel=_LOCAL
    ),
]
FlashAttention = Annotated[
    str | None, typer.Option(help="auto, on or off.", rich_help_panel=_LOCAL)
]
LlamaServer = Annotated[
    str | None,
    typer.Option(
        "--llama-server",
        help="Run this llama-server binary instead of the embedded engine.",
        envvar="HARNESS_LLAMA_SERVER",
        rich_help_panel=_LOCAL,
    ),
]


def trusted_folders(folders: list[Path] | None) -> tuple[Path, ...]:
    """Return the folders as a hashable tuple of absolute paths."""
    return tuple(folder.resolve() for folder in folders or ())
