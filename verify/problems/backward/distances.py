"""How far discrete methods are from the equations they are said to follow, against 1/h: quantities of claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import jax
import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.datasets.cases import Case
from verify.problems.backward import memoryless, modified_equation
from verify.problems.backward.lockstep import Contest, Course, Ends, Numbers, adam_contest, distances
from verify.problems.backward.memoryless import Bias, Momentum
from verify.problems.backward.modified_equation import Hyperparameters, Memory, Wording
from verify.problems.backward.samples import LOSSES
from verify.problems.backward.settings import MOST_BATCHES, AdamSetting, MethodSetting, MomentumSetting, problem_of
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject

HALVINGS = 4
_CHUNK = 8  # cases that one compiled program runs
_SPAN = 20  # steps, in lengths of the longer memory, at the coarsest level
_ROUNDING = 1e-16  # of a step, in units of the parameters


def coarsest(*decays: float, span: int = _SPAN) -> int:
    """The number of steps at the coarsest level: the method's memory must be short beside it, `1/span` of it."""
    return round(span / (1 - max(decays)))


def levels(first: int, factor: int = 2) -> list[int]:
    """The numbers of steps, each `factor` times the one before, up to `2^HALVINGS` times the first."""
    return [first * factor**k for k in range(HALVINGS + 1) if factor**k <= 2**HALVINGS]


S = TypeVar("S", bound=MethodSetting)


def settings_of(lab: Laboratory, kind: type[S]) -> list[S]:
    """The laboratory's cases, which must be settings of that kind."""
    found = [case for case in lab.cases if isinstance(case, kind)]
    if len(found) < len(lab.cases):
        raise InputError(
            f"This equation is tried on a {kind.__name__} only: draw them as verify.problems.backward.settings does."
        )
    return found


@dataclass(frozen=True)
class Curves:
    """Errors `[b r]`, floors `[b]`, the least gradient entries `[b]` and the ends at each level, of all cases."""

    values: Float[np.ndarray, "b r"]
    floor: Float[np.ndarray, " b"]
    least: Float[np.ndarray, " b"]
    ends: list[list[Ends]]

    def measurement(self, steps: Sequence[int], cases: Sequence[Case], judged: np.ndarray, *notes: str) -> Measurement:
        """The errors against 1/h."""
        values = np.where(judged[:, None], self.values, 1.0)
        return Measurement(np.log(steps), values, self.floor, judged, cases, notes=notes, clock=Clock.named("1/h"))


def in_groups(
    cases: Sequence[S], key: Callable[[S], Any], follow: Callable[[list[S], list[int]], Course], steps: Sequence[int]
) -> Curves:
    """The curves of all cases; those of equal `key` run together, in chunks of one size."""
    values, floor, least = np.full((len(cases), len(steps)), np.nan), np.zeros(len(cases)), np.zeros(len(cases))
    chunk = _CHUNK if len(cases) > 1 else 1
    ends: list[list[Ends]] = [[] for _ in cases]
    for one in dict.fromkeys(map(key, cases)):
        rows = [i for i, case in enumerate(cases) if key(case) == one]
        for begin in range(0, len(rows), chunk):
            use = rows[begin : begin + chunk]
            # Repeated, since a smaller chunk would need a program of its own.
            course = follow([cases[i] for i in np.resize(use, chunk).tolist()], list(steps))
            for place, i in enumerate(use):
                values[i], least[i] = course.largest[place], course.least[place].min()
                floor[i] = course.solver[place].max() + _ROUNDING * steps[-1]
                ends[i] = [Ends(end.method[place], end.equation[place]) for end in course.ends]
    return Curves(values, floor, least, ends)


def stacked(cases: Sequence[MethodSetting], batches: int) -> tuple[Any, np.ndarray]:
    """Data and starts of the cases, with a leading axis of cases."""
    drawn = [problem_of(case, batches) for case in cases]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *drawn)


def column(cases: Sequence[MethodSetting], name: str) -> Float[np.ndarray, " c"]:
    """One number of every case."""
    return np.array([getattr(case, name) for case in cases], float)


def constants(values: Any, like: np.ndarray) -> Any:
    """Numbers of an equation's wording as arrays of the cases; those that are arrays stay."""
    return jax.tree.map(lambda value: np.broadcast_to(np.asarray(value, float), like.shape).copy(), values)


@dataclass(frozen=True)
class ModifiedEquation:
    """Largest distance of Adam to its modified equation over the steps, in the largest component.

    carried: to the equation's carried form. swapped: the equation has β and ρ exchanged. outside: both the method and
    the equation have ε outside the root. moved: the equation alone has it on the other side. wording: how the equation
    reads otherwise. share: of the cases, which are measured; the others are not judged. span, factor: of the numbers
    of steps, as in `coarsest` and `levels`. Where batches are drawn the constant depends on the draw, the less the
    more steps there are; and the further the levels lie apart the less this moves the order between them.
    """

    wording: Wording = modified_equation.TRUE
    carried: bool = False
    swapped: bool = False
    outside: bool = False
    moved: bool = False
    share: float = 1.0
    span: int = _SPAN
    factor: int = 2
    name: str = field(default="distance to the equation", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the settings drawn; raises `InputError` for another kind of case."""
        del subject
        return self.measure_settings(settings_of(lab, AdamSetting))

    def measure_settings(self, cases: Sequence[AdamSetting]) -> Measurement:
        """The distances on these settings, without a claim."""
        judged = np.arange(len(cases)) < max(1, round(self.share * len(cases)))
        steps = levels(coarsest(*(decay for case in cases for decay in case.decays), span=self.span), self.factor)
        use = [case for case, judge in zip(cases, judged, strict=True) if judge]
        found = in_groups(use, lambda case: case.loss, self._follow, steps)
        values, floor = np.ones((len(cases), len(steps))), np.zeros(len(cases))
        values[judged], floor[judged] = found.values, found.floor
        return Measurement(np.log(steps), values, floor, judged, cases, clock=Clock.named("1/h"))

    def _follow(self, cases: list[AdamSetting], steps: list[int]) -> Course:
        memory = Memory(MOST_BATCHES) if self.carried else _memory(cases)
        decays = np.stack([column(cases, "beta"), column(cases, "rho")])
        inside = np.full(len(cases), 1.0 - self.outside)
        numbers = Hyperparameters(decays[0], decays[1], column(cases, "eps"), inside)
        claimed = numbers._replace(beta=decays[1], rho=decays[0]) if self.swapped else numbers
        claimed = claimed._replace(inside=1 - inside) if self.moved else claimed
        data, start = stacked(cases, memory.batches)
        order = np.stack([case.drawn_order(steps[-1]) for case in cases])
        if self.carried:
            pasts: list[Any] = [modified_equation.nothing(memory.batches, start.shape[1])] * len(cases)
        else:
            one_period = [case.order if case.repeats else row for case, row in zip(cases, order, strict=True)]
            pairs = zip(one_period, claimed.beta, claimed.rho, strict=True)
            pasts = [modified_equation.tables(each, steps[-1], memory, b, r) for each, b, r in pairs]
        past = jax.tree.map(lambda *leaves: np.stack(leaves), *pasts)
        wording = constants(self.wording, numbers.beta)
        contest = adam_contest(LOSSES[cases[0].loss].total, memory)
        every = Numbers(start, data, order, numbers, (past, claimed, wording))
        names = [case.name for case in cases]
        return distances(contest, every, column(cases, "time"), steps, change=memory.transient, names=names)


def _memory(cases: Sequence[AdamSetting]) -> Memory:
    """One for all cases: as many batches, as long a window and as long a period as any claim has."""
    if all(case.batches == 1 for case in cases):
        return Memory(1, 1, 1)
    longest = max(max(case.decays) for case in cases)
    return Memory(MOST_BATCHES, _window(longest), 6 if all(case.repeats for case in cases) else 0)


def _window(decay: float) -> int:
    """A window for decays up to 0.8, which most claims draw; else one for this decay."""
    return modified_equation.window(max(decay, 0.8))


@dataclass(frozen=True)
class FullBatchEquation:
    """Largest distance of full-batch Adam to the equation of its bias, over the steps, in the largest component.

    wording: what the bias is, as `Bias`'s four numbers after ε. swapped: β and ρ are exchanged in it. other: the method
    runs with a ρ in the middle between its own and 1. outside, moved: as in `ModifiedEquation`. least: judged are the
    settings on which no entry of a gradient came nearer to zero.
    """

    wording: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    swapped: bool = False
    other: bool = False
    outside: bool = False
    moved: bool = False
    least: float = 0.0
    name: str = field(default="distance to the equation", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the settings drawn; raises `InputError` for another kind of case."""
        del subject
        cases = settings_of(lab, AdamSetting)
        steps, found = self.curves(cases)
        judged = found.least >= self.least
        notes = () if judged.all() else (f"on {np.count_nonzero(~judged)} settings a gradient comes near to zero",)
        return found.measurement(steps, cases, judged, *notes)

    def curves(self, cases: Sequence[AdamSetting]) -> tuple[list[int], Curves]:
        """The numbers of steps, and what was found."""
        steps = levels(coarsest(*(decay for case in cases for decay in case.decays)))
        return steps, in_groups(cases, lambda case: case.loss, self._follow, steps)

    def _follow(self, cases: list[AdamSetting], steps: list[int]) -> Course:
        beta, rho, eps = (column(cases, name) for name in ("beta", "rho", "eps"))
        scale, first, second, floor = (np.full(len(cases), value) for value in self.wording)
        claimed = (rho, beta) if self.swapped else (beta, rho)
        inside = np.full(len(cases), 1.0 - self.outside)
        numbers = Hyperparameters(beta, (1 + rho) / 2 if self.other else rho, eps, inside)
        data, start = stacked(cases, 1)
        order = np.zeros((len(cases), 1), int)
        equation = Bias(*claimed, eps, scale, first, second, floor, 1 - inside if self.moved else inside)
        contest = Contest(LOSSES[cases[0].loss].total, 1, memoryless.adam_method, (memoryless.adam,))
        every = Numbers(start, data, order, numbers, equation)
        return distances(contest, every, column(cases, "time"), steps, names=[case.name for case in cases])


@dataclass(frozen=True)
class MomentumEquation:
    """Largest distance of the heavy ball to its equation over the steps after the burn-in, in the largest component.

    memoryless: to the iteration without memory on a modified loss instead. burn_in: the share of the steps
    after which the comparison begins. The others are `Momentum`'s wording.
    """

    memoryless: bool = False
    burn_in: float = 0.5
    scale: float = 1.0
    power: float = 3.0
    plus: float = 1.0
    name: str = field(default="distance to the equation", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the settings drawn; raises `InputError` for another kind of case."""
        del subject
        cases = settings_of(lab, MomentumSetting)
        # Of the first gradients e^-20 is left after half of the steps at the coarsest level.
        steps = levels(2 * coarsest(*(case.beta for case in cases)))
        found = in_groups(cases, lambda case: case.loss, self._follow, steps)
        return found.measurement(steps, cases, np.ones(len(cases), bool))

    def _follow(self, cases: list[MomentumSetting], steps: list[int]) -> Course:
        beta = column(cases, "beta")
        data, start = stacked(cases, 1)
        words = (np.full(len(cases), value) for value in (self.scale, self.power, self.plus))
        form = memoryless.memoryless if self.memoryless else memoryless.heavy_ball
        loss = LOSSES[cases[0].loss].total
        contest = Contest(loss, 1, memoryless.momentum_method, (form,), discrete=self.memoryless)
        order = np.zeros((len(cases), 1), int)
        every = Numbers(start, data, order, beta, Momentum(beta, *words))
        names = [case.name for case in cases]
        return distances(contest, every, column(cases, "time"), steps, burn_in=self.burn_in, names=names)
