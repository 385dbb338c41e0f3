"""What `harness.stats` offers: names that lead somewhere, documented with their source."""

import inspect
import subprocess
import sys

import pytest

import harness.stats

FUNCTIONS = [n for n in harness.stats.__all__ if inspect.isfunction(getattr(harness.stats, n))]


@pytest.mark.parametrize("name", harness.stats.__all__)
def test_every_public_name_leads_somewhere_and_is_documented(name):
    assert inspect.getdoc(getattr(harness.stats, name))
    assert name in dir(harness.stats)


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, "EProcess"} - {"letter_probabilities"}))
def test_every_method_names_its_source(name):
    assert "Source: " in inspect.getdoc(getattr(harness.stats, name))


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'p_value'"):
        _ = harness.stats.p_value


def test_naming_the_module_loads_no_library():
    heavy = "{'numpy', 'scipy', 'pandas', 'statsmodels'}"
    use = "import sys, harness.stats; harness.stats.tango_interval"
    code = f"{use}; print({heavy} & set(sys.modules))"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"
