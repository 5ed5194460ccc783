"""The command `verify show`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from solvers.errors import InputError
from verify.claims.catalogue import no_claim
from verify.claims.index import Summary, of_file, summaries
from verify.claims.provenance import Read
from verify.cli.common import ReportDir, out
from verify.cli.completion import claim_ids
from verify.cli.replay import recorded

if TYPE_CHECKING:
    Fact = tuple[str, str]


def show(
    target: Annotated[
        str,
        typer.Argument(metavar="ID", help="A claim's id, or a file that defines claims.", autocompletion=claim_ids),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="The claims and their last records, as JSON.")] = False,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Tell a claim whole: statement, source, twins, the last verdict on it, and where its figures are.

    Examples: verify show fan2025/sign-gd-binary;  verify show my_conjecture.py
    """
    claims = _chosen(target, report_dir)
    records = [recorded(report_dir, claim.id) for claim in claims]
    if as_json:
        both = [{"claim": asdict(c), "record": r} for c, r in zip(claims, records, strict=True)]
        typer.echo(json.dumps(both, ensure_ascii=False, indent=1))
        return
    for i, (claim, record) in enumerate(zip(claims, records, strict=True)):
        out.print(*([""] if i else []), Text(claim.id, style="bold"), Text(claim.title), sep="\n")
        facts = [*_said(claim), *(_found(record, report_dir) if record else ()), *_next(claim, target, record)]
        table = Table.grid(padding=(0, 2))
        for name, words in facts:
            table.add_row(Text(name, style="dim"), Text(words))
        out.print(table)


def _chosen(target: str, report_dir: Path) -> list[Summary]:
    """The claims of that id or file; an id that only a record knows is told from it."""
    if target.endswith(".py"):
        return of_file(target)
    known = {claim.id: claim for claim in summaries()}
    if target in known:
        return [known[target]]
    if (record := recorded(report_dir, target)) is not None:
        return [_of_record(record)]
    if within := [name for name in known if name.startswith(f"{target}/")]:
        raise InputError(f"{target} has {len(within)} claims: choose one of `verify list --paper {target}`.")
    near = get_close_matches(target, known, 1)
    remedy = f"did you mean {near[0]}?" if near else "see `verify list`, or give a file that defines one."
    raise no_claim(target, remedy)


def _of_record(record: dict[str, Any]) -> Summary:
    """What a record says of its claim, of which no installed package knows."""
    reference = record.get("reference", {})
    return Summary(
        **{name: record[name] for name in ("id", "kind", "title", "statement", "source", "quantity")},
        promise=record.get("promise", ""),
        read=record.get("read", ""),
        paper={name: reference.get(name) for name in ("authors", "title", "year", "arxiv")},
        about=record["optimizer"],
        loss=record["loss"] or "",
        norm=record["norm"] or "",
        law=record["claimed"]["law"] or "",
        twins=[twin["wrong"] for twin in record["twins"]],
        real=[each["name"] for each in record["datasets"]["real"]],
        file="",
    )


def _said(claim: Summary) -> Iterator[Fact]:
    """What is claimed, and where it comes from."""
    yield "statement", claim.statement
    yield "source", claim.source + (f", read {claim.read}" if claim.read not in ("", Read.CONJECTURED) else "")
    paper = claim.paper
    if paper["title"]:
        arxiv = f", arXiv:{paper['arxiv']}" if paper["arxiv"] else ""
        yield "paper", f"{paper['authors']}: {paper['title']}, {paper['year']}{arxiv}"
    yield "about", "; ".join(filter(None, (claim.about, claim.loss and f"{claim.loss} loss", claim.norm)))
    yield "claims", f"{claim.quantity}: {claim.law}"
    yield "kind", ", promises: ".join(filter(None, (claim.kind, claim.promise)))
    for i, wrong in enumerate(claim.twins):
        yield f"twin {i}", wrong
    if claim.real:
        yield "real data", ", ".join(claim.real)
    if claim.file:
        yield "file", claim.file


def _found(record: dict[str, Any], report_dir: Path) -> Iterator[Fact]:
    """The last verdict, and the figures that lie in the report's folder."""
    yield "verdict", f"{record['verdict']}. {record['sentence']}"
    for i, twin in enumerate(record["twins"]):
        yield f"on twin {i}", f"{twin['verdict']}. {twin['sentence']}"
    for real in record["datasets"]["real"]:
        yield f"on {real['name']}", f"{real['verdict']}. {real['sentence']}"
    yield "checked", f"{record['created'][:16]}, profile {record['profile']}, seed {record['seed']}"
    for place in _figures(record["id"], report_dir):
        yield "figure", place


def _figures(name: str, report_dir: Path) -> Iterator[str]:
    """Where the claim's figures are: its place on the page, and files of its own."""
    from reports.records import slug

    page = report_dir / "index.html"
    anchor = f"claim-{slug(name)}"
    if page.is_file() and f'id="{anchor}"' in page.read_text("utf-8"):
        yield f"{page}#{anchor}"
    for folder in ("figures", "replays"):
        yield from map(str, sorted((report_dir / folder).glob(f"{slug(name)}.*")))


def _next(claim: Summary, target: str, record: dict[str, Any] | None) -> Iterator[Fact]:
    """The command that tries the claim, or what there is to be seen of it."""
    if record is None:
        yield "verdict", f"none in this report folder: verify check {target if target.endswith('.py') else claim.id}"
    else:
        yield "again", record["reproduce"]
