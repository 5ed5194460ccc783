"""A live view of the theorems being tried: in one process, or in several that leave their state in a folder."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, Group


Tell = Callable[[str, int, int], None]
_PAUSE = 0.25  # seconds between two states that a process tells


@dataclass(frozen=True)
class State:
    """What one process is doing: the claim it tries since `begun` (seconds since 1970), and how far it has come."""

    claim: str
    what: str
    done: int
    total: int
    begun: float


def teller(claim: str, send: Callable[[State], None], clock: Callable[[], float] = time.time) -> Tell:
    """A callback for `try_claim` that sends the claim's state, a few times a second and whenever its words change."""
    begun, last = clock(), (float("-inf"), "")

    def tell(what: str, done: int, total: int) -> None:
        nonlocal last
        if what != last[1] or clock() - last[0] >= _PAUSE:
            last = clock(), what
            send(State(claim, what, done, total, begun))

    tell("drawing", 0, 0)
    return tell


def write_state(folder: Path, worker: str, state: State) -> None:
    """Leave a worker's state in the folder that the controller watches, in one step."""
    temporary = folder / f".{worker}"
    # The controller takes the folder away when it ends, and an interrupted worker may end after it.
    with contextlib.suppress(FileNotFoundError):
        temporary.write_text(json.dumps(asdict(state)), "utf-8")
        temporary.replace(folder / f"{worker}.json")


def read_states(folder: Path) -> dict[str, State]:
    """The states of all workers, by worker."""
    return {path.stem: State(**json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))}


@dataclass
class Board:
    """All that is known of a run of checks, and what is drawn of it.

    expected: seconds by planned claim, None where no earlier record tells; 0 for those that are kept.
    processes: how many check theorems at once. states: what they do, by process.
    """

    expected: Mapping[str, float | None]
    processes: int = 1
    states: Callable[[], Mapping[str, State]] = dict
    clock: Callable[[], float] = time.time
    finished: dict[str, float] = field(default_factory=dict)
    kept: int = 0
    failed: int = 0

    def finish(self, claim: str, seconds: float, *, kept: bool, verified: bool) -> None:
        """Note a finished claim; `seconds` are those of its check."""
        self.finished[claim] = seconds
        self.kept += kept
        self.failed += not verified

    def running(self) -> dict[str, State]:
        """The states of claims that are not finished, by process."""
        return {worker: state for worker, state in self.states().items() if state.claim not in self.finished}

    def time_left(self) -> float | None:
        """Seconds until all planned claims are finished, by the times of earlier checks; None if there were none."""
        known = [seconds for seconds in (*self.expected.values(), *self.finished.values()) if seconds]
        if not known:
            return None
        elapsed = {state.claim: self.clock() - state.begun for state in self.running().values()}
        usual = mean(known)
        left = {
            claim: max(0.0, (usual if seconds is None else seconds) - elapsed.get(claim, 0.0))
            for claim, seconds in self.expected.items()
            if claim not in self.finished
        }
        return max(sum(left.values()) / self.processes, *left.values()) if left else 0.0

    def summary(self) -> str:
        """For example "12 of 146 theorems (3 kept, 1 not verified), about 7 min left"."""
        notes = [f"{self.kept} kept"] * bool(self.kept) + [f"{self.failed} not verified"] * bool(self.failed)
        left = self.time_left()
        return (
            f"{len(self.finished)} of {len(self.expected)} theorems"
            + (f" ({', '.join(notes)})" if notes else "")
            + (", time left unknown" if left is None else f", {_left(left)} left")
        )

    def __rich__(self) -> Group:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        rows = Table.grid(padding=(0, 1), expand=True)
        rows.add_column(no_wrap=True)
        rows.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        rows.add_column(width=20)
        rows.add_column(justify="right", no_wrap=True)
        for worker, state in self.running().items():
            bar = ProgressBar(total=state.total or None, completed=state.done, pulse=not state.total, width=20)
            words = Text.assemble((state.claim, "bold"), f"  {state.what}")
            rows.add_row(worker, words, bar, _duration(self.clock() - state.begun))
        whole = ProgressBar(total=max(len(self.expected), 1), completed=len(self.finished), width=20)
        rows.add_row("all", self.summary(), whole, "")
        return Group(rows)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{int(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _left(seconds: float) -> str:
    return "less than a minute" if seconds < 60 else f"about {_duration(seconds)}"


class Screen:
    """Draws a board below what pytest writes, and steps aside while it writes.

    console: a terminal. column: where in its line the cursor stands after what pytest has written.
    """

    def __init__(self, board: Board, console: Console, column: Callable[[], int]):
        from rich.live import Live

        self._console, self._column = console, column
        self._line: int | None = None
        self._new = lambda: Live(
            console=console, get_renderable=board.__rich__, transient=True, refresh_per_second=4,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._live: Live | None = None

    def show(self) -> None:
        """Draw the board, on lines of its own."""
        self._line = self._column()
        if self._line:
            self._console.file.write("\n")
        self._live = self._new()
        self._live.start(refresh=True)

    def hide(self) -> None:
        """Take the board away, and put the cursor back to where it stood."""
        from rich.control import Control
        from rich.segment import ControlType

        if self._live is None:
            return
        self._live.stop()
        self._live = None
        if self._line:
            self._console.control(Control((ControlType.CURSOR_UP, 1), (ControlType.CURSOR_MOVE_TO_COLUMN, self._line)))

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Without the board, if it is there."""
        there = self._live is not None
        self.hide()
        try:
            yield
        finally:
            if there:
                self.show()


def terminal() -> Console | None:
    """A console on standard error, past pytest's capturing; None where no one looks.

    To be called while nothing is captured.
    """
    from rich.console import Console

    if not (sys.__stderr__ and sys.__stderr__.isatty() and sys.__stdout__ and sys.__stdout__.isatty()):
        return None
    console = Console(file=os.fdopen(os.dup(sys.__stderr__.fileno()), "w", buffering=1))
    return None if console.is_dumb_terminal else console
