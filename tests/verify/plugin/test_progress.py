"""The live view: what processes tell, how much time is left, and where it is drawn."""

import io
import json

import pytest
from rich.console import Console

from verify.plugin.progress import Board, Screen, State, read_states, teller, write_state

STATE = State("a/x", "64 cases", 3, 10, 90.0)


def board(**changes):
    fields = {"expected": {"a/x": 40.0, "a/y": 20.0, "a/z": None}, "clock": lambda: 100.0}
    return Board(**(fields | changes))


def drawn(board) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(board)
    return console.file.getvalue()


def test_time_left_is_that_of_earlier_checks():
    # The third takes the mean of what is known; the first has run for 10 s.
    assert board().time_left() == 40 + 20 + 30
    assert board(states=lambda: {"gw0": STATE}).time_left() == 30 + 20 + 30
    assert board(states=lambda: {"gw0": STATE}, processes=2).time_left() == pytest.approx(80 / 2)
    assert board(processes=100).time_left() == 40
    assert board(expected={"a/x": None}).time_left() is None
    assert board(expected={"a/x": 5.0}, states=lambda: {"": STATE}).time_left() == 0


def test_what_is_finished_is_counted():
    made = board()
    made.finish("a/y", 20.0, kept=True, verified=True)
    assert made.summary() == "1 of 3 theorems (1 kept), about 1 min left"
    made.finish("a/x", 40.0, kept=False, verified=False)
    assert made.summary() == "2 of 3 theorems (1 kept, 1 not verified), less than a minute left"
    made.states = lambda: {"gw0": STATE}
    assert made.running() == {}
    made.finish("a/z", 1.0, kept=False, verified=True)
    assert made.time_left() == 0
    assert board(expected={"a/x": None}).summary() == "0 of 1 theorems, time left unknown"


def test_the_board_shows_every_process():
    text = drawn(board(states=lambda: {"gw0": STATE, "gw1": State("a/y", "drawing", 0, 0, 40.0)}))
    assert "gw0 a/x  64 cases" in text
    assert "10 s" in text
    assert "gw1 a/y  drawing" in text
    assert "1 min" in text
    assert "0 of 3 theorems" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_process_tells_now_and_then_and_when_its_words_change():
    sent, now = [], [0.0]
    tell = teller("a/x", sent.append, lambda: now[0])
    for second in (1.0, 1.1, 1.2, 1.3):
        now[0] = second
        tell("64 cases", int(10 * second), 100)
    tell("twin: L1", 0, 100)
    assert [(s.what, s.done) for s in sent] == [("drawing", 0), ("64 cases", 10), ("64 cases", 13), ("twin: L1", 0)]
    assert {s.begun for s in sent} == {0.0}


def test_states_pass_through_a_folder(tmp_path):
    write_state(tmp_path, "gw0", STATE)
    write_state(tmp_path, "gw1", State("a/y", "drawing", 0, 0, 1.0))
    write_state(tmp_path, "gw0", State("a/x", "later", 4, 10, 90.0))
    assert [state.what for state in read_states(tmp_path).values()] == ["later", "drawing"]
    assert json.loads((tmp_path / "gw0.json").read_text())["done"] == 4
    write_state(tmp_path / "gone", "gw0", STATE)
    assert read_states(tmp_path / "gone") == {}


def test_the_cursor_comes_back_to_where_it_was():
    console = Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    screen = Screen(board(), console, lambda: 7)
    screen.show()
    assert console.file.getvalue().startswith("\n")
    screen.hide()
    assert console.file.getvalue().endswith("\x1b[1A\x1b[8G")  # one up, to column 7 counted from 0
    before = console.file.getvalue()
    screen.hide()
    assert console.file.getvalue() == before
