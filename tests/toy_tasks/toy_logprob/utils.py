"""The same items as the task toy_mc."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location(
    "toy_mc_utils", Path(__file__).parent.parent / "toy_mc" / "utils.py"
)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
load = _MODULE.load
