"""The ladder of laws that a search climbs, each faster than the one before."""

from __future__ import annotations

from dataclasses import replace
from math import floor
from typing import Any

import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.claims.claim import Claim
from verify.claims.kinds import Decay, Rate
from verify.claims.kinds.kind import Kind
from verify.laws import DecayLaw, Law

STEP = 0.05
"""By how much the exponents of neighbours differ."""
_HIGHEST = 30  # rungs: an exponent larger by 1.5


def law_of(claim: Claim) -> Law | DecayLaw:
    """The law that a claim states; raises `InputError` for a kind that states none, and for one that no run tells."""
    if isinstance(claim.kind, Rate) and claim.kind.law.in_steps and not claim.kind.law.power:
        raise InputError(
            f"{claim.id} states a law of log t, and its run sees too few decades of it to tell a faster law: "
            "sharpen that of a flow."
        )
    if isinstance(claim.kind, Rate | Decay):
        return claim.kind.law
    raise InputError(
        f"{claim.id} is a {claim.kind.name}, which states no law to be sharpened: give a claim of kind rate or decay."
    )


def kind_of(claim: Claim, law: Law | DecayLaw, resolution: float) -> Kind:
    """The upper law as a claim of the same family. resolution: of the exponent, as of a `Rate` or a `Decay`."""
    return Decay(law, resolution) if isinstance(law, DecayLaw) else Rate(law, resolution)


def ladder(law: Law | DecayLaw) -> list[Law] | list[DecayLaw]:
    """The law, and faster ones in the same clock, whose exponents are multiples of `STEP`.

    A logarithm of a law in t is left out first: `t^-1/2 log t` is followed by `t^-1/2`, `t^-0.55` and so on.
    """
    if isinstance(law, DecayLaw):
        name = "power" if law.power else "log_power"
        return [law, *(replace(law, **{name: p}) for p in _above(getattr(law, name)))]
    if not law.in_time:
        return [law, *(replace(law, log_power=-p, log_log_power=0.0) for p in _above(-law.log_power))]
    plain: dict[str, Any] = {"log_power": 0.0, "log_log_power": 0.0, "in_steps": False}
    logs = law.power > 0 and (law.log_power, law.log_log_power) > (0.0, 0.0)
    bare = [replace(law, **plain)] if logs else []
    return [law, *bare, *(replace(law, power=p, **plain) for p in _above(law.power))]


def exponent(law: Law | DecayLaw) -> float:
    """The power of the law's clock, positive; logarithms of a law in t are left out."""
    return (
        (law.power or law.log_power) if isinstance(law, DecayLaw) else abs(law.power if law.in_time else law.log_power)
    )


def slowed(law: Law) -> list[Law]:
    """The laws `t^-p log t` with larger powers of t than a law, the first of which is asymptotically faster than it."""
    return [Law(p, 1.0) for p in _above(law.power)]


def growth_of_logarithm(log_time: Float[np.ndarray, " r"]) -> float:
    """By what power of ten `log t` grew over the last decade of t: what a factor of it adds to an exponent."""
    end = float(log_time[-1])
    before = end - np.log(10.0)
    return float(np.log10(end / before)) if before > 0 else np.inf


def _above(p: float) -> list[float]:
    first = floor(round(p / STEP, 9)) + 1
    return [round(k * STEP, 9) for k in range(first, first + _HIGHEST)]
