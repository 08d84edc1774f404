"""Imports go one way; otherwise every change could break everything, and `--help` would wait for torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1] / "taskgroup"
LAYERS = (
    {"errors", "checks", "seeds"},
    {"user_code"},
    {"spec"},
    {"data", "models", "weighting"},
    {"training", "transfer", "linear"},
    {"affinity", "grouping", "storage", "executors"},
    {"search"},
    {"reporting", "progress"},
    {"loading", "replays"},
    {"session", "drafting", "kept"},
    {"api"},
    {"cli"},
    {"__main__"},
)
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_name(file): ast.parse(file.read_text(encoding="utf-8")) for file in ROOT.rglob("*.py")}
PARTS = {name: name.split(".")[1] for name in TREES if name != "taskgroup"}
"""Which part of the package each module belongs to; the package itself only names what it offers."""


def imports(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Every import anywhere in a file: the module, and the names taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), [alias.name for alias in node.names]


def foreign_imports() -> Iterator[tuple[str, str, list[str]]]:
    """Imports from one part of the package into another: importer, module, names."""
    for name, part in PARTS.items():
        for module, names in imports(TREES[name]):
            if module.startswith("taskgroup.") and module.split(".")[1] != part:
                yield name, module, names


def needed_to_load(tree: ast.Module) -> set[str]:
    """The package's own modules that must be loaded before a file is."""
    needed = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
            needed |= {m if m in TREES else str(node.module) for m in modules} & TREES.keys()
    return needed


def test_every_part_has_a_layer():
    assert set(PARTS.values()) <= RANK.keys()


def test_imports_go_leftwards():
    wrong = [
        f"{importer} imports {module}"
        for importer, module, _ in foreign_imports()
        if RANK[module.split(".")[1]] >= RANK[PARTS[importer]]
    ]
    assert wrong == []


def test_other_parts_are_used_by_their_public_names():
    """So that a part can be rebuilt inside without touching the others."""
    wrong = [
        f"{importer} takes {name} from {module}"
        for importer, module, names in foreign_imports()
        for name in names
        if module.count(".") > 1 or name not in getattr(import_module(module), "__all__", [name])
    ]
    assert wrong == []


def test_no_import_cycles():
    graph = {name: needed_to_load(TREES[name]) for name in PARTS}
    assert set(TopologicalSorter(graph).static_order()) >= set(graph)


def test_optuna_has_one_entrance():
    """Optuna breaks its interface often; that is then met in one file."""
    users = [
        name for name, tree in TREES.items() for module, _ in imports(tree) if module.startswith("optuna")
    ]
    assert set(users) == {"taskgroup.search.space"}


def test_light_parts_do_not_load_torch():
    """Reading a study file or a stored result must not take seconds."""
    program = (
        "import sys\n"
        "import taskgroup, taskgroup.spec, taskgroup.cli, taskgroup.grouping, taskgroup.storage\n"
        "import taskgroup.weighting, taskgroup.transfer, taskgroup.affinity\n"
        "print(*{'torch', 'optuna', 'plotly', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
