"""What the shell offers for a claim's id."""

from __future__ import annotations


def claim_ids(incomplete: str) -> list[str]:
    """The ids of the installed claims that begin like this."""
    from verify.claims.index import summaries

    return [claim.id for claim in summaries() if claim.id.startswith(incomplete)]
