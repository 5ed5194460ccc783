"""The curves of a verdict as records hold them and figures draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from verify.claims.judge import Verdict


def plotted(verdict: Verdict) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "b r"]]:
    """Times on the figure's axis, and the curves of the cases that bear on the verdict."""
    m, kind = verdict.measurement, verdict.claim.kind
    return m.clock.shown(m.log_time), kind.drawn(m)[kind.bears(m)]


def curves_of(verdict: Verdict) -> dict[str, np.ndarray]:
    """By name `time` `[r]`, `gap` `[b r]`, and where the claim's kind has them `law` and `allowed` `[r]`."""
    time, gap = plotted(verdict)
    kind, m = verdict.claim.kind, verdict.measurement
    laws = {"law": kind.law_through(m, gap), "allowed": kind.allowed(m)}
    return {"time": time, "gap": gap} | {name: curve for name, curve in laws.items() if curve is not None}
