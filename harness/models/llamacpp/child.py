"""The process that holds the model: loads it, says where it listens, ends with its parent.

One JSON line of parameters arrives on stdin and one JSON line about the running server leaves
on stdout; what llama.cpp has to say goes to stderr. The parent keeps stdin open for as long as
it lives, so the end of stdin means that it is gone (even by kill -9), and this process ends too.

Two lanes: llama.cpp within this process (`xllamacpp`), or a `llama-server` binary that this
process starts and guards. Only the standard library and xllamacpp are imported here.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from typing import Any

HOST = "127.0.0.1"
LONGEST_SOCKET_PATH = 100
"""Bytes; the shortest limit of the systems that have sockets in the file system is 104."""


def main() -> None:
    """Serve until stdin ends or the server dies."""
    parameters = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if parameters["binary"]:
        _guard_binary(parameters)
    else:
        _serve_embedded(parameters)


_guarded: list[subprocess.Popen[bytes]] = []
_folders: list[str] = []


def _end_with_parent() -> None:
    sys.stdin.read()
    for process in _guarded:
        process.kill()
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)
    # Not sys.exit: the destructors of a server in mid-answer may wait for that answer.
    os._exit(0)


def _announce(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _serve_embedded(parameters: dict[str, Any]) -> None:
    import xllamacpp

    server = xllamacpp.Server(_common_params(xllamacpp, parameters))
    _announce(
        address=server.listening_address,
        build=xllamacpp.BUILD_INFO,
        system_info=xllamacpp.get_system_info(),
        pid=os.getpid(),
    )
    threading.Event().wait()


def _common_params(xllamacpp: Any, parameters: dict[str, Any]) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = parameters["path"]
    params.n_ctx = parameters["context"] * parameters["slots"]
    params.n_parallel = parameters["slots"]
    params.cpuparams.n_threads = parameters["threads"]
    params.cpuparams_batch.n_threads = parameters["threads"]
    params.cache_type_k = _ggml_type(xllamacpp, parameters["kv_type_k"])
    params.cache_type_v = _ggml_type(xllamacpp, parameters["kv_type_v"])
    flash = {"auto": "AUTO", "on": "ENABLED", "off": "DISABLED"}[parameters["flash_attention"]]
    params.flash_attn_type = getattr(
        xllamacpp.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{flash}"
    )
    params.api_keys = [parameters["key"]]
    params.hostnames = [_own_socket() or HOST]
    params.port = 0
    if parameters["template"]:
        params.chat_template = parameters["template"]
    _pin(params)
    return params


def _own_socket() -> str | None:
    """Return the path of a socket that only this user can reach; None where there cannot be one.

    Unlike a port it also works where the network is cut off down to the loopback device.
    """
    if not hasattr(socket, "AF_UNIX"):
        return None
    folder = tempfile.mkdtemp(prefix="harness-")
    _folders.append(folder)
    path = os.path.join(folder, "llama.sock")  # noqa: PTH118 - pathlib is a slow import
    return path if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH else None


def _pin(params: Any) -> None:
    """Settings that never vary: no hidden memory, no cut prompts, no pages for browsers."""
    params.cache_ram_mib = 0  # 8 GB of old prompts by default
    params.cache_idle_slots = False
    params.fit_params = False  # would shrink the context silently
    params.ctx_shift = False  # would drop the start of a long prompt silently
    params.swa_full = True  # sliding-window models lose their shared prefix otherwise
    params.warmup = True
    params.ui = False
    params.n_gpu_layers = -1


def _ggml_type(xllamacpp: Any, name: str) -> Any:
    return getattr(xllamacpp.ggml_type, f"GGML_TYPE_{name.upper()}")


def _guard_binary(parameters: dict[str, Any]) -> None:
    port = _free_port()
    process = subprocess.Popen(
        binary_command(parameters, port),
        env={**os.environ, "LLAMA_API_KEY": parameters["key"]},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        preexec_fn=_die_with_guard if sys.platform == "linux" else None,  # noqa: PLW1509 - one
        # harmless system call, and this process has only a reader thread beside it
    )
    _guarded.append(process)
    _wait_until_healthy(process, port)
    _announce(address=f"http://{HOST}:{port}", build=None, system_info=None, pid=process.pid)
    _follow(process.wait())


def binary_command(parameters: dict[str, Any], port: int) -> list[str]:
    """Return the llama-server command line that means the same as `_common_params`."""
    flags = {
        "--model": parameters["path"],
        "--host": HOST,
        "--port": port,
        "--ctx-size": parameters["context"] * parameters["slots"],
        "--parallel": parameters["slots"],
        "--threads": parameters["threads"],
        "--threads-batch": parameters["threads"],
        "--cache-type-k": parameters["kv_type_k"],
        "--cache-type-v": parameters["kv_type_v"],
        "--flash-attn": parameters["flash_attention"],
        "--cache-ram": 0,
        "--fit": "off",
    }
    if parameters["template"]:
        flags["--chat-template"] = parameters["template"]
    words = [str(word) for pair in flags.items() for word in pair]
    return [parameters["binary"], *words, "--swa-full", "--no-webui", "--jinja"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _die_with_guard() -> None:
    """Ask Linux to kill the binary when this guard dies, however it dies."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    # The parent holds the deadline; here only the death of the binary ends the wait.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None:
        try:
            with opener.open(f"http://{HOST}:{port}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    _follow(process.returncode)


def _follow(code: int) -> None:
    """End as the binary ended; a signal n becomes 128 + n, as in a shell."""
    os._exit(128 - code if code < 0 else code or 1)


if __name__ == "__main__":
    main()
