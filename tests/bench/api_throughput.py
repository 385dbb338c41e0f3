"""How fast a hosted model is asked: whole runs, journal included, against a loopback server.

    python tests/bench/api_throughput.py                        16 and 64 in flight, 2,000 samples
    python tests/bench/api_throughput.py --samples 20000        with the memory that takes
    python tests/bench/api_throughput.py --command              the whole command, from its start
    python tests/bench/api_throughput.py --url http://127.0.0.1:4010    a server that runs already

The server answers after 50 ms, so C in flight can bring C / 0.05 answers a second at best. Two
shares of that are printed: of the asking alone (first request to last stored answer), and of the
whole run from the opened model to the written tables. CPU is that of this process, threads and
kernel included; it is the steadier figure where a machine has other work.

Of the command, time runs from its start to its end, and the peak is that of its own process: the
process that loads tasks lives and ends before anything is asked, and is reported apart.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from cli_kit import environment  # noqa: E402
from harness.models.api.options import ApiOptions  # noqa: E402
from harness.models.open import OpenOptions, open_model  # noqa: E402
from harness.pipeline.options import Asking, Quiet, RunOptions  # noqa: E402
from harness.pipeline.plan import chosen, make_plan  # noqa: E402
from harness.pipeline.run import execute  # noqa: E402

LATENCY = 0.05
TOYS = ROOT / "tests" / "toy_tasks"
MODEL = "openai/gpt-4o-2024-08-06"
# Its last words on stderr are what it took; ru_maxrss of itself would begin at its parent's.
COMMAND = """
import re, resource, sys, time
from harness.cli.main import main
try:
    main()
finally:
    status = open("/proc/self/status", encoding="utf-8").read()
    loader = resource.getrusage(resource.RUSAGE_CHILDREN)
    peaks = int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024, loader.ru_maxrss / 1024
    print(time.process_time(), loader.ru_utime + loader.ru_stime, *peaks, file=sys.stderr)
"""


class Clock(Quiet):
    """Notes when asking begins and when the last answer was stored."""

    def __init__(self):
        self.began = self.ended = 0.0

    def start(self, total, done):
        self.began = time.perf_counter()

    def advance(self, response):
        self.ended = time.perf_counter()


def main():
    arguments = parsed()
    os.environ["TOY_MANY"] = str(arguments.samples)
    if arguments.command:
        for _ in range(arguments.rounds):
            for concurrency in arguments.concurrency:
                measure_command(arguments, concurrency)
        return
    began = time.process_time()
    asking = Asking(("toy_many",), (TOYS,))
    plan = make_plan(chosen(asking), asking)
    loading = (time.process_time() - began) / arguments.samples * 1000
    print(
        f"{arguments.samples:,} samples; the task took {loading:.2f} ms CPU a sample to load, "
        f"{peak():.0f} MB; load of the machine {os.getloadavg()[0]:.1f}"
    )
    for concurrency in arguments.concurrency:
        for _ in range(arguments.rounds):
            measure(arguments, plan, concurrency)


def measure(arguments, plan, concurrency):
    server, url = (None, arguments.url) if arguments.url else started()
    api = ApiOptions(concurrency=concurrency, stream=arguments.stream, environment=settings(url))
    clock = Clock()
    before, cpu, wall = peak(), time.process_time(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        model = open_model(MODEL, OpenOptions(api=api))
        try:
            run = execute(model, plan, RunOptions(Path(folder)), clock)
        finally:
            model.close()
        whole = time.perf_counter() - wall
        cpu, most = time.process_time() - cpu, peak()
        counts = run.scores["outcome"].value_counts().to_dict()
    if server:
        server.kill()
        server.wait()
    n, ideal = arguments.samples, concurrency / LATENCY
    print(
        f"C={concurrency}: asking {n / (clock.ended - clock.began):,.0f}/s "
        f"({n / (clock.ended - clock.began) / ideal:.2f} of {ideal:,.0f}), "
        f"whole run {n / whole:,.0f}/s ({n / whole / ideal:.2f}), "
        f"CPU {cpu / n * 1000:.2f} ms a sample, peak {most:.0f} MB (+{most - before:.0f}), "
        f"{counts}, load {os.getloadavg()[0]:.1f}"
    )


def measure_command(arguments, concurrency):
    server, url = (None, arguments.url) if arguments.url else started()
    options = ["--trust-tasks", TOYS, "--concurrency", concurrency]
    options += ["--stream"] * arguments.stream
    wanted = ["run", "--model", MODEL, "--tasks", "toy_many", *options]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *map(str, wanted)],
            cwd=folder,
            env=environment(**settings(url)),
            capture_output=True,
            text=True,
            check=True,
        )
        wall = time.perf_counter() - began
    served = "" if server is None else f", server {cpu_of(server) / arguments.samples * 1000:.2f}"
    if server:
        server.kill()
        server.wait()
    cpu, loading, most, loader = map(float, done.stderr.splitlines()[-1].split())
    n, ideal = arguments.samples, concurrency / LATENCY
    print(
        f"C={concurrency}: command {wall:.1f} s, {n / wall:,.0f}/s ({n / wall / ideal:.2f} of "
        f"{ideal:,.0f}), CPU ms a sample: {cpu / n * 1000:.2f}, loading {loading / n * 1000:.2f}"
        f"{served}; peak {most:.0f} MB, while loading {loader:.0f} MB beside it, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def settings(url):
    return {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "sk-bench"}


def cpu_of(process):
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


def started():
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "api_stub.py"), "--latency", str(LATENCY)],
        stdout=subprocess.PIPE,
        text=True,
    )
    return server, server.stdout.readline().strip()


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--command", action="store_true", help="the whole command, from its start")
    parser.add_argument("--url", help="a running server with 50 ms latency, such as aimock")
    return parser.parse_args()


if __name__ == "__main__":
    main()
