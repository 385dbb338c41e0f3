"""Compare `mmlu_logprob` with lm-eval's own `mmlu`, item by item.

    python tests/oracle/parity.py --limit 570

The harness runs as a user runs it, through the loopback Hub. lm-eval then evaluates the same items
with its own task files and `evaluate()`, driven by a model that shares no code with our engine:
numpy scores each choice cold, one request at a time.
"""

import argparse
import concurrent.futures
import functools
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import numpy as np
from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]

from numpy_llama import NumpyLlama  # noqa: E402 -- after the path was extended

from shared_data import hub_server, shared_folder  # noqa: E402

MODEL = "hf://local/stories260K-gguf/stories260K-f32-ctx16k.gguf"


@functools.lru_cache(maxsize=1)
def network(path):
    return NumpyLlama(path)


def likelihood(path, tokens, count):
    """(log-likelihood, greedy) of the last `count` tokens after those before them."""
    table = network(path).logprobs(np.array(tokens[:-1]), count)
    wanted = tokens[-count:]
    greedy = bool((table.argmax(axis=1) == wanted).all())
    return float(sum(row[token] for row, token in zip(table, wanted, strict=True))), greedy


class ColdScorer(LM):
    """Scores each (context, continuation) from its first token, with the weights of a GGUF."""

    def __init__(self, path, processes=1):
        super().__init__()
        import xllamacpp

        self.path, self.processes = str(path), processes
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = 64
        params.verbosity = 0
        self.tokenizer = xllamacpp.Server(params)  # for /tokenize alone

    def tokens(self, text):
        body = json.dumps({"content": text, "add_special": True}).encode()
        url = self.tokenizer.listening_address + "/tokenize"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["tokens"]

    def loglikelihood(self, requests):
        jobs = [self.job(*request.args) for request in requests]
        with concurrent.futures.ProcessPoolExecutor(self.processes) as pool:
            return list(pool.map(likelihood, *zip(*jobs, strict=True)))

    def job(self, context, continuation):
        whole, before = self.tokens(context + continuation), self.tokens(context)
        assert whole[: len(before)] == before
        return self.path, whole, len(whole) - len(before)

    def loglikelihood_rolling(self, requests):
        raise NotImplementedError

    def generate_until(self, requests):
        raise NotImplementedError


def run_harness(tasks, limit, results):
    """Run the command, and return what it prints with --json and the finished run."""
    from harness.store.read import load_run

    command = [sys.executable, "-m", "harness", "run", "--model", MODEL, "--tasks", tasks]
    command += ["--limit", str(limit), "--results", str(results), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    return found, load_run(found["folder"])


def indices(run):
    """The positions of the asked samples in each subject's test split, in order."""
    from harness.tasks.catalog import choose
    from harness.tasks.lm_eval_adapter import load_task

    wanted = {row["sample_id"] for row in run.rows("samples")}
    subjects = sorted({row["subject"] for row in run.rows("samples")})
    everything = load_task(choose(["mmlu_logprob:" + ",".join(subjects)])[0])
    found = {subject: [] for subject in subjects}
    counted = dict.fromkeys(subjects, 0)
    for sample in everything.samples:
        if sample.sample_id in wanted:
            found[sample.subject].append((counted[sample.subject], sample.sample_id))
        counted[sample.subject] += 1
    return found


def evaluate_with_lm_eval(path, asked, processes):
    """lm-eval's own result over the same items of the stock task `mmlu` or its subjects."""
    import lm_eval

    folder = Path(lm_eval.__file__).parent / "tasks" / "mmlu" / "default"
    whole = len(asked) == 57
    return simple_evaluate(
        model=ColdScorer(path, processes),
        tasks=["mmlu"] if whole else [f"mmlu_{subject}" for subject in asked],
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
        num_fewshot=5,
        samples={f"mmlu_{subject}": [i for i, _ in chosen] for subject, chosen in asked.items()},
        log_samples=True,
        verbosity="ERROR",
    )


def compare(tasks, limit, path, results, processes=1):
    """Return the differences between both, item by item and as totals."""
    found, run = run_harness(tasks, limit, results)
    asked = indices(run)
    theirs = evaluate_with_lm_eval(path, asked, processes)
    logprobs = {r["sample_id"]: json.loads(r["logprobs"]) for r in run.rows("responses")}
    scores = {r["sample_id"]: r for r in run.rows("scores")}
    largest, unequal, n = 0.0, [], 0
    for subject, chosen in asked.items():
        ids = dict(chosen)
        for logged in theirs["samples"][f"mmlu_{subject}"]:
            sample_id = ids[logged["doc_id"]]
            cold = [float(reply[0][0]) for reply in logged["resps"]]
            difference = max(abs(a - b) for a, b in zip(cold, logprobs[sample_id], strict=True))
            largest = max(largest, difference)
            same_letter = scores[sample_id]["answer"] == "ABCD"[int(np.argmax(cold))]
            if not same_letter or scores[sample_id]["value"] != logged["acc"]:
                unequal.append(sample_id)
            n += 1
    summary = found["tasks"]["mmlu_logprob"]
    return {
        "n": n,
        "largest_logprob_difference": largest,
        "unequal_predictions": unequal,
        "accuracy": summary["strict"]["value"],
        "standard_error": summary["standard_error"],
        "lm_eval": {
            name: {key: result[key] for key in ("acc,none", "acc_stderr,none")}
            for name, result in theirs["results"].items()
        },
        "subjects": {
            s["subject"]: s["strict"]["value"] for s in found["tasks"]["mmlu_logprob"]["subjects"]
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", default="mmlu_logprob")
    parser.add_argument("--limit", type=int, default=570)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    data = shared_folder() / "data" / "hub"
    path = data / "models" / "local" / "stories260K-gguf" / "stories260K-f32-ctx16k.gguf"
    with tempfile.TemporaryDirectory() as results:
        outcome = compare(arguments.tasks, arguments.limit, path, results, arguments.processes)
    outcome["unequal_predictions"] = len(outcome["unequal_predictions"])
    outcome["lm_eval"] = outcome["lm_eval"].get("mmlu", outcome["lm_eval"])
    del outcome["subjects"]
    print(json.dumps(outcome, indent=2))


if __name__ == "__main__":
    if "HARNESS_PARITY_HUB" not in os.environ:  # the Hub's address is read at import
        data = shared_folder() / "data" / "hub"
        with (
            hub_server().HubServer(datasets=data / "datasets", models=data / "models") as hub,
            tempfile.TemporaryDirectory() as cache,
        ):
            environment = {"HF_ENDPOINT": hub.url, "HF_HOME": cache, "HARNESS_PARITY_HUB": "1"}
            command = [sys.executable, *sys.argv]
            sys.exit(subprocess.run(command, env=os.environ | environment, check=False).returncode)
    main()
