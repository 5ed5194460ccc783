"""The command `verify list`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from solvers.errors import InputError
from verify.claims.index import questions, summaries
from verify.cli.common import err, out

if TYPE_CHECKING:
    from verify.claims.index import Asked, Summary

_WIDEST = 10_000  # characters of a line that is not to be cut
_LONGEST = 40  # characters of an id for which there is room beside the title; a longer one moves the rest of its line


def list_claims(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Only claims with all of these words in their ids, titles, statements or sources."),
    ] = None,
    paper: Annotated[
        list[str] | None, typer.Option(help="Only claims of this paper, such as fan2025; may be given again.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only claims of this kind, such as rate; may be given again.")
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", help="All columns, as wide as they come.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="All that the index holds of these, as JSON; open questions come last.")
    ] = False,
) -> None:
    """List the claims, one a line: id, kind and title, cut to the terminal's width; and the open questions below.

    Examples: verify list;  verify list muon --paper fan2025;  verify list --kind tight --wide
    """
    every = summaries()
    papers = sorted({each.id.partition("/")[0] for each in every})
    _check("paper", paper or [], [*papers, "open"])
    _check("kind", kind or [], sorted({each.kind for each in every}))
    found = [
        each
        for each in every
        if (not paper or each.id.partition("/")[0] in paper)
        and (not kind or each.kind in kind)
        and _holds(each, words or [])
    ]
    asked = [each for each in questions() if not kind and (not paper or "open" in paper) and _holds(each, words or [])]
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in (*found, *asked)], ensure_ascii=False, indent=1))
        return
    if not found and not asked:
        err.print(f"None of {len(every)} claims is like that: leave out a word, a paper or a kind.", highlight=False)
    elif wide and found:
        print_wide(_table(found))
    elif found:
        print_lines((each.id, each.kind, each.title) for each in found)
    if asked:
        out.print("\n" * bool(found) + "Open questions, which `verify hunt ID` tries to answer:", highlight=False)
        print_lines((each.id, "", each.asks) for each in asked)


def print_lines(rows: Iterable[tuple[str, str, str]]) -> None:
    """Print a line for each id with a word and a title, cut to the terminal's width."""
    shown = list(rows)
    longest = min(max(len(name) for name, _, _ in shown), _LONGEST)
    second = max(len(word) for _, word, _ in shown)
    for name, word, title in shown:
        line = " ".join(filter(None, (f"{name:<{longest}}", f"{word:<{second}}", title)))
        out.print(Text(line), no_wrap=True, overflow="ellipsis")


def print_wide(table: Table) -> None:
    """Print a table with none of its cells cut or wrapped, however wide the terminal is."""
    width = out.measure(table, options=out.options.update(width=_WIDEST)).maximum
    Console(width=width).print(table)


def _check(what: str, asked: Sequence[str], known: Sequence[str]) -> None:
    if unknown := [name for name in asked if name not in known]:
        raise InputError(f"There is no {what} {unknown[0]!r}: choose from {', '.join(known)}.")


def _holds(claim: Summary | Asked, words: Sequence[str]) -> bool:
    """Whether a claim has all these words, or parts of words, in whatever case."""
    text = " ".join((claim.id, claim.title, claim.statement, claim.source)).casefold()
    return all(word.casefold() in text for word in words)


def _table(claims: Sequence[Summary]) -> Table:
    table = Table("id", "kind", "promise", "claim", "twins", "source", "read", box=None)
    for each in claims:
        shown = (each.id, each.kind, each.promise, each.title, str(len(each.twins)), each.source, each.read)
        table.add_row(*map(Text, shown))
    return table
