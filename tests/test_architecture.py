"""The floors of the design: a module imports only from the floors below its own."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "harness"

FLOORS = {
    "errors": 0,
    "records": 0,
    "resources": 0,
    "protocol": 1,
    "store": 1,
    "scoring": 1,
    "stats": 1,
    "models": 2,
    "tasks": 2,
    "analysis": 2,
    "judging": 3,
    "demo": 3,
    "report": 3,
    "gating": 3,
    "pipeline": 4,
    "cli": 5,
}
# Within floor 1 and 2 a package may use these neighbours, never the other way round.
NEIGHBOURS = {("store", "protocol"), ("resources", "errors")}
HEAVY = {"lm_eval", "datasets", "pandas", "matplotlib", "xllamacpp", "pyarrow", "statsmodels",
         "genai_prices"}  # fmt: skip
# The only importers of a library.
CONFINED = {
    "lm_eval": "tasks/lm_eval_adapter/",
    "datasets": "tasks/",
    "xllamacpp": "models/llamacpp/",
    "matplotlib": "report/",
    "jinja2": "report/",
    "typer": "cli/",
    "rich": "cli/",
    "aiohttp": "models/transport.py",
    "genai_prices": "models/prices.py",
    "transformers": "models/hf/",
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path, *, top_level_only=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


def room(module):
    """The name under harness that a dotted module belongs to, or None."""
    parts = module.split(".")
    return parts[1] if parts[0] == "harness" and len(parts) > 1 else None


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own in ("__init__", "__main__"):
        return
    for module in imported(path):
        target = room(module)
        if target is None or target == own:
            continue
        lower = FLOORS[target] < FLOORS[own] or (own, target) in NEIGHBOURS
        assert lower, f"{own} (floor {FLOORS[own]}) imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_libraries_are_imported_where_they_are_used(path):
    found = {module.split(".")[0] for module in imported(path, top_level_only=True)}

    assert not found & HEAVY


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_libraries_stay_where_they_belong(path):
    name = path.relative_to(PACKAGE).as_posix()
    for module in imported(path):
        owner = CONFINED.get(module.split(".")[0])
        assert owner is None or name.startswith(owner), f"{name} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_command_line_prints_or_exits(path):
    name = path.relative_to(PACKAGE).as_posix()
    # The child process speaks to its parent through stdout; training is a command of its own.
    if name.startswith("cli/") or name in ("models/llamacpp/child.py", "demo/train.py"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("print", "sys.exit", "exit", "quit"), f"{name}:{node.lineno}"
