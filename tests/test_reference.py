"""Every public name is in the reference, with a docstring of its own."""

import ast
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
DIRECTIVE = re.compile(r"^::: (\S+)\n((?: {4}.*\n)*)", re.MULTILINE)
PUBLIC = (
    "solvers",
    "verify",
    "verify.datasets",
    "verify.dynamics",
    "verify.laws",
    "verify.losses",
    "verify.optimizers",
    "verify.strategies",
)


def directives() -> dict[str, str]:
    """What the reference shows, with the options of each."""
    text = "".join((ROOT / f"docs/reference/{name}.md").read_text("utf-8") for name in ("solvers", "verify"))
    return dict(DIRECTIVE.findall(text + "\n"))


def home(module: ModuleType, name: str) -> tuple[ast.Module, str]:
    """The source in which a public name is defined, and what it is called there, following imports."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return home(importlib.import_module(node.module), alias.name)
    return tree, name


def documented(module: ModuleType, name: str) -> bool:
    """Whether a module's page shows the name: a class or function with a docstring, or a value with one below it."""
    tree, name = home(module, name)
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) is not None
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if name in [target.id for target in targets if isinstance(target, ast.Name)]:
            return isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    return False


def unshown(name: str, shown: dict[str, str]) -> list[str]:
    """The public names of a package or module that the reference does not show."""
    module = importlib.import_module(name)
    whole = name in shown and "members:" not in shown[name]
    return [
        each for each in module.__all__ if f"{name}.{each}" not in shown and not (whole and documented(module, each))
    ]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_in_the_reference(name):
    assert unshown(name, directives()) == []


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in ("solvers", "verify", "verify.datasets")])
def test_the_public_names_are_all_that_a_module_defines(name):
    module = importlib.import_module(name)
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    defined |= {
        target.id
        for node in tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
        if isinstance(target, ast.Name)
    }
    assert {each for each in defined if not each.startswith("_")} <= set(module.__all__)


def test_a_name_that_the_reference_lacks_is_noticed():
    shown = directives()
    assert unshown("verify", {name: options for name, options in shown.items() if name != "verify.Rate"}) == ["Rate"]
    assert "Law" in unshown("verify.laws", {"verify.laws": "    options:\n      members: [power]\n"})
    assert unshown("verify.laws", {}) == importlib.import_module("verify.laws").__all__
    assert not documented(importlib.import_module("verify.laws"), "no_such_name")
    assert not documented(importlib.import_module("verify.datasets.flavours"), "Draw")
