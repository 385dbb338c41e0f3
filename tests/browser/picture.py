"""Photograph a rendered report with a real browser: the pictures in the README.

cd reports/demo && alias photograph='python ../../tests/browser/picture.py'
photograph index.html ../../docs/report.png 1200,1260
photograph compare/pico-*.html ../../docs/decision.png 1100,860
photograph samples/quick_mc-*.html ../../docs/samples.png 1240,960 '#...&id=808182e2ec00'
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SIZE = "1200,1160"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--virtual-time-budget=5000",
)  # fmt: skip


def browser_path() -> str | None:
    """Return where a Chromium is installed, None where none is."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def photograph(page: Path, picture: Path, size: str = SIZE, anchor: str = "") -> None:
    """Write what the browser shows of a page as PNG."""
    browser = browser_path()
    if browser is None:
        sys.exit(f"none of {', '.join(BROWSERS)} is installed")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser, *QUIET, f"--user-data-dir={profile}", f"--window-size={size}",
                f"--screenshot={picture.resolve()}", f"{page.resolve().as_uri()}{anchor}",
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip


if __name__ == "__main__":
    photograph(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:5])
