import subprocess
import sys

import pytest

import harness


def test_every_public_name_is_there_sorted_and_documented():
    assert harness.__all__ == sorted(harness.__all__)
    for name in harness.__all__:
        assert getattr(harness, name).__doc__, name
        assert name in dir(harness)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing"):
        harness.nothing  # noqa: B018


def test_importing_harness_is_light():
    code = (
        "import sys, harness; print({'lm_eval', 'datasets', 'pandas', 'matplotlib', "
        "'xllamacpp', 'pyarrow', 'typer', 'aiohttp'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
