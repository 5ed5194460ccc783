"""Sweeps in which one size of a claim's problem moves and the others are held.

n: points. d: features. k: classes. gamma: the maximal margin in the claim's norm. radius: the largest dual norm of a
data vector. beta: the memory of a momentum, as `1 / (1 - beta)`; the data stay, and the optimizer is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

import solvers
from solvers.errors import InputError
from solvers.norms import Norm
from verify.claims.claim import Claim
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset
from verify.discovery.families import ENSEMBLES, MORE_POINTS, Planted, Sizes
from verify.problems.subject import Run
from verify.seeds import derived_seed
from verify.trials.drawing import draw

PARAMETERS = ("n", "d", "k", "gamma", "radius", "beta")
Family = Callable[[float, int], Case]
"""From a value of what moves, and a seed, to a case."""

_LOOKED_AT = 16  # cases of the claim's problem, which say what kind of data it has
_SHARES = (0.025, 0.05, 0.1, 0.2, 0.4)  # of the radius: maximal margins
_SHARE = 0.2
_RADIUS = 5.0  # about that of drawn integer data
_VALUES: dict[str, tuple[float, ...]] = {
    "n": (8, 16, 32, 64, 128),
    "d": (4, 8, 16, 32, 64),
    "k": (2, 3, 4, 6, 8),  # more classes are dear: their margins are solved for one by one
    "beta": (1, 2, 4, 8, 16, 32),
}
_FEWEST = 3  # values
_SAME = 1e-9  # of lengths


@dataclass(frozen=True)
class Sweep:
    """What is to be measured. values: `[v]`, rising. claims: one for all values, or one for each where the optimizer
    moves and the cases are the same. cases: sweep by sweep, its values one after the other; `ensembles` names each
    sweep's family. seeds: by ensemble.
    """

    parameter: str
    values: Float[np.ndarray, " v"]
    held: Mapping[str, float]
    claims: tuple[Claim, ...]
    cases: tuple[Case, ...]
    ensembles: tuple[str, ...]
    seeds: Mapping[str, int]

    @property
    def parts(self) -> list[tuple[Claim, tuple[Case, ...]]]:
        """For each value the claim, and the cases of all sweeps."""
        if len(self.claims) > 1:
            return [(claim, self.cases) for claim in self.claims]
        return [(claim, self.cases[i :: len(self.values)]) for claim in self.claims for i in range(len(self.values))]

    @property
    def shape(self) -> tuple[int, int]:
        """Sweeps and values."""
        return len(self.ensembles), len(self.values)


def swept(
    claim: Claim,
    parameter: str,
    *,
    values: Sequence[float] | None,
    held: Mapping[str, float],
    datasets: int,
    seed: int,
    family: Family | None = None,
    make: Callable[[float], Any] | None = None,
) -> Sweep:
    """The sweeps of one parameter of a claim's problem; the arguments are those of `verify.scaling`.

    Raises `InputError` where the problem cannot move it.
    """
    if parameter not in PARAMETERS:
        raise InputError(f"There is no parameter {parameter!r} to move: take one of {', '.join(PARAMETERS)}.")
    if unknown := [name for name in held if name not in PARAMETERS[:-1] or name == parameter]:
        raise InputError(
            f"{unknown[0]} cannot be held while {parameter} moves: hold others of {', '.join(PARAMETERS[:-1])}."
        )
    for name, size in held.items():
        if not (np.isfinite(size) and size > 0):
            raise InputError(f"{name} cannot be held at {size}: give a positive number.")
    if make is not None and parameter != "beta":
        raise InputError(f"An optimizer made from beta has no bearing on {parameter}: leave it away.")
    if family is not None:
        if held:
            raise InputError("A family of your own holds what it likes: leave --hold away.")
        return _own(claim, parameter, family, values, datasets, seed)
    base, moved, unit = _sizes(claim, parameter, dict(held), seed)
    moved = _checked(parameter, moved if values is None else values)
    norm = _norm(claim)
    names = (*ENSEMBLES, *(MORE_POINTS if parameter == "n" else ()))
    seeds = {name: derived_seed(seed, claim.id, "scaling", parameter, name) for name in names}
    at = [base] if parameter == "beta" else [_at(base, parameter, value) for value in moved]
    claims = _remade(claim, moved, make) if parameter == "beta" else (claim,)
    cases: list[Case] = []
    for name in names:
        planted = Planted(name, norm, max(s.n for s in at), max(s.d for s in at), min(s.n for s in at))
        for repetition in range(datasets):
            own = derived_seed(seeds[name], str(repetition))
            made = [planted(sizes, own) for sizes in at]
            if unit and any(_longest(dataset) > 1 + _SAME for dataset in made):
                raise InputError(
                    f"The data of {claim.id} have no point longer than 1, and these have: take a smaller radius."
                )
            cases += made
    held_ = {name: getattr(base, name) for name in PARAMETERS[:-1] if name != parameter}
    held_["k"] = base.k or 2
    if parameter == "k":
        del held_["k"]
    ensembles = tuple(name for name in names for _ in range(datasets))
    return Sweep(parameter, moved, held_, claims, tuple(cases), ensembles, seeds)


def _own(
    claim: Claim, parameter: str, family: Family, values: Sequence[float] | None, datasets: int, seed: int
) -> Sweep:
    if values is None or parameter == "beta":
        raise InputError("A family of your own needs the values that it is to take: give --values of n, d, k, "
                         "gamma, or radius.")  # fmt: skip
    moved = _checked(parameter, values)
    own = derived_seed(seed, claim.id, "scaling", parameter, "own")
    cases = tuple(family(float(v), derived_seed(own, str(i))) for i in range(datasets) for v in moved)
    if other := [case for case in cases if not isinstance(case, Case)]:
        raise InputError(f"The family gives a value of type {type(other[0]).__name__}: give a Dataset, or a Setting.")
    return Sweep(parameter, moved, {}, (claim,), cases, ("own",) * datasets, {"own": own})


def _checked(parameter: str, values: Sequence[float]) -> Float[np.ndarray, " v"]:
    found = np.unique(np.asarray(values, float))
    if len(found) < _FEWEST or not np.isfinite(found).all() or found[0] <= 0:
        raise InputError(
            f"The values {', '.join(f'{v:g}' for v in values)} of {parameter} show no exponent: give {_FEWEST} or more "
            "different positive ones."
        )
    if parameter in ("n", "d", "k") and (found != np.round(found)).any():
        raise InputError(f"The values of {parameter} are counts: give whole numbers.")
    if parameter == "beta" and found[0] < 1:
        raise InputError("A beta is given as 1/(1-beta), which is at least 1: give values such as 1, 2, 4, 8.")
    return found


def _at(base: Sizes, parameter: str, value: float) -> Sizes:
    return replace(base, **{parameter: int(value) if parameter in ("n", "d", "k") else float(value)})


def _norm(claim: Claim) -> Norm:
    """The claim's norm; l2 where it names none, or several. Raises `InputError` for one that is no p-norm."""
    named: Any = claim.subject.norm
    if named is None or isinstance(named, tuple):
        return solvers.norm("l2")
    found = named if isinstance(named, Norm) else solvers.norm(named)
    if type(found) is not Norm:
        raise InputError(
            f"Data of a given margin are built for p-norms, and not for the norm {found.name} of {claim.id}: give a "
            "--family of your own."
        )
    return found


def _sizes(claim: Claim, parameter: str, held: dict[str, float], seed: int) -> tuple[Sizes, tuple[float, ...], bool]:
    """The sizes to begin with, the values to move through, and whether no point is longer than 1.

    Raises `InputError` where the problem does not move.
    """
    data = _data(claim, seed)
    k = 0 if all(s.binary for s in data) else 3
    if parameter == "k" and not k:
        raise InputError(
            f"The data of {claim.id} have labels +1/-1, and no classes to move: give a claim with classes."
        )
    fixed = {name: {getattr(s, name) for s in data} for name in ("n", "d")}
    for name, found in fixed.items():
        if len(found) == 1 and name == parameter:
            raise InputError(
                f"The problem of {claim.id} has {name} = {found.pop()} always, which does not move: move another "
                "parameter, or give a --family of your own."
            )
    unit = max(map(_longest, data)) <= 1 + _SAME
    outer = 1.0 if unit else _RADIUS
    share = _SHARES[0] if parameter == "radius" and unit else 0.1 if parameter in ("k", "radius") else _SHARE
    chosen: dict[str, float] = {
        "n": 32 if parameter == "k" else 16,
        "d": 12 if parameter == "k" else 8,
        "k": k,
        "radius": outer,
        "gamma": held.get("radius", outer) * share,
    }
    chosen |= {name: found.pop() for name, found in fixed.items() if len(found) == 1}
    chosen |= held
    if not k and held.get("k", 2) != 2:
        raise InputError(f"The data of {claim.id} have labels +1/-1: they cannot be held at {held['k']:g} classes.")
    sizes = Sizes(int(chosen["n"]), int(chosen["d"]), int(chosen["k"]) if k else 0, chosen["gamma"], chosen["radius"])
    least = {"n": 4 * max(sizes.k, 1), "d": sizes.k + 2}
    moved = {
        **{name: tuple(max(v, least.get(name, v)) for v in values) for name, values in _VALUES.items()},
        "gamma": tuple(s * sizes.radius for s in _SHARES),
        "radius": tuple(sizes.gamma / s for s in reversed(_SHARES)),
    }
    return sizes, moved[parameter], unit


def _longest(dataset: Dataset) -> float:
    return float(np.linalg.norm(dataset.x, axis=1).max())


def _data(claim: Claim, seed: int) -> list[Dataset]:
    """Some of what the claim's problem draws; raises `InputError` for settings, and for data that nothing separates."""
    drawn = draw(claim, _LOOKED_AT, derived_seed(seed, claim.id, "scaling", "looked at"))
    data = [case for case in drawn if isinstance(case, Dataset)]
    if len(data) < len(drawn):
        raise InputError(
            f"{claim.id} is tried on settings, and not on points and labels, so that nothing can be moved: give a "
            "--family of your own."
        )
    try:
        for dataset in data[:4]:
            solvers.max_margin(dataset.x, dataset.y, "l2", classes=dataset.classes)
    except InputError:
        raise InputError(
            f"The data of {claim.id} have no maximal margin, and those of a sweep are separable: give a --family "
            "of your own."
        ) from None
    return data


def _remade(claim: Claim, values: Float[np.ndarray, " v"], make: Callable[[float], Any] | None) -> tuple[Claim, ...]:
    """The claim with the optimizer of each value."""
    if not isinstance(claim.subject, Run):
        raise InputError(f"{claim.id} is about no optimizer's run, and has no beta to move: move another parameter.")
    if make is None and not _remembers(claim.subject.optimizer):
        raise InputError(
            f"The optimizer of {claim.id} keeps no average of gradients, and has no beta to move: move another "
            "parameter."
        )
    if make is None:
        raise InputError(
            f"How the optimizer of {claim.id} is made from a beta is not known: give --optimizer adam with its other "
            "options, or make= in Python."
        )
    return tuple(
        replace(claim, subject=replace(claim.subject, optimizer=make(1 - 1 / v)), twins=()) for v in values.tolist()
    )


def _remembers(optimizer: Any) -> bool:
    """Whether its state has something of the shape of the weights."""
    weights = np.zeros((5, 7))
    return any(np.shape(leaf) == weights.shape for leaf in jax.tree.leaves(optimizer.init(weights)))
