from __future__ import annotations

import pytest

from gguf_files import write_phi3


@pytest.fixture(scope="session")
def phi_file(tmp_path_factory):
    """A chat model with random weights."""
    return write_phi3(tmp_path_factory.mktemp("models") / "phi.gguf", quantization="Q4_0")
