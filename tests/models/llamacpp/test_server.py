"""The process of the engine: how it dies, how it is replaced, and that it leaves no orphan."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import llama_server_shim
from engine_kit import answers, ask, opened, running, score
from gguf_files import with_metadata, write_phi3
from harness.errors import ModelError
from harness.models.llamacpp import child
from harness.models.llamacpp.cores import usable_cores
from harness.models.llamacpp.diagnose import explain_death
from harness.models.llamacpp.model import LlamaCppModel
from harness.models.llamacpp.options import EngineOptions
from harness.models.llamacpp.prompt import Prompts
from harness.models.llamacpp.server import start_seconds

SHIM = llama_server_shim.__file__
ROOT = Path(__file__).resolve().parents[3]


def gone(pid, seconds=10):
    until = time.monotonic() + seconds
    while running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not running(pid)


def deadly(monkeypatch, model, word):
    """Make the engine die whenever a prompt with `word` is about to be sent."""
    tokens = Prompts.tokens

    async def kill_first(self, request):
        if word in request.prompt:
            os.kill(model._server.pid, signal.SIGKILL)
        return await tokens(self, request)

    monkeypatch.setattr(Prompts, "tokens", kill_first)


@pytest.mark.parametrize("slots", [1, 3])
def test_a_killed_engine_costs_no_answer_and_doubles_none(phi_file, slots):
    requests = [ask(f"question {n}", max_tokens=6) for n in range(30)]
    with opened(phi_file, slots=slots) as model:
        first = model._server.pid
        responses = []
        for response in model.respond(requests):
            responses.append(response)
            if len(responses) in {5, 20}:
                os.kill(model._server.pid, signal.SIGKILL)

        assert model._server.pid != first
    assert sorted(r.request_key for r in responses) == sorted(r.key for r in requests)
    assert all(response.error_kind is None for response in responses)


def test_a_request_that_kills_twice_is_quarantined(phi_file, monkeypatch):
    requests = [ask(f"question {word}") for word in ("one", "two", "poison", "three", "four")]
    with opened(phi_file, slots=2) as model:
        deadly(monkeypatch, model, "poison")
        responses = answers(model, *requests)

    assert [r.error_kind for r in responses] == [None, None, "crash", None, None]
    assert "SIGKILL" in responses[2].error_message


def test_an_engine_that_dies_under_everything_is_an_error_of_the_model(phi_file, monkeypatch):
    with opened(phi_file) as model:
        deadly(monkeypatch, model, "question")
        with pytest.raises(ModelError, match="keeps dying without an answer"):
            answers(model, *[ask(f"question {n}") for n in range(9)])


def test_an_abandoned_stream_leaves_a_usable_model(phi_file):
    with opened(phi_file) as model:
        stream = model.respond([ask(f"question {n}") for n in range(30)])
        next(stream)
        stream.close()

        assert answers(model, ask("one"))[0].error_kind is None


def test_closing_ends_the_process_and_may_be_repeated(phi_file):
    model = opened(phi_file)
    pid = model._server.pid
    model.close()
    model.close()

    assert gone(pid)


@pytest.mark.parametrize("lane", ["embedded", "binary"])
def test_killing_the_parent_leaves_no_orphan(phi_file, lane):
    binary = SHIM if lane == "binary" else None
    script = (
        "import sys, time\n"
        "from harness.models.llamacpp.model import LlamaCppModel\n"
        "from harness.models.llamacpp.options import EngineOptions\n"
        f"options = EngineOptions(path={str(phi_file)!r}, threads=1, llama_server={binary!r})\n"
        "model = LlamaCppModel.open(options)\n"
        "server = model._server\n"
        "print(server.pid, server._process.pid, server.address, flush=True)\n"
        "time.sleep(100)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    *pids, address = parent.stdout.readline().split()
    engine, guard = map(int, pids)
    assert running(engine)
    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert gone(engine)
    assert gone(guard)
    assert not Path(address.removeprefix("unix://")).exists()


def test_the_engine_listens_where_only_its_user_can_speak_to_it(phi_file):
    with opened(phi_file) as model:
        socket = Path(model._server.address.removeprefix("unix://"))

        assert socket.is_socket()
        assert socket.parent.stat().st_mode & 0o077 == 0
        os.kill(model._server.pid, signal.SIGKILL)
        assert answers(model, ask("one"))[0].error_kind is None
        assert not socket.exists()
        after = Path(model._server.address.removeprefix("unix://"))
    assert not after.parent.exists()


def test_where_a_path_is_too_long_for_a_socket_the_engine_listens_at_a_port(
    phi_file, tmp_path, monkeypatch
):
    long = tmp_path / ("d" * 100)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    with opened(phi_file) as model:
        assert model._server.address.startswith("http://127.0.0.1:")
        assert answers(model, ask("one"))[0].error_kind is None
    assert not list(long.iterdir())


def test_the_binary_dies_with_its_guard(phi_file):
    with opened(phi_file, llama_server=SHIM) as model:
        model._server._process.kill()

        assert gone(model._server.pid)
        assert answers(model, ask("one"))[0].error_kind is None


def test_the_binary_lane_gives_the_same_answers(phi_file, tmp_path, monkeypatch):
    log = tmp_path / "starts"
    monkeypatch.setenv("SHIM_LOG", str(log))
    monkeypatch.setenv("LLAMA_ARG_CTX_SIZE", "99")
    requests = [ask("one question"), score("one question", " two", " not")]
    with opened(phi_file) as embedded:
        expected = answers(embedded, *requests)
    with opened(phi_file, llama_server=SHIM, context=512) as binary:
        got = answers(binary, *requests)
        key = binary._server.key

        assert binary.info.engine == "llama-server"
        assert binary.info.context == 512
        assert got[0].peak_memory_bytes > 10_000_000
    assert [r.text for r in got] == [r.text for r in expected]
    assert got[1].logprobs == pytest.approx(expected[1].logprobs, abs=1e-3)
    assert "--ctx-size 512 --parallel 1" in log.read_text()
    assert key not in log.read_text()


def test_a_binary_killed_in_mid_run_is_restarted(phi_file):
    requests = [ask(f"question {n}") for n in range(6)]
    with opened(phi_file, llama_server=SHIM) as model:
        responses = []
        for response in model.respond(requests):
            responses.append(response)
            if len(responses) == 2:
                os.kill(model._server.pid, signal.SIGKILL)
    assert sorted(r.request_key for r in responses) == sorted(r.key for r in requests)


def test_the_environment_names_a_binary(phi_file, monkeypatch):
    monkeypatch.setenv("HARNESS_LLAMA_SERVER", SHIM)
    with opened(phi_file) as model:
        assert model.info.engine == "llama-server"


def test_a_binary_that_is_not_there_is_named(phi_file):
    with pytest.raises(ModelError, match=r"no such program.*--llama-server"):
        opened(phi_file, llama_server="/nowhere/llama-server")


def test_a_binary_that_does_not_know_a_flag_is_named(phi_file, tmp_path):
    old = tmp_path / "old-server"
    old.write_text("#!/bin/sh\necho 'error: invalid argument: --swa-full' >&2\nexit 1\n")
    old.chmod(0o755)

    with pytest.raises(ModelError, match="does not know --swa-full"):
        opened(phi_file, llama_server=str(old))


def test_a_running_server_is_used_and_left_alone(phi_file):
    requests = [ask("one <|end|> question"), score("one question", " two", " not")]
    with opened(phi_file, context=512, llama_server=SHIM) as host:
        options = EngineOptions(url=host._server.address + "/v1", api_key=host._server.key)
        remote = LlamaCppModel.open(options)
        got, expected = answers(remote, *requests), answers(host, *requests)
        remote.close()

        assert running(host._server.pid)
    assert [r.text for r in got] == [r.text for r in expected]
    assert got[1].logprobs == pytest.approx(expected[1].logprobs, abs=1e-3)
    assert got[0].peak_memory_bytes is None
    assert (remote.info.engine, remote.info.interface) == ("llama-server", "chat")
    assert (remote.info.context, remote.info.quantization) == (512, "Q4_0")
    assert remote.info.chat_template_sha256 == host.info.chat_template_sha256


def test_a_made_up_template_of_a_running_server_counts_as_none(tmp_path):
    with opened(write_phi3(tmp_path / "base.gguf", template=None), llama_server=SHIM) as host:
        options = EngineOptions(url=host._server.address, api_key=host._server.key)
        with LlamaCppModel.open(options) as remote:
            assert remote.info.interface == "completion"


def test_a_server_that_went_away_is_an_error_of_the_model(phi_file):
    host = opened(phi_file, llama_server=SHIM)
    options = EngineOptions(url=host._server.address, api_key=host._server.key)
    remote = LlamaCppModel.open(options)
    host.close()

    with remote, pytest.raises(ModelError, match="does not answer"):
        answers(remote, ask("one"))


def test_a_server_that_is_not_there_is_an_error():
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9.*cannot be used"):
        LlamaCppModel.open(EngineOptions(url="http://127.0.0.1:9"))


def test_an_unknown_architecture_is_named(phi_file, tmp_path):
    old = b"general.architecture\x08\0\0\0\x04\0\0\0\0\0\0\0phi3"
    strange = with_metadata(phi_file, tmp_path / "s.gguf", old, old[:-4] + b"phi9")

    with pytest.raises(ModelError, match="architecture 'phi9' is not known"):
        opened(strange)


@pytest.mark.parametrize(
    ("code", "stderr", "expected"),
    [
        (-4, [], "SIGILL.*mno-amx-tile"),
        (132, [], "SIGILL"),
        (-9, [], "SIGKILL.*want of memory"),
        (-7, [], "SIGBUS"),
        (-6, ["x", "0.1 E GGML_ASSERT(a) failed"], "SIGABRT.*GGML_ASSERT"),
        (1, ["E failed to allocate buffer for kv cache"], "not enough memory"),
        (1, ["ModuleNotFoundError: No module named 'xllamacpp'"], "pip install xllamacpp"),
        (1, ["E tensor 'a' has invalid data"], "damaged"),
        (1, ["one", "some error"], "exit code 1.*some error"),
        (None, [], "exit code None"),
    ],
)
def test_a_death_is_explained(code, stderr, expected):
    assert re.search(expected, explain_death(code, stderr))


def test_the_deadline_of_a_start_grows_with_the_file():
    assert start_seconds(0) == 60
    assert start_seconds(6_000_000_000) == 460


def test_threads_are_no_more_than_the_cores():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def test_the_child_imports_nothing_heavy_before_it_must():
    code = (
        f"import runpy, sys; runpy.run_path({child.__file__!r}); print('xllamacpp' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "False"


def test_close_from_another_thread_is_fine(phi_file):
    model = opened(phi_file)
    thread = threading.Thread(target=model.close)
    thread.start()
    thread.join(timeout=20)

    assert not thread.is_alive()
