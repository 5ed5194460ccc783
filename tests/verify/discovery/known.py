"""How often the interval of `verify.sharpen` holds the law by which curves are made, over kinds of curves and seeds.

    python -m tests.verify.discovery.known 5

prints the table of docs/discovery.md, of five master seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tests.verify.discovery.made import PROFILE, claim
from verify import Decay, Rate, laws, sharpen
from verify.laws import DecayLaw, Law

POWERS = (0.25, 1 / 3, 0.47, 0.6, 0.71, 0.9, 1.13)
OF_LOG_TIME = (0.5, 0.75, 1.0, 1.3)
DECAYS = (0.3, 0.5, 0.8)


class Curves(NamedTuple):
    """Of one kind. laws: of the curves; stated: the slow one that the claim states. how: of `made.Made`.

    wide: whether the interval in question is the one that allows for a factor of log t.
    """

    what: str
    laws: Sequence[Law | DecayLaw]
    stated: Rate | Decay
    how: dict[str, float | bool]
    wide: bool = False

    def intervals(self, seed: int) -> Iterator[tuple[float, tuple[float, float]]]:
        """Of each law its exponent, and the interval that is found."""
        for law in self.laws:
            found = sharpen(claim(law, self.stated, **self.how), profile=PROFILE, examples=0, seed=seed)
            interval = found.wide if self.wide else found.interval
            power = law.power if not isinstance(law, Law) or self.wide else abs(law.exponent)
            yield power, (np.nan, np.nan) if interval is None else interval


POWER = Rate(laws.power(0.1))
KINDS = (
    Curves("powers", [laws.power(p) for p in POWERS], POWER, {}),
    Curves("powers, judged by a budget", [laws.power(p) for p in POWERS], POWER, {"budgeted": True}),
    Curves("powers that wobble by a tenth", [laws.power(p) for p in POWERS], POWER, {"wobble": 0.1}),
    Curves("powers that fell faster at first", [laws.power(p) for p in POWERS], POWER, {"early": 5.0}),
    Curves(
        "powers with a factor log t or 1/log t",
        [Law(0.5, 1.0), Law(0.3, 1.0), Law(0.4, -1.0), Law(1.0, 1.0)],
        POWER,
        {"budgeted": True},
        wide=True,
    ),
    Curves("powers of log t", [Law(0.0, -p) for p in OF_LOG_TIME], Rate(Law(0.0, -0.25)), {}),
    Curves("exponentials of a power", [DecayLaw(p) for p in DECAYS], Decay(DecayLaw(0.2)), {}),
)


class Held(NamedTuple):
    """How many intervals of a kind of curves hold the exponent, of how many, and how wide they are in the median."""

    what: str
    held: int
    of: int
    width: float


def table(seeds: Sequence[int], kinds: Sequence[Curves] = KINDS) -> list[Held]:
    """A row for each kind of curves."""
    rows = []
    for kind in kinds:
        found = [each for seed in seeds for each in kind.intervals(seed)]
        inside = sum(low <= p <= high for p, (low, high) in found)
        rows.append(Held(kind.what, inside, len(found), float(np.median([high - low for _, (low, high) in found]))))
    return rows


if __name__ == "__main__":
    told = table(range(int(sys.argv[1])))
    lines = [f"| {row.what} | {row.held} of {row.of} | {row.width:.2f} |" for row in told]
    whole = f"| all | {sum(row.held for row in told)} of {sum(row.of for row in told)} | |"
    sys.stdout.write("\n".join(["| Curves | Held | Width |", "| --- | --- | --- |", *lines, whole]) + "\n")
