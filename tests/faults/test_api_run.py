"""A hosted model from the command line: keys that never show, faults with their exit codes."""

import base64
import gzip
import json
import re
import signal
import subprocess
import time

import pytest

from api_kit import PROVIDERS
from api_stub import ApiStub, Reply, Status, Wrong, add
from cli_kit import TOYS, command, environment, harness
from harness.store.read import load_run

pytestmark = pytest.mark.slow

CANARY = "sk-canary-a1b2c3d4e5f6"
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")
KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")
DATED = PROVIDERS[0]


def asked_of(stub, *more, model=DATED, limit=40, task="toy_many"):
    size = [] if limit is None else ["--limit", limit]
    options = [*size, "--trust-tasks", TOYS, "--concurrency", 4]
    return ["run", "--model", model, "--tasks", task, *options, *more]


def settings(stub, key=CANARY):
    return stub.environment(key)


def run_at(stub, cwd, *more, key=CANARY, **asked):
    return harness(*asked_of(stub, *more, **asked), cwd=cwd, **settings(stub, key))


def refused(done, code, *words):
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert re.search(word, done.stderr), done.stderr


def only_run(cwd):
    (folder,) = (cwd / "results").iterdir()
    return load_run(folder)


def everything_under(folder):
    """All that the files below a folder say, unpacked, by file."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        yield path, raw
        if path.suffix == ".parquet":
            run = load_run(path.parent)
            yield path, "\n".join(json.dumps(row) for row in run.rows(path.stem)).encode()
        for packed in re.findall(rb"H4sI[A-Za-z0-9+/=]{40,}", raw):
            yield path, gzip.decompress(base64.b64decode(packed))


def telling_its_key(asked):
    """A server that says the key that it was sent wherever it can."""
    key = next((asked.headers[name] for name in KEY_HEADERS if name in asked.headers), "nothing")
    if asked.attempt == 1 and len(asked.text) % 3 == 0:
        return Status(500, {"error": {"message": f"bad {key}", "type": key}}, {"x-echo": key})
    if asked.attempt == 1 and len(asked.text) % 3 == 1:
        return Wrong([f"<html>{key}</html>".encode()], length=len(key) + 13)
    if asked.text.startswith("3 "):
        return Status(400, {"error": {"message": f"no good: {key}"}})
    return Reply(f"{add(asked.text)} (said to {key})", model=f"m {key}", fingerprint=f"fp {key}")


@pytest.mark.parametrize(
    "model",
    [DATED, *(pytest.param(address, marks=pytest.mark.slow) for address in PROVIDERS[1:])],
    ids=lambda a: a.partition("/")[0],
)
def test_a_key_is_in_no_artefact(tmp_path, model):
    keys = tmp_path / "secret.env"
    keys.write_text("".join(f'{name}="{CANARY}"\n' for name in KEYS))
    work = tmp_path / "work"
    work.mkdir()
    with ApiStub(telling_its_key) as stub:
        here = {name: v for name, v in stub.environment().items() if name not in KEYS}
        empty = dict.fromkeys(KEYS, "")
        asked = asked_of(stub, "--env-file", keys, model=model, limit=None)
        asked[asked.index("--concurrency") + 1] = 1
        done = [harness(*asked, cwd=work, **here, **empty, TOY_MANY="12")]
        arrived = {str(call.headers) for call in stub.asked}
    run_id = only_run(work).manifest.run_id
    done += [harness("report", cwd=work), harness("score", run_id, cwd=work)]
    said = [(d.args[3], (d.stdout + d.stderr).encode()) for d in done]
    found = [*everything_under(work), *said]

    assert all(CANARY in headers for headers in arrived)
    assert done[0].returncode == 3, done[0].stderr  # the refused question
    assert sum(b"said to" in text for _, text in found) >= 2  # the replies were looked at
    assert sum(b"[key]" in text for _, text in found) >= 4
    assert [where for where, text in found if CANARY.encode() in text] == []


def test_a_key_is_in_no_journal_of_a_run_that_stopped(tmp_path):
    def answer(asked):
        if asked.text.startswith("9 "):
            return Status(401, {"error": {"message": f"wrong: {asked.headers['authorization']}"}})
        return telling_its_key(asked)

    with ApiStub(answer) as stub:
        done = run_at(stub, tmp_path, limit=None)
    found = list(everything_under(tmp_path))

    refused(done, 2, r"the key is refused.*Bearer \[key\]", "same command continues")
    assert any("journal" in path.name and b"[key]" in text for path, text in found)
    assert [path for path, text in found if CANARY.encode() in text] == []
    assert CANARY not in done.stdout + done.stderr


def test_a_key_given_as_the_name_of_one_is_not_repeated(tmp_path):
    with ApiStub() as stub:
        done = run_at(stub, tmp_path, "--key-env", CANARY)

        assert stub.calls == 0
    refused(done, 2, "--key-env")
    assert CANARY not in done.stdout + done.stderr


def test_a_missing_key_is_asked_for_and_an_env_file_gives_it(tmp_path):
    nobody = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "https://api.invalid/v1"}
    done = harness("run", "-m", DATED, "-t", "quick_mc", cwd=tmp_path, **nobody)
    wrong = harness(
        "run", "-m", DATED, "-t", "quick_mc", "--env-file", "none.env", cwd=tmp_path, **nobody
    )

    refused(done, 2, "OPENAI_API_KEY", "--env-file")
    refused(wrong, 2, r"none\.env: cannot be read")


def test_a_used_up_quota_keeps_what_was_answered(tmp_path):
    quota = 20

    def answer(asked):
        used_up = len(stub.asked) > quota
        return Status(402, {"error": {"message": "top up"}}) if used_up else add(asked.text)

    with ApiStub(answer) as stub:
        first = run_at(stub, tmp_path)
        calls, quota = stub.calls, 1000
        second = run_at(stub, tmp_path)

        assert stub.calls == calls + 20
    refused(first, 3, "quota is used up", "top up", "same command continues")
    assert calls <= 20 + 4
    assert second.returncode == 0, second.stderr
    assert "20 are answered" in second.stderr
    assert only_run(tmp_path).scores["outcome"].tolist() == ["correct"] * 40


def test_a_provider_that_is_down_ends_the_run_with_everything_kept(tmp_path):
    with ApiStub(lambda asked: add(asked.text)) as stub:
        partly = run_at(stub, tmp_path, limit=20)
        port = stub.url.rpartition(":")[2]
    gone = harness(*asked_of(stub), cwd=tmp_path, **settings(stub))
    with ApiStub(lambda asked: add(asked.text), port=int(port)) as stub:
        back = run_at(stub, tmp_path)

        assert stub.calls == 20
    assert partly.returncode == back.returncode == 0
    refused(gone, 3, "no answer to 10 requests in a row", "connection", "same command continues")


def test_a_task_that_the_model_cannot_do_is_refused_before_anything_is_asked(tmp_path):
    with ApiStub() as stub:
        known = run_at(stub, tmp_path, task="mmlu_logprob")
        other = run_at(stub, tmp_path, task="toy_logprob")

        assert stub.calls == 0
    refused(known, 2, "mmlu_logprob needs log-probabilities", "run the task mmlu,")
    refused(other, 2, "toy_logprob needs log-probabilities", "harness tasks")


def test_more_than_one_version_of_a_model_is_said_and_reported(tmp_path):
    def answer(asked):
        number = len(stub.asked)
        model = f"gpt<script>{number // 20}"
        return Reply(add(asked.text), model=model, fingerprint=f"fp_{number // 10}")

    with ApiStub(answer) as stub:
        done = run_at(stub, tmp_path)
    harness("report", cwd=tmp_path)
    manifest = only_run(tmp_path).manifest
    page = (tmp_path / "reports" / "index.html").read_text()

    assert re.search(r"3 versions of the model: gpt<script>1 \(20\), .*0 \(19\)", done.stderr)
    assert "5 set-ups of the server" in done.stderr
    assert list(manifest.versions["model_version"].values()) == [20, 19, 1]
    assert only_run(tmp_path).responses["answered_at"].str.match(r"\d{4}-\d\d-\d\dT").all()
    assert "Not one model: answers came from 3 versions" in page
    assert "Answers came from 5 set-ups of the server" in page
    assert "gpt<script>" not in page
    assert "gpt&lt;script&gt;1" in page


def test_an_undated_alias_runs_with_a_note(tmp_path):
    with ApiStub(lambda asked: add(asked.text)) as stub:
        done = run_at(stub, tmp_path, model="openai/gpt-4o")

    assert done.returncode == 0, done.stderr
    assert "gpt-4o is an undated alias" in done.stderr


def test_a_signal_drains_what_is_in_flight_and_the_rest_is_asked_later(tmp_path):
    with ApiStub(lambda asked: add(asked.text), latency=0.2) as stub:
        process = subprocess.Popen(
            command(*asked_of(stub)), cwd=tmp_path, env=environment(**settings(stub)),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        until = time.monotonic() + 60
        while stub.calls < 10 and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        _, err = process.communicate(timeout=60)
        drained, paid = time.monotonic() - began, stub.calls
        resumed = run_at(stub, tmp_path)
        total = stub.calls

    assert process.returncode == 130, err
    assert drained < 10
    assert f"{paid} are answered" in resumed.stderr
    assert resumed.returncode == 0
    assert total == 40
