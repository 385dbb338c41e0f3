"""Time, memory and size of the site over five runs of 14,042 samples each.

Usage: python tests/bench/report_speed.py [FOLDER]

Without FOLDER the runs are made in a temporary folder and removed afterwards. The report is
built in a child process, so that its peak memory is its own. The text is of random words, so that
it packs no better than language does and the samples exceed what one page may hold. Where there is
a Chromium, it is measured how long the page of samples takes to be of use.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from run_files import MODEL, PlantedTask, counts, write_run  # noqa: E402  # beside us, no package

N_RUNS = 5
COUNTS = counts(correct=9600, wrong=4300, unparsed=70, truncated=40, refused=20, error=12)
MAX_SECONDS = 30
MAX_MEMORY = 1_500_000_000
MAX_INDEX = 1_000_000
MAX_PAGE = 22_000_000
MAX_READY = 2.0

_SHOTS = "Which of these statements about the bones of the wrist is true?\nA. one\nB. two\n" * 50
_LETTERS = random.Random(0)
_WORDS = ["".join(_LETTERS.choices("aeinorstlmdu", k=_LETTERS.randint(2, 10))) for _ in range(4000)]
_CHILD = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
from harness.report.build import build_report
result = build_report(Path(sys.argv[1]), Path(sys.argv[2]))
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
size = result.path.stat().st_size
print(json.dumps({"runs": result.n_runs, "seconds": seconds, "peak": peak, "size": size}))
"""


def make_runs(results: Path) -> None:
    """Write the runs: 57 subjects, requests of about 4 kB and replies of about 1.5 kB."""
    for i in range(N_RUNS):
        plan = PlantedTask(
            COUNTS,
            subjects=[f"subject_{s:02}" for s in range(57)],
            seed=i,
            question=lambda n: f"{_SHOTS}\nQuestion {n}",
            reply=lambda n, gold, _, i=i: f"{prose(i * 100_000 + n)} {gold}",
        )
        model = replace(MODEL, name=f"model-{i}", sha256=f"{i:064x}")
        write_run(results, {"mmlu": plan}, run_id=f"run-{i}", model=model)


def prose(seed: int) -> str:
    """Return about 1.5 kB of words, as if reasoned."""
    return " ".join(random.Random(seed).choices(_WORDS, k=220))


def ready_seconds(page: Path) -> float | None:
    """Return how long a browser takes until a page of samples can be used; None without one."""
    from browser.picture import browser_path

    found = browser_path()
    if found is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
        opened = browser.new_page()
        start = time.perf_counter()
        opened.goto(page.as_uri())
        opened.wait_for_selector("body[data-ready]")
        seconds = time.perf_counter() - start
        browser.close()
    return seconds


def measure(results: Path, reports: Path) -> dict[str, float]:
    """Build the report in a fresh process and return its seconds, peak bytes and size."""
    command = [sys.executable, "-c", _CHILD, str(results), str(reports)]
    root = Path(__file__).parents[2]
    child = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root)
    found: dict[str, float] = json.loads(child.stdout)
    return found


def main(folder: Path) -> int:
    """Print what it took; 1 where a limit is exceeded."""
    results = folder / "results"
    if not results.exists():
        make_runs(results)
    found = measure(results, folder / "reports")
    stored = sum(file.stat().st_size for file in results.rglob("*.parquet"))
    print(f"runs      {found['runs']} x {sum(COUNTS.values()):,} samples, {stored / 1e6:.1f} MB")
    print(f"seconds   {found['seconds']:.1f} (limit {MAX_SECONDS})")
    print(f"peak RSS  {found['peak'] / 1e6:.0f} MB (limit {MAX_MEMORY / 1e6:.0f})")
    print(f"index     {found['size'] / 1e6:.2f} MB (limit {MAX_INDEX / 1e6:.0f})")
    samples = next((folder / "reports" / "samples").glob("*.html"))
    size, ready = samples.stat().st_size, ready_seconds(samples)
    print(f"samples   {size / 1e6:.2f} MB (limit {MAX_PAGE / 1e6:.0f})")
    print(
        f"ready     {'no browser' if ready is None else f'{ready:.2f} s'} (limit {MAX_READY:.0f})"
    )
    fits = (
        found["seconds"] <= MAX_SECONDS,
        found["peak"] <= MAX_MEMORY,
        found["size"] <= MAX_INDEX,
        size <= MAX_PAGE,
        ready is None or ready <= MAX_READY,
    )
    return int(not all(fits))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as made:
        sys.exit(main(Path(made)))
