"""Write the sample report in `reports/demo` again, from the runs of `harness demo` stored there.

Usage: python tests/sample_report.py [FOLDER]

The same as `harness compare` of pico and nano with `--html`, then `harness report`. Speeds are
those of the machine that ran the demo, which is why its runs are stored. The bytes are the same
wherever matplotlib and zlib are those of MADE_WITH; other versions may draw or pack otherwise.
"""

import sys
import zlib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from harness.analysis.compare import compare  # noqa: E402  # this checkout, not an installed one
from harness.report.build import build_report  # noqa: E402
from harness.report.decision import write_decision  # noqa: E402
from harness.report.links import DECISIONS  # noqa: E402
from harness.store.read import find_runs  # noqa: E402

SAMPLE = ROOT / "reports" / "demo"
MADE_WITH = {"matplotlib": "3.11.2", "zlib": "1.2.13"}


def here() -> dict[str, str]:
    """Return the versions of this environment that bytes depend on."""
    return {"matplotlib": version("matplotlib"), "zlib": zlib.ZLIB_RUNTIME_VERSION}


def write(reports: Path) -> None:
    """Write the site and its decision report from the stored runs."""
    results = SAMPLE / "results"
    runs = {run.manifest.model.name: run for run in find_runs(results)[0]}
    pair = runs["pico-q4_0"], runs["nano-f16"]
    write_decision(compare(*pair), pair, reports / DECISIONS)
    build_report(results, reports)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE)
    print(f"made with {here()}, the stored one with {MADE_WITH}")
