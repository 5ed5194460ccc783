"""Everything public says what it is, in one dialect: arguments and errors in prose, without sections."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("solvers", "verify", "reports")
FILES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HEADERS = (
    "Args|Arguments|Keyword Args|Keyword Arguments|Other Parameters|Parameters|Params|Attributes|Returns?|Yields?"
    "|Raises|Warns|Warnings?|Examples?|Notes?|References?|See Also|Methods|Todo"
)
FOREIGN = {
    "a Google section": re.compile(rf"^ *({HEADERS}): *$", re.MULTILINE),
    "a NumPy section": re.compile(rf"^ *({HEADERS}) *\n *-{{3,}} *$", re.MULTILINE),
    "a Sphinx field": re.compile(
        r"^ *:(param|parameter|arg|type|raises?|returns?|rtype|var|ivar|vartype)\b.*:", re.MULTILINE
    ),
}
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(node: Documented, name: str = "") -> Iterator[tuple[str, Documented]]:
    """The module or class itself, and all in it whose name begins without underscore, but for what functions hold."""
    yield name, node
    for inner in node.body if isinstance(node, ast.Module | ast.ClassDef) else ():
        if isinstance(inner, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith("_"):
            yield from public(inner, f"{name}.{inner.name}".removeprefix("."))


def docstrings(tree: ast.Module) -> Iterator[str]:
    """All of them, of private things too."""
    for node in ast.walk(tree):
        if isinstance(node, Documented):
            yield ast.get_docstring(node) or ""


def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


def lacking(tree: ast.Module) -> list[str]:
    return [name or "the module" for name, node in public(tree) if not (ast.get_docstring(node) or "").strip()]


def foreign(tree: ast.Module) -> list[str]:
    return [what for text in docstrings(tree) for what, pattern in FOREIGN.items() if pattern.search(text)]


@pytest.mark.parametrize("path", FILES)
def test_everything_public_has_a_docstring(path: str):
    assert lacking(parsed(path)) == []


@pytest.mark.parametrize("path", FILES)
def test_no_docstring_has_sections_of_another_dialect(path: str):
    assert foreign(parsed(path)) == []


def test_what_lacks_a_docstring_is_noticed():
    source = (
        '"""A."""\nclass B:\n    """B."""\n    def c(self): ...\n    def _d(self): ...\ndef e():\n    def f(): ...\n'
    )
    assert lacking(ast.parse(source)) == ["B.c", "e"]
    assert lacking(ast.parse("x = 1")) == ["the module"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Args:\n        x: a number.", "a Google section"),
        ("Raises:\n        InputError: never.", "a Google section"),
        ("Parameters\n    ----------\n    x : float", "a NumPy section"),
        (":param x: a number.", "a Sphinx field"),
        (":returns: a number.", "a Sphinx field"),
    ],
)
def test_other_dialects_are_noticed(text: str, what: str):
    assert foreign(ast.parse(f'def f(x):\n    """Do it.\n\n    {text}\n    """')) == [what]


def test_prose_is_no_section():
    text = "x: a number.\n\n    Raises `InputError` for others.\n\n    Example: one step.\n\n        >>> 1\n        1"
    assert foreign(ast.parse(f'def f(x):\n    """Do it.\n\n    {text}\n    """')) == []
