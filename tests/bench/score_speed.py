"""How long it takes to store and to re-score a run of all 14,042 questions of MMLU.

    HF_ENDPOINT=http://127.0.0.1:8099 python tests/bench/score_speed.py

A mock answers, so that only the pipeline, the store and the scorer are timed. Prints seconds and
the peak resident set of each step, which is a process of its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import random, sys
from pathlib import Path
from harness.models.mock import MockModel
from harness.pipeline.options import Asking, Quiet, RunOptions
from harness.pipeline.plan import chosen, make_plan
from harness.pipeline.run import execute

rng = random.Random(0)
FORMS = ["{}", "{}.", "The answer is ({}).", "**{}**", "Answer: {}", "{}. as the question says",
         "I am not sure about that.", "Let us think step by step about the question. " * 20 + "{}"]
asking = Asking(("mmlu",))
plan = make_plan(chosen(asking), asking)
model = MockModel(lambda request: rng.choice(FORMS).format(rng.choice("ABCD")))
print(execute(model, plan, RunOptions(Path(sys.argv[1])), Quiet()).folder)
"""


def timed(command):
    began = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return done.stdout.strip(), {"seconds": round(seconds, 1), "peak_rss_mb_so_far": round(peak)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.parse_args()
    with tempfile.TemporaryDirectory() as results:
        folder, run = timed([sys.executable, "-c", RUN, results])
        _, score = timed([sys.executable, "-m", "harness", "score", folder, "--json"])
        stored = {p.name: f"{p.stat().st_size / 1e6:.1f} MB" for p in Path(folder).iterdir()}
    print(json.dumps({"run": run, "score": score, "stored": stored}, indent=2))


if __name__ == "__main__":
    main()
