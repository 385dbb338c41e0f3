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
        "--model", "-m", help="Registry name, .gguf path, hf://repo/file.gguf, openai/<id>, or URL."
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

# What `harness plan` takes.
Models = Annotated[
    list[str] | None,
    typer.Option("--model", "-m", help="As for `harness run`; several are compared."),
]
Pilot = Annotated[
    int,
    typer.Option(
        min=0,
        help="Ask K samples a task now, for real, and predict from the answers. They are kept: "
        "the run itself does not pay for them again.",
    ),
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

_HOSTED = "Hosted models"
Concurrency = Annotated[
    int, typer.Option(min=1, help="Most requests in flight.", rich_help_panel=_HOSTED)
]
EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file", help="File of NAME=value lines to find keys in.", rich_help_panel=_HOSTED
    ),
]
KeyEnv = Annotated[
    str | None,
    typer.Option(
        "--key-env", help="Name of the variable that holds the key.", rich_help_panel=_HOSTED
    ),
]
Api = Annotated[
    Literal["openai", "anthropic", "gemini"] | None,
    typer.Option(
        "--api", help="Ask the server at a URL by this protocol.", rich_help_panel=_HOSTED
    ),
]
Stream = Annotated[
    bool,
    typer.Option(
        "--stream", help="Ask for streams: tells the time to first token.", rich_help_panel=_HOSTED
    ),
]
Timeout = Annotated[
    float,
    typer.Option(min=1, help="Seconds that one attempt may take.", rich_help_panel=_HOSTED),
]
Batch = Annotated[
    bool,
    typer.Option(
        "--batch",
        help="Ask by batches, for half the price and within a day (OpenAI, Anthropic).",
        rich_help_panel=_HOSTED,
    ),
]
MaxUsd = Annotated[
    float | None,
    typer.Option(
        "--max-usd",
        min=0,
        help="Stop, with exit code 3, before the run costs more than this; never passed.",
        rich_help_panel=_HOSTED,
    ),
]
Price = Annotated[
    str | None,
    typer.Option(
        "--price",
        metavar="INPUT,OUTPUT",
        help="What the model charges, in $ per million tokens, where that is no list price.",
        rich_help_panel=_HOSTED,
    ),
]
ReasoningRoom = Annotated[
    int,
    typer.Option(
        "--reasoning-room",
        min=0,
        help="Tokens of thinking allowed beyond the reply's length; recorded.",
        rich_help_panel=_HOSTED,
    ),
]
Omit = Annotated[
    list[str] | None,
    typer.Option(
        "--omit",
        help="Leave temperature, top_p, stop or seed to the provider; recorded.",
        rich_help_panel=_HOSTED,
    ),
]


def trusted_folders(folders: list[Path] | None) -> tuple[Path, ...]:
    """Return the folders as a hashable tuple of absolute paths."""
    return tuple(folder.resolve() for folder in folders or ())
