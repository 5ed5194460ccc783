"""The bar for `progress=`: one of the browser's in a notebook, one of text in a terminal, none elsewhere."""

import functools
import sys
from types import ModuleType
from typing import ClassVar

import pytest

from verify import progress
from verify.progress import progress_bar


class Bar:
    """Stands for that of IPython."""

    made: ClassVar[list] = []

    def __init__(self, total: int):
        self.total, self.progress, self.displayed = total, 0, False
        self.made.append(self)

    def display(self) -> None:
        self.displayed = True


@pytest.fixture
def notebook(monkeypatch):
    package, module = ModuleType("IPython"), ModuleType("IPython.display")
    module.ProgressBar = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr(progress, "Console", functools.partial(progress.Console, force_jupyter=True))
    monkeypatch.setattr(Bar, "made", [])


def test_a_notebook_has_a_bar_of_its_own(notebook):
    with progress_bar("mine") as report:
        (bar,) = Bar.made
        assert bar.displayed
        report(3, 10)
        assert (bar.progress, bar.total) == (3, 10)
        report(10, 10)
    assert (bar.progress, bar.total) == (10, 10)


def test_nothing_is_written_where_there_is_no_terminal(capsys):
    with progress_bar("mine") as report:
        report(1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_has_a_line_of_text_that_goes_away(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("mine") as report:
        report(1, 2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "mine" in err
