"""The same questions to the same loopback server by harness, inspect_ai and lm-eval, in turns.

    pip install inspect_ai openai               into an environment of its own, if it clashes
    python tests/bench/api_rivals.py --inspect /path/to/that/bin/python

Timed is everything between "the program is imported" and "the result is stored": loading the
questions, asking, scoring, writing. The server answers after 50 ms, 64 requests are in flight.
CPU is that of the asking process; a share of the wall clock says little on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from api_throughput import LATENCY, ROOT, TOYS, started

CONCURRENCY = 64

_TIMED = """
import json, os, sys, tempfile, time
N, URL, C = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
folder = tempfile.mkdtemp()
{imports}
began, cpu = time.perf_counter(), time.process_time()
{work}
print(json.dumps({{"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu,
                  "right": right}}))
"""

HARNESS = _TIMED.format(
    imports="""
import datasets, lm_eval, lm_eval.tasks, pandas
from pathlib import Path
from harness.models.api.options import ApiOptions
from harness.models.open import OpenOptions
from harness.pipeline.options import Asking, Quiet, RunOptions
from harness.pipeline.run import run_address
""",
    work="""
keys = {"OPENAI_BASE_URL": URL + "/v1", "OPENAI_API_KEY": "sk-bench"}
opening = OpenOptions(api=ApiOptions(concurrency=C, environment=keys))
asking = Asking(("toy_many",), (Path(os.environ["TOYS"]),))
run = run_address("openai/gpt-4o-2024-08-06", asking, opening, RunOptions(Path(folder)), Quiet())
right = int((run.scores["outcome"] == "correct").sum())
""",
)

INSPECT = _TIMED.format(
    imports="""
os.environ |= {"BENCH_BASE_URL": URL + "/v1", "BENCH_API_KEY": "sk-bench"}
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import match
from inspect_ai.solver import generate
""",
    work="""
def sample(n):
    right, total = n % 4, n + n % 7
    options = "\\n".join(f"{'ABCD'[i]}. {total + (i - right) * 3}" for i in range(4))
    return Sample(input=f"{n} + {n % 7} = ?\\n{options}\\nAnswer:", target="ABCD"[right])

task = Task(dataset=[sample(n) for n in range(N)], solver=generate(), scorer=match())
(log,) = eval(task, model="openai-api/bench/gpt-4o", max_connections=C, max_samples=C,
              log_dir=folder, display="none")
right = round(log.results.scores[0].metrics["accuracy"].value * N)
""",
)

LM_EVAL = _TIMED.format(
    imports="""
os.environ["OPENAI_API_KEY"] = "sk-bench"
import lm_eval, lm_eval.tasks, lm_eval.models.openai_completions
""",
    work="""
model = (f"model=gpt-4o,base_url={URL}/v1/chat/completions,num_concurrent={C},max_retries=3,"
         "tokenized_requests=False")
found = lm_eval.simple_evaluate("local-chat-completions", model_args=model, tasks=["toy_many"],
    task_manager=lm_eval.tasks.TaskManager(include_path=os.environ["TOYS"]),
    apply_chat_template=True, log_samples=True, bootstrap_iters=0)
with open(folder + "/samples.json", "w") as file:
    json.dump(found["samples"], file, default=str)
right = round(found["results"]["toy_many"]["exact_match,none"] * N)
""",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inspect", default=sys.executable, help="a Python that has inspect_ai")
    told = parser.parse_args()
    rivals = {
        "harness": (sys.executable, HARNESS),
        "inspect_ai": (told.inspect, INSPECT),
        "lm-eval": (sys.executable, LM_EVAL),
    }
    found = {name: [] for name in rivals}
    for _ in range(told.rounds):
        for name, (python, script) in rivals.items():
            found[name].append(measure(name, python, script, told.samples))
    best = {name: statistics.median(rates) for name, rates in found.items()}
    for name, rate in best.items():
        print(f"{name}: median {rate:,.0f}/s; harness is {best['harness'] / rate:.1f} times it")


def measure(name, python, script, samples):
    server, url = started()
    settings = {"TOY_MANY": str(samples), "TOYS": str(TOYS), "PYTHONPATH": str(ROOT),
                "TQDM_DISABLE": "1", "HF_HUB_OFFLINE": "1"}  # fmt: skip
    try:
        with tempfile.TemporaryDirectory() as here:
            done = subprocess.run(
                [python, "-c", script, str(samples), url, str(CONCURRENCY)],
                env={**os.environ, **settings}, cwd=here, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
    finally:
        server.kill()
        server.wait()
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    rate = samples / told["seconds"]
    print(
        f"{name}: {rate:,.0f}/s ({rate * LATENCY / CONCURRENCY:.2f} of ideal), "
        f"CPU {told['cpu'] / samples * 1000:.2f} ms a sample, {told['right']} right, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return rate


if __name__ == "__main__":
    main()
