"""The notebooks in examples/ run, and say what they say on the page.

Their cells are executed one after the other, each last expression shown as a notebook would show it; of what is kept in
the file the verdicts and the headings are compared, since the digits may differ from machine to machine.
"""

import ast
import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot

from docs.generate import notebooks

ROOT = Path(__file__).parent.parent
PATHS = sorted((ROOT / "examples").glob("*.ipynb"))
HEADING = re.compile(r"<strong>(.*?)</strong>")
VERDICT = re.compile(r"SUPPORTED|REFUTED|INCONCLUSIVE")


def cells(path: Path, kind: str = "code") -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == kind]


def executed(source: str, names: dict[str, Any], where: str) -> tuple[str, str]:
    """What a cell prints, and the HTML of its last expression, if it has one."""
    tree = ast.parse(source, where)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, where, "exec"), names)
        value = eval(compile(ast.Expression(last.value), where, "eval"), names) if isinstance(last, ast.Expr) else None
    shown = getattr(value, "_repr_html_", None)
    return printed.getvalue(), shown() if shown else ""


def kept(cell: dict[str, Any], kind: str) -> str:
    """The outputs of a cell that are kept in the file: what it printed, or HTML."""
    if kind == "printed":
        return "".join("".join(output["text"]) for output in cell["outputs"] if output["output_type"] == "stream")
    return "".join("".join(output.get("data", {}).get("text/html", "")) for output in cell["outputs"])


@pytest.fixture(autouse=True)
def figures(untyped_caller) -> Iterator[None]:
    yield
    pyplot.close("all")


def test_there_are_three():
    assert [path.stem for path in PATHS] == ["identify_my_optimizer", "sharpen_a_rate", "theorem_to_verdict"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_says_what_it_says(path):
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells(path)):
        drawn = len(pyplot.get_fignums())
        printed, html = executed("".join(cell["source"]), names, f"{path.name}, code cell {number}")
        assert VERDICT.findall(printed) == VERDICT.findall(kept(cell, "printed"))
        assert HEADING.findall(html) == HEADING.findall(kept(cell, "html"))
        pictures = sum("image/png" in output.get("data", {}) for output in cell["outputs"])
        assert len(pyplot.get_fignums()) - drawn == pictures


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_notebook_was_run_from_top_to_bottom(path):
    assert [cell["execution_count"] for cell in cells(path)] == list(range(1, len(cells(path)) + 1))
    assert not [output for cell in cells(path) for output in cell["outputs"] if output["output_type"] == "error"]


def test_a_page_has_all_of_a_notebook():
    made = notebooks.pages(ROOT)
    for path in PATHS:
        page = str(made[f"notebooks/{path.stem}.md"])
        for cell in cells(path) + cells(path, "markdown"):
            assert "".join(cell["source"]) in page
        pictures = re.findall(r"\]\((.*?\.png)\)", page)
        assert pictures
        for name in pictures:
            content = made[f"notebooks/{name}"]
            assert isinstance(content, bytes)
            assert content.startswith(b"\x89PNG")
        for text in VERDICT.findall("".join(kept(cell, "printed") + kept(cell, "html") for cell in cells(path))):
            assert text in page


def test_the_pages_are_linked_from_the_guide():
    guide = (ROOT / "docs/quick-start.md").read_text("utf-8")
    for path in PATHS:
        assert f"(notebooks/{path.stem}.md)" in guide
