"""Every test talks to this machine only: a loopback Hub, an empty cache, no wish to go further.

huggingface_hub reads its environment at import, so it is set before any test module is read.
"""

import atexit
import os
import shutil
import socket
import tempfile

import pytest

from shared_data import hub_server, shared_folder

_CACHE = tempfile.mkdtemp(prefix="harness-tests-")
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)
os.environ["HF_HOME"] = os.path.join(_CACHE, "hf")  # noqa: PTH118 -- before anything is imported
os.environ["XDG_CACHE_HOME"] = os.path.join(_CACHE, "xdg")  # noqa: PTH118
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
for _name in ("HF_TOKEN", "HARNESS_REGISTRY", "HARNESS_LLAMA_SERVER", "HARNESS_RESULTS"):
    os.environ.pop(_name, None)

_SHARED = shared_folder()
if _SHARED is None:
    os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"  # nobody listens there
else:
    _DATA = _SHARED / "data" / "hub"
    _HUB = hub_server().HubServer(datasets=_DATA / "datasets", models=_DATA / "models")
    _HUB.__enter__()
    atexit.register(_HUB.__exit__, None, None, None)
    os.environ["HF_ENDPOINT"] = _HUB.url


@pytest.fixture(autouse=True)
def no_connection_beyond_this_machine(monkeypatch):
    """Fail a test that tries to reach anything but the loopback."""
    connect = socket.socket.connect

    def guarded(self, address):
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1")):
            raise AssertionError(f"a test tried to connect to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
