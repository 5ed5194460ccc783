"""What runs tell of one optimizer: the norm that it follows and until when, its constants, exponents, and more.

Whatever is searched for is said with what it was seen on. A dossier is made of runs on drawn data: it is evidence, from
one seed, and what it suggests is to be checked as a conjecture.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any, cast

import optax

import solvers.norms
from solvers.display import plain_fields
from solvers.errors import InputError
from solvers.references import max_margins_in
from verify.backend import working_on
from verify.discovery.behaviour import Batched, Rotation, batched, rotation
from verify.discovery.held import Size, held
from verify.discovery.moving import SizeExponent, size_exponents
from verify.discovery.nearest import Near, nearest
from verify.discovery.schedules import POWERS, Scheduled, as_far, scheduled, total
from verify.identification.drawn import drawn
from verify.identification.identification import Identification
from verify.identification.identify import MATRIX_NORMS, identify
from verify.identification.shares import WEIGHTED
from verify.losses import Loss
from verify.losses import loss as loss_named
from verify.optimizers.calling import Optimizer, calling
from verify.optimizers.homogeneity import Homogeneity, check_optimizer, probe
from verify.optimizers.step_sizes import PowerDecay, StepSize
from verify.runs.trajectory import check_steps
from verify.seeds import derived_seed

Told = Callable[[str, int, int], None]
Make = Callable[[StepSize], Optimizer]

STEPS = PowerDecay(0.03, 1 / 2)
"""The step sizes where none are given: small enough for methods that remember a thousand steps."""
_BASE = Size(8, 8, 1.2)  # of the datasets under all schedules
_DATASETS = 12
_SHORTER = 4  # than the main runs are those whose sizes move, and those on mini-batches
_ROTATED = 1000  # steps
_FIRST = 30.0  # largest first step of a schedule, in those that were given
_BATCH = 2
_BOUNDED = 0.95  # exponent of S from which on the deficit counts as bounded
_LEAST = 0.05  # exponent of t below which no law is suggested
_MATRIX, _VECTOR = (3, 4), (4,)
_LIFT = 2.0**300  # which lifts gradients above any constant, and whose square is still a number


@dataclass(frozen=True)
class Suggestion:
    """A law that the runs suggest: under steps `step_size` the gap in the norm is `O(t^-rate)`.

    step_size: None where the optimizer has its own. rate: a fraction such as 1/2. matrix: whether the norm needs a
    matrix of weights.
    """

    norm: str
    step_size: PowerDecay | None
    rate: Fraction
    matrix: bool

    @property
    def sentence(self) -> str:
        """The law in words."""
        under = "" if self.step_size is None else f" with steps t^-{_short(self.step_size.a)}"
        return f"the gap to the maximal {self.norm} margin is O(t^-{self.rate}){under}"


@dataclass(frozen=True)
class Dossier:
    """What is known of an optimizer after about two minutes.

    optimizer: its name. identified: which norm it follows, until when, its constants and hand-overs, as
    `verify.identify` found them. above: the same with all gradients multiplied by a large number, where it hides
    constants and its norm was not settled: what it follows until they are reached, and all else is then of that method
    too. norm: the one in which all else is measured, which is `followed` only if it was
    named. matrix: whether that was on matrices of weights. homogeneity: how updates answer to the gradient's scale.
    schedules: exponents under step sizes `t^-a`, of its own last where they are no such. dependences: on n, d and
    gamma. batches: on mini-batches of `_BATCH` points. rotation: of the data. theorems: about methods like it.
    suggestions: laws to be checked. loss, steps, seed: of the runs. seconds: that it took.
    """

    optimizer: str
    identified: Identification
    above: Identification | None
    norm: str
    followed: bool
    matrix: bool
    homogeneity: Homogeneity
    schedules: tuple[Scheduled, ...]
    dependences: tuple[SizeExponent, ...]
    batches: tuple[Batched, ...]
    rotation: Rotation
    theorems: tuple[Near, ...]
    suggestions: tuple[Suggestion, ...]
    loss: str
    steps: int
    seed: int
    seconds: float = field(compare=False)

    @property
    def degree(self) -> str:
        """How updates answer to the gradient's scale, in words."""
        return _degree(self.homogeneity)

    @property
    def precision(self) -> str:
        """How far runs can be followed in floating point, in words."""
        if all(each.exact for each in self.schedules):
            return "The optimizer is scale-free: its runs are exact at any margin, and have no precision horizon."
        met = [f"{each.steps}: step {each.horizon}" for each in self.schedules if each.horizon is not None]
        if not met:
            return f"It needs true gradients; up to step {self.steps} runs stayed inside the range of floating point."
        return f"It needs true gradients, which leave the range of floating point (median step): {'; '.join(met)}."

    @property
    def until_then(self) -> str:
        """What it follows until its constants are reached, in a sentence; empty where nothing of that is known."""
        # Its other sentences are of constants, which have been moved.
        return "" if self.above is None else f"{self.above.sentence.split('. ')[0].rstrip('.')}."

    @property
    def silence(self) -> str:
        """Why no law is suggested, in words; empty where one is."""
        if self.suggestions:
            return ""
        if self.identified.norm == WEIGHTED:
            return "None is suggested: it follows a weighted l2 margin, whose weights each of its runs makes itself."
        if not self.followed:
            return "None is suggested, since it was not shown to follow a norm."
        if self.above is not None:
            return (
                "None is suggested: the norm is followed until a constant is reached, and not for ever. Set that "
                "constant to 0 if it can be, as in -o eps=0."
            )
        if _becomes_gradient_descent(self.identified):
            return (
                "None is suggested: it ends as gradient descent, whose gap falls with log t alone, and no run of steps "
                "tells such laws. State one of a flow."
            )
        return "None is suggested, since too few datasets tell of a power of t."

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, curves as medians; see `solvers.display.plain` for numbers that JSON has not."""
        return plain_fields(
            self,
            identified={
                k: v for k, v in self.identified.to_dict().items() if k not in ("log_time", "gaps", "constants")
            }
            | {"constants": [constant.to_dict() for constant in self.identified.constants]},
            above=None if self.above is None else {"norm": self.above.norm, "sentence": self.until_then},
            schedules=[_without_curves(each) for each in self.schedules],
            rotation={"apart": self.rotation.apart, "along": self.rotation.along, "sentence": self.rotation.sentence},
            degree=self.degree,
            precision=self.precision,
            silence=self.silence,
            suggestions=[
                {"norm": each.norm, "rate": str(each.rate), "step_size": each.step_size, "sentence": each.sentence}
                for each in self.suggestions
            ],
        )


def dossier(
    make: Make | Optimizer,
    *,
    name: str = "the optimizer",
    step_size: StepSize | None = None,
    loss: str | Loss = "logistic",
    norms: Sequence[str] | None = None,
    steps: int = 100_000,
    draws: int = 8,
    seed: int = 0,
    platform: str | None = None,
    progress: Told | None = None,
) -> Dossier:
    """Run an optimizer on drawn data, under several schedules, and tell what is seen of it.

    make: from step sizes, a number or a schedule, to an optax transformation; or a transformation, which has its own
    step sizes and is seen under no others. step_size: those of all but the schedules, `0.1 (t+1)^-1/2` by default; the
    schedules sum to as much. norms: to choose from, as of `verify.identify`. steps: of each run; those on mini-batches
    and on data of moving sizes have a quarter. draws: datasets on which the norm is looked for.
    Raises `InputError` on bad input, `TrajectoryError` at NaN or infinity.
    """
    begun = time.perf_counter()
    check_steps(steps)
    if steps < 100 * _SHORTER:
        raise InputError(f"A dossier of runs of {steps} steps tells nothing: give {100 * _SHORTER} or more.")
    if draws < 2:
        raise InputError(f"A dossier on {draws} drawn datasets tells nothing: give 2 or more.")
    kind = loss_named(loss)
    own, maker, eta = _made(make, name, step_size)
    degree = probe(own, _MATRIX if _takes(own, _MATRIX) else _VECTOR)

    def part(what: str) -> Callable[[int, int], None]:
        return lambda done, of: progress(what, done, of) if progress else None

    with working_on(platform):
        datasets = drawn(draws, seed)
        names = tuple(norms) if norms is not None else MATRIX_NORMS
        references = dict(max_margins_in(names, [s.problem for s in datasets]))
        look = partial(
            identify,
            datasets=datasets,
            loss=kind,
            steps=steps,
            norms=list(references),
            references=references,
            seed=seed,
        )
        found, above = look(own, progress=part("norm")), None
        if found.norm is None and found.constants:
            own, maker = _lifted(own), maker and _lifting(maker)
            above = look(own, progress=part("norm above its constants"))
        named = found if above is None else above
        norm = next(score.norm for score in named.ranking if score.norm != WEIGHTED)
        followed = named.norm == norm
        matrix = solvers.norms.norm(norm).matrix_only or not _takes(own, _VECTOR)
        schedules = _schedules(
            own, maker, eta, norm=norm, matrix=matrix, loss=kind, steps=steps,
            seed=seed, progress=part("schedules"),
        )  # fmt: skip
        shorter = max(steps // _SHORTER, 100)
        dependences = size_exponents(
            own, norm=norm, loss=kind, steps=shorter, seed=seed, matrix=matrix, progress=part("n, d and gamma")
        )
        batches = batched(
            own, datasets, norm=norm, references=references, loss=kind, steps=shorter, batch=_BATCH, seed=seed,
            progress=part("mini-batches"),
        )  # fmt: skip
        turned = rotation(own, datasets[:4], loss=kind, steps=min(_ROTATED, steps), seed=seed)
        theorems = nearest(own, norm if followed else None)
    says = followed and above is None and not _becomes_gradient_descent(found)
    return Dossier(
        name, found, above, norm, followed, matrix, degree, schedules, dependences, batches, turned,
        tuple(theorems), _suggested(norm, matrix, schedules, maker is None) if says else (),
        loss if isinstance(loss, str) else loss.name, steps, seed,
        time.perf_counter() - begun,
    )  # fmt: skip


def _made(make: Any, name: str, step_size: StepSize | None) -> tuple[Optimizer, Make | None, StepSize]:
    """The optimizer, what makes it of step sizes, if anything does, and its own step sizes."""
    eta = STEPS if step_size is None else step_size
    if not (callable(getattr(make, "init", None)) and callable(getattr(make, "update", None))):
        if not callable(make):
            check_optimizer(make)
        return check_optimizer(make(eta)), cast(Make, make), eta
    if step_size is not None:
        raise InputError(f"{name} is an optimizer already, with its step sizes: give none, or what makes it of them.")
    return make, None, eta


def _lifted(optimizer: Optimizer) -> Optimizer:
    return optax.chain(optax.scale(_LIFT), cast(optax.GradientTransformation, optimizer))


def _lifting(make: Make) -> Make:
    return lambda step_size: _lifted(make(step_size))


def _becomes_gradient_descent(found: Identification) -> bool:
    """Whether its runs were carried on as gradient descent's flow, or would be later."""
    return found.later is not None or found.until > found.steps + 1e-9


def _takes(optimizer: Optimizer, shape: tuple[int, ...]) -> bool:
    try:
        calling(optimizer, shape)
    except InputError:
        return False
    return True


def _schedules(
    own: Optimizer,
    make: Make | None,
    eta: StepSize,
    *,
    norm: str,
    matrix: bool,
    loss: Loss,
    steps: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> tuple[Scheduled, ...]:
    """Runs under all schedules; of an optimizer that has its own step sizes, under these alone."""
    seeds = [derived_seed(seed, "schedules", str(i)) for i in range(_DATASETS)]
    datasets = [held([_BASE], norm=norm, seed=each, matrix=matrix)[0] for each in seeds]
    cases: list[tuple[Optimizer, str, PowerDecay | None]] = []
    if make is None:
        cases.append((own, "its own", None))
    else:
        whole, first = total(eta, steps), _FIRST * total(eta, 1)
        for a in POWERS:
            step = as_far(a, steps, whole, first)
            cases.append((make(step), f"{step.eta0:.3g} (t+1)^-{_short(a)}", step))
        if not isinstance(eta, PowerDecay):
            cases.append((own, getattr(eta, "text", None) or f"{eta}", None))
    found = []
    for number, (optimizer, text, step) in enumerate(cases):
        found.append(scheduled(optimizer, datasets, norm=norm, loss=loss, steps=steps, text=text, step_size=step))
        progress(number + 1, len(cases))
    return tuple(found)


def _suggested(norm: str, matrix: bool, schedules: Sequence[Scheduled], fixed: bool) -> tuple[Suggestion, ...]:
    """Of each schedule whose runs tell of it a law: `t^-(1-a)` where the deficit is bounded, else what was seen."""
    found = []
    for each in schedules:
        if each.in_time is None or each.in_path is None or (each.step_size is None and not fixed):
            continue
        rate = Fraction(math.floor(each.in_time.low / _LEAST)) / round(1 / _LEAST)
        if each.step_size is not None and each.in_path.value >= _BOUNDED:
            power = 1 - Fraction(each.step_size.a).limit_denominator(10)
            rate = power if each.in_time.value >= power - Fraction(1, 20) else rate
        if rate > 0:
            found.append(Suggestion(norm, each.step_size, rate, matrix))
    return tuple(found)


def _short(a: float) -> str:
    return str(Fraction(a).limit_denominator(10)) if round(a, 2) != a else f"{a:g}"


def _degree(found: Homogeneity) -> str:
    if not found.scale_free:
        return "Not scale-free: multiplying all gradients by a constant changes its updates."
    told = ", ".join(map(str, found.degrees or ())) or "none: it has no state"
    return f"Scale-free: its updates are homogeneous of degree 0 in the gradients; degrees of its state: {told}."


def _without_curves(each: Scheduled) -> dict[str, Any]:
    return {key: value for key, value in plain_fields(each).items() if key not in ("log_time", "gap", "travelled")}
