"""Six models with planted truths: three small, three large, on this machine and hosted.

Who is right where is planted: with one seed the right answers of the weaker are among those of
the stronger; OTHER plants as many on other questions, so that many answers change sides.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from run_files import MODEL, PlantedTask, Timing, counts, write_run

SUBJECTS = ("anatomy", "law", "logic", "physics", "virology")
EACH = 400  # questions of a subject of "facts"
SUMS = 1000
SEED, OTHER = 3, 11


def facts(*right: int, seed: int = SEED, **more) -> PlantedTask:
    """Plant the right answers of each subject, of 400; one number is that of every subject."""
    by = right if len(right) > 1 else right * len(SUBJECTS)
    parts = {
        s: counts(correct=n, wrong=EACH - n) for s, n in zip(SUBJECTS, by, strict=True)
    }  # fmt: skip
    total = counts(correct=sum(by), wrong=EACH * len(SUBJECTS) - sum(by))
    return PlantedTask(total, SUBJECTS, by_subject=parts, seed=seed, **more)


def sums(seed: int = SEED, **outcomes: int) -> PlantedTask:
    return PlantedTask(counts(**outcomes), ("",), seed=seed)


def local(parameters: float, quantization: str, gigabytes: float) -> dict:
    return {
        "parameters": int(parameters * 1e9),
        "quantization": quantization,
        "file_bytes": int(gigabytes * 1e9),
    }


HOSTED = {
    "parameters": None, "quantization": None, "file_bytes": None, "sha256": None, "family": None,
    "backend": "openai", "engine": "api", "engine_version": "", "settings": {}, "hardware": {},
}  # fmt: skip

MODELS = {
    "small-q4": local(3.8, "Q4_K_M", 2.4),
    "small-f16": local(3.8, "F16", 7.6),
    "mini-api": HOSTED,
    "large-local": local(70, "Q8_0", 75),
    "large-api": HOSTED,
    "dear-api": HOSTED,
}

TAKES = {
    "small-q4": Timing(total_seconds=0.4, decode_seconds=0.2, peak_memory_bytes=3_000_000_000),
    "small-f16": Timing(total_seconds=0.9, decode_seconds=0.5, peak_memory_bytes=8_500_000_000),
    "mini-api": Timing(total_seconds=0.7, cost_usd=0.0004, peak_memory_bytes=None),
    "large-local": Timing(total_seconds=6.0, decode_seconds=4.0, peak_memory_bytes=78_000_000_000),
    "large-api": Timing(total_seconds=1.5, cost_usd=0.004, peak_memory_bytes=None),
    "dear-api": Timing(total_seconds=1.5, cost_usd=0.012, peak_memory_bytes=None),
}

ANSWERS = {
    "small-q4": (facts(320), sums(correct=700, unparsed=100, wrong=200)),
    "small-f16": (facts(320), sums(correct=800, wrong=200)),
    "mini-api": (facts(220, 320, 220, 220, 220), sums(correct=450, wrong=450, error=100)),
    "large-local": (facts(320, seed=OTHER), sums(correct=850, wrong=150)),
    "large-api": (facts(352), sums(correct=900, wrong=100)),
    "dear-api": (facts(352), sums(correct=900, wrong=100)),
}
ZERO_SHOT = "large-api-0-shot"
"""A second run of large-api, on facts without examples: no other run is comparable with it."""


def write_six(results: Path) -> None:
    """Write the runs of all six, named after their models, and the one without examples."""
    for i, (name, about) in enumerate(MODELS.items()):
        known = {"sha256": f"{i + 1:064x}", "source": f"example/{name}"} | about
        if about is HOSTED:
            known["snapshot"] = f"{name}-2024-05-13"
        model = replace(MODEL, name=name, **known)
        asked = [replace(plan, timing=TAKES[name]) for plan in ANSWERS[name]]
        write_run(results, dict(zip(("facts", "sums"), asked, strict=True)), run_id=name,
                  model=model)  # fmt: skip
        if name == "large-api":
            without = replace(asked[0], protocol={"shots": 0})
            write_run(results, {"facts": without}, run_id=ZERO_SHOT, model=model)
