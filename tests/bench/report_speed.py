"""Time and memory of the report over five runs of 14,042 samples each.

Usage: python tests/bench/report_speed.py [FOLDER]

Without FOLDER the runs are made in a temporary folder and removed afterwards. The report is
built in a child process, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from run_files import MODEL, PlantedTask, counts, write_run  # noqa: E402  # beside us, no package

N_RUNS = 5
COUNTS = counts(correct=9600, wrong=4300, unparsed=70, truncated=40, refused=20, error=12)
MAX_SECONDS = 20
MAX_MEMORY = 1_000_000_000

_SHOTS = "Which of these statements about the bones of the wrist is true?\nA. one\nB. two\n" * 50
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
            reply=lambda n, gold, _: f"Step {n}: " + f"reasoning {n * 7919} " * 90 + gold,
        )
        model = replace(MODEL, name=f"model-{i}", sha256=f"{i:064x}")
        write_run(results, {"mmlu": plan}, run_id=f"run-{i}", model=model)


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
    print(f"page      {found['size'] / 1e6:.2f} MB")
    return int(found["seconds"] > MAX_SECONDS or found["peak"] > MAX_MEMORY)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as made:
        sys.exit(main(Path(made)))
