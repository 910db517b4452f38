"""The rules of app/ARCHITECTURE.md that a machine can check."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
APP = REPOSITORY / "app"
MOST_LINES = 400
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


@dataclass(frozen=True)
class Module:
    """One file of the program."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @property
    def place(self) -> str:
        """Where it is, as `unetscope/engine/loader.py`."""
        return self.path.relative_to(APP).as_posix()

    def imported(self) -> set[str]:
        """Every name that is imported anywhere in it, with relative imports spelt out."""
        package = [*self.path.relative_to(APP).with_suffix("").parts[:-1]]
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                base = ".".join([*above, *(node.module or "").split(".")]).strip(".")
                names.add(base)
                names.update(f"{base}.{alias.name}" for alias in node.names)
        return names


def modules() -> list[Module]:
    """All modules of the program, in a fixed order."""
    return [Module(path) for path in sorted(APP.rglob("*.py"))]


def private_names_of_others(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and name of every private attribute that is reached on anything but oneself.

    Private is one leading underscore or more, without the closing ones of `__len__`. Oneself is
    `self`, `cls` and `super()`.
    """
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _private(node.attr) and not _oneself(node.value):
            found.append((node.lineno, node.attr))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found += [(node.lineno, alias.name) for alias in node.names if _private(alias.name)]
        elif isinstance(node, ast.Call) and _reaches_by_name(node):
            name = node.args[1]
            assert isinstance(name, ast.Constant)
            found.append((node.lineno, str(name.value)))
    return sorted(found)


def _private(name: str) -> bool:
    return name.startswith("_") and name != "_" and not (name[:2] == name[-2:] == "__")


def _oneself(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _reaches_by_name(node: ast.Call) -> bool:
    """Whether it is `getattr(x, "_name")` or one of its sisters."""
    return (
        isinstance(node.func, ast.Name)
        and node.func.id in ("getattr", "setattr", "hasattr", "delattr")
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
        and isinstance(node.args[1].value, str)
        and _private(node.args[1].value)
        and not _oneself(node.args[0])
    )


MODULES = modules()
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.place)


@every_module
def test_no_module_is_longer_than_400_lines(module: Module) -> None:
    lines = len(module.text.splitlines())
    assert lines <= MOST_LINES


@every_module
def test_names_of_modules_say_what_is_inside(module: Module) -> None:
    names = {part.removesuffix(".py").strip("_") for part in module.place.split("/")}
    assert not names & EMPTY_NAMES


@every_module
def test_only_the_ports_write_files_for_window_and_domain(module: Module) -> None:
    if module.place.split("/")[1] not in {"domain", "state", "presenters", "ui"}:
        return
    writes = [
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"write_text", "write_bytes"}
        and ast.unparse(node.func.value) != "self._files"
    ]
    assert writes == []


@every_module
def test_nobody_but_main_imports_bootstrap(module: Module) -> None:
    if module.place == "unetscope/__main__.py" or module.place.startswith("unetscope/bootstrap/"):
        return
    assert not {name for name in module.imported() if name.startswith("unetscope.bootstrap")}


@every_module
def test_only_introspect_imports_the_private_part_of_keras(module: Module) -> None:
    if module.place == "unetscope/engine/introspect.py":
        return
    private = {name for name in module.imported() if f"{name}.".startswith("keras.src.")}
    private |= {
        ast.unparse(node)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "keras.src"
    }
    assert not private


@every_module
def test_only_introspect_reaches_into_private_names_in_the_engine(module: Module) -> None:
    if not module.place.startswith("unetscope/engine/") or module.path.stem == "introspect":
        return
    assert not private_names_of_others(module.tree), "ask engine/introspect.py for it"


@pytest.mark.parametrize(
    "source",
    [
        "layer._inbound_nodes",
        "self.model._layers",
        "self._layer._nodes",
        "getattr(layer, '_nodes')",
        "from keras.layers import _thing",
    ],
)
def test_the_rule_sees_private_names_of_others(source: str) -> None:
    assert private_names_of_others(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    ["self._cache", "cls._made", "super()._start()", "layer.__class__", "for _ in x: pass"],
)
def test_the_rule_leaves_own_names_alone(source: str) -> None:
    assert not private_names_of_others(ast.parse(source))


def test_layers_are_imported_downwards_only() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(command), "--no-cache"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_alone_is_light() -> None:
    heavy = "{'tensorflow', 'keras', 'PySide6', 'pyqtgraph', 'pydicom', 'nibabel', 'h5py'}"
    program = f"import sys, unetscope; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY / "tests",
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
