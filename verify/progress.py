"""A progress bar for whoever calls the engine from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress_bar(what: str = "") -> Iterator[Callable[[int, int], None]]:
    """A bar for the argument `progress` of `verify.run`, `verify.flow` and `verify.identify`.

    In a notebook it is one of the browser's, in a terminal one of text that goes away when it is done; elsewhere there
    is none. what: stands beside it.

        with progress_bar("Lion") as progress:
            run(lion, data, steps=1_000_000, progress=progress)
    """
    console = Console(stderr=True)
    if console.is_jupyter:
        # rich would ask for ipywidgets; this is part of what every kernel of Python has.
        from IPython.display import ProgressBar  # pyright: ignore[reportMissingImports]

        shown = ProgressBar(1)
        shown.display()

        def report(done: int, total: int) -> None:
            shown.total = total
            shown.progress = done

        yield report
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what)
        yield lambda done, total: bar.update(task, completed=done, total=total)
