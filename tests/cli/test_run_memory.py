"""The memory of `harness run` against a hosted model: of the command, not of a call within it."""

import subprocess
import sys

import pytest

from api_stub import ApiStub
from cli_kit import TOYS, environment

COMMAND = """
import re, sys
from harness.cli.main import main
try:
    main()
finally:
    # Not ru_maxrss: that of a child begins at what its parent, this test run, has in use.
    status = open("/proc/self/status", encoding="utf-8").read()
    print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024, file=sys.stderr)
    print({"pandas", "statsmodels", "scipy", "lm_eval", "datasets"} & set(sys.modules))
"""


@pytest.mark.slow
def test_a_whole_run_stays_small_from_its_start_to_its_summary(tmp_path):
    options = ["--trust-tasks", str(TOYS), "--concurrency", "64"]
    asked = ["run", "--model", "openai/gpt-4o-2024-08-06", "--tasks", "toy_many", *options]
    with ApiStub(latency=0.01) as stub:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *asked],
            cwd=tmp_path,
            env=environment(**stub.environment(), TOY_MANY="5000"),
            capture_output=True,
            text=True,
            check=True,
        )

    assert "5000" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"
    # Some 2 KB for each sample: 170 MB here is 200 MB with 20,000 of them.
    assert float(done.stderr.splitlines()[-1]) < 170
