"""How small an excess of a rate is found: laws that are too fast by little, of methods whose gap is of the order 1/S.

They count in a table of their own: a law beside the true one that a verdict does not tell apart is a matter of power.
"""

from __future__ import annotations

from typing import Any

from benchmarks.soundness.entry import Entry, Said, group
from benchmarks.soundness.runs import half
from verify import optimizers
from verify.claims.kinds import Rate
from verify.laws import power
from verify.optimizers import PowerDecay

EXCESSES = (0.0, 0.02, 0.05, 0.1, 0.2)
RESOLUTIONS = (0.2, 0.05)
WHY = "the gap is of the order 1/S = t^-(1-a) on data whose first steps leave a deficit"


def _rows(name: str, text: str, a: float, optimizer: Any, norm: str) -> tuple[Entry, ...]:
    said = [
        Said(
            not excess,
            WHY,
            {"kind": Rate(power(1 - a + excess), resolution=resolution), "norm": norm},
            f"resolution {resolution:g}, t^-{1 - a + excess:g}",
            excess,
        )
        for resolution in RESOLUTIONS
        for excess in EXCESSES
    ]
    return group(f"power-{name}", text, *said, optimizer=optimizer, loss="logistic")


ENTRIES = (
    *_rows("sign-gd", "SignGD, η = 0.1 t^-1/2", 1 / 2, optimizers.sign_gd(half()), "linf"),
    *_rows("ngd", "normalised GD, η = 0.1 t^-1/2", 1 / 2, optimizers.normalised_gd(half()), "l2"),
    *_rows("sign-gd-a0.8", "SignGD, η = t^-4/5", 4 / 5, optimizers.sign_gd(PowerDecay(1.0, 4 / 5)), "linf"),
)
