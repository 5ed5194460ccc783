"""How far discrete methods are from the equations they are said to follow, against 1/h: quantities of claims."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify import bias_flows, modified
from verify.laboratory import Laboratory
from verify.lockstep import Contest, Numbers, distances
from verify.modified import Hyperparameters, Memory, Wording
from verify.quantities import Measurement
from verify.sample_losses import LOSSES, MOST_BATCHES, AdamSetting, problem_of

if TYPE_CHECKING:
    from verify.claims import Claim

HALVINGS = 4
_CHUNK = 8  # cases that one compiled program runs
_SPAN = 20  # steps, in lengths of the longer memory, at the coarsest level
_ROUNDING = 1e-16  # of a step, in units of the parameters


def coarsest(*decays: float) -> int:
    """The number of steps at the coarsest level: the method's memory must be short beside it."""
    return round(_SPAN / (1 - max(decays)))


def levels(first: int) -> list[int]:
    """The numbers of steps, doubling."""
    return [first << k for k in range(HALVINGS + 1)]


def settings_of(lab: Laboratory) -> list[AdamSetting]:
    """The laboratory's cases, which must be settings of Adam."""
    found = [case for case in lab.cases if isinstance(case, AdamSetting)]
    if len(found) < len(lab.cases):
        raise InputError("An equation of Adam is tried on AdamSettings alone: draw them by sample_losses.settings.")
    return found


def in_groups(
    cases: Sequence[AdamSetting],
    key: Callable[[AdamSetting], Any],
    errors: Callable[[list[AdamSetting], list[int]], tuple[np.ndarray, np.ndarray]],
    steps: Sequence[int],
) -> tuple[Float[np.ndarray, "b r"], Float[np.ndarray, " b"]]:
    """Errors of all cases and their floors; cases of equal `key` run together, in chunks of one size."""
    values, floor = np.full((len(cases), len(steps)), np.nan), np.zeros(len(cases))
    for one in dict.fromkeys(map(key, cases)):
        rows = [i for i, case in enumerate(cases) if key(case) == one]
        for begin in range(0, len(rows), _CHUNK):
            use = rows[begin : begin + _CHUNK]
            filled = np.resize(use, _CHUNK).tolist()  # repeated: a program of its own would cost more
            found, solver = errors([cases[i] for i in filled], list(steps))
            values[use] = found[: len(use)]
            floor[use] = solver[: len(use)].max(axis=1) + _ROUNDING * steps[-1]
    return values, floor


def stacked(cases: Sequence[AdamSetting], batches: int) -> tuple[Any, np.ndarray]:
    """Data and starts of the cases, with a leading axis of cases."""
    drawn = [problem_of(case, batches) for case in cases]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *drawn)


def column(cases: Sequence[AdamSetting], name: str) -> Float[np.ndarray, " c"]:
    """One number of every case."""
    return np.array([getattr(case, name) for case in cases], float)


def constants(values: Any, like: np.ndarray) -> Any:
    """Numbers of an equation's wording as arrays of the cases; those that are arrays stay."""
    return jax.tree.map(lambda value: np.broadcast_to(np.asarray(value, float), like.shape).copy(), values)


@functools.cache
def _adam_contest(loss: str, memory: Memory) -> Contest:
    def field(theta: Any, n: Any, h: Any, case: Any, total: Any, *, settled: bool) -> Any:
        data, (table, numbers, wording) = case
        return modified.velocity(theta, n, total, data, memory, table, numbers, wording, settled=settled).at(h)

    forms = (False,) if memory.batches == 1 else (False, True)
    fields = tuple(functools.partial(field, settled=settled) for settled in forms)
    return Contest(LOSSES[loss].total, memory.batches, bias_flows.adam_method, fields)


@dataclass(frozen=True)
class ModifiedEquation:
    """Largest distance of Adam to its modified equation over the steps, in the largest component.

    swapped: the equation has β and ρ exchanged. outside: both the method and the equation have ε outside the root.
    wording: how the equation reads otherwise. share: of the cases, which are measured; the others are not judged.
    """

    wording: Wording = modified.TRUE
    swapped: bool = False
    outside: bool = False
    share: float = 1.0
    name: str = field(default="distance to the equation", init=False)

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        del claim
        cases = settings_of(lab)
        judged = np.arange(len(cases)) < max(1, round(self.share * len(cases)))
        use = [case for case, judge in zip(cases, judged, strict=True) if judge]
        steps = levels(max(coarsest(case.beta, case.rho) for case in cases))
        values, floor = np.ones((len(cases), len(steps))), np.zeros(len(cases))
        values[judged], floor[judged] = in_groups(use, lambda case: (case.loss, case.batches == 1), self._errors, steps)
        return Measurement(np.log(steps), values, floor, judged, cases, axis="1/h")

    def _errors(self, cases: list[AdamSetting], steps: list[int]) -> tuple[np.ndarray, np.ndarray]:
        full = cases[0].batches == 1
        # One program for all cases: as many batches, and as long a window, as any claim has.
        longest = max(max(case.beta, case.rho) for case in cases)
        memory = Memory(1, 1, 1) if full else Memory(MOST_BATCHES, _window(longest), 6)
        decays = np.stack([column(cases, "beta"), column(cases, "rho")])
        inside = np.full(len(cases), 1.0 - self.outside)
        numbers = Hyperparameters(decays[0], decays[1], column(cases, "eps"), inside)
        claimed = numbers._replace(beta=decays[1], rho=decays[0]) if self.swapped else numbers
        data, start = stacked(cases, memory.batches)
        pairs = zip(cases, claimed.beta, claimed.rho, strict=True)
        tables = [modified.tables(case.order, steps[-1], memory, b, r) for case, b, r in pairs]
        table = jax.tree.map(lambda *leaves: np.stack(leaves), *tables)
        wording = constants(self.wording, numbers.beta)
        order = np.stack([np.resize(np.array(case.order), steps[-1]) for case in cases])
        contest = _adam_contest(cases[0].loss, memory)
        none = np.zeros(len(cases), int)
        every = Numbers(start, data, order, numbers, (table, claimed, wording), none)
        names = [case.name for case in cases]
        return distances(contest, every, column(cases, "time"), steps, change=memory.transient, names=names)


def _window(decay: float) -> int:
    """A window for decays up to 0.8, which most claims draw; else one for this decay."""
    return modified.window(max(decay, 0.8))
