"""The command `verify list`."""

from __future__ import annotations

from rich.table import Table

from verify.claims.index import summaries
from verify.cli.common import out


def list_claims() -> None:
    """List the claims: their ids, kinds, what they promise, their sources and how far these were read.

    Example: verify list
    """
    table = Table("id", "kind", "promise", "claim", "twins", "source", "read")
    table.columns[0].no_wrap = True
    for claim in summaries():
        table.add_row(claim.id, claim.kind, claim.promise, claim.title, str(claim.twins), claim.source, claim.read)
    out.print(table)
