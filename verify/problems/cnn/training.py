"""A two-layer convolutional network of fixed second layer, and its training by gradient descent, Adam and sign descent.

`F_j(x) = sum_r sum_p [<w_jr, x_p>]_+^q` over neurons r and patches p, for the classes j = +1, -1. The objective is
`mean log(1 + e^-(F_y - F_-y)) + lambda/2 ||W||^2`. Adam adds `lambda W` to the gradient, AdamW to its update.

Many runs go in one call, each with its own data, start and constants; what is smaller is padded with zeros, which no
method moves. On disjoint supports gradient descent is run in a rotated basis in which each sample has
one noise coordinate: exact, since gradient descent commutes with rotations, and hundreds of times cheaper.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Float

from solvers.errors import InputError
from verify.backend import devices
from verify.errors import TrajectoryError
from verify.haste import with_care
from verify.losses import softplus
from verify.problems.cnn.patches import Blocks, Patches, Weights

Constants = Mapping[str, Any]

_Run = tuple[Any, Mapping[str, Any]]  # data and weights
_Shapes = tuple[tuple[int, ...], ...]  # of the parts of a run's weights

_COMPILING, _REMEMBERING, _FORGETFUL = 0.7, 4e-9, 1.5e-9  # seconds of a program, and of a step of a weight
_LARGE = 10_000  # weights of a run that goes alone on a CPU: side by side such runs push each other out of the cache


def _adam(c: Constants) -> optax.GradientTransformation:
    return optax.scale_by_adam(c["b1"], c["b2"], c["eps"])


def _forgetful(c: Constants) -> optax.GradientTransformation:
    """Adam for `b1 = b2 = 0`, which keeps no moments: `g / (|g| + eps)`."""
    return optax.stateless(lambda g, _: jax.tree.map(lambda g: g / (jnp.abs(g) + c["eps"]), g))


def _coupled(c: Constants, *inner: optax.GradientTransformation) -> optax.GradientTransformation:
    return optax.chain(optax.add_decayed_weights(c["lam"]), *inner, optax.scale(-c["eta"]))


def _decoupled(c: Constants, inner: optax.GradientTransformation) -> optax.GradientTransformation:
    return optax.chain(inner, optax.add_decayed_weights(c["lam"]), optax.scale(-c["eta"]))


METHODS: dict[str, Callable[[Constants], optax.GradientTransformation]] = {
    "gd": lambda c: _coupled(c),
    "sign_gd": lambda c: _coupled(c, optax.scale_by_sign()),
    "adam": lambda c: _coupled(c, _adam(c)),
    "adamw": lambda c: _decoupled(c, _adam(c)),
}
"""From the constants eta, lam, b1, b2 and eps to the optimizer, by name."""

_WITHOUT_MEMORY: dict[str, Callable[[Constants], optax.GradientTransformation]] = {
    "adam": lambda c: _coupled(c, _forgetful(c)),
    "adamw": lambda c: _decoupled(c, _forgetful(c)),
}
"""The same where no run has a memory, in a third of the time."""


@dataclass(frozen=True)
class Job:
    """One run: data, first weights, the power q, step size eta, weight decay lam, Adam's constants, and batch size.

    batch: samples in a step, at most, drawn epoch by epoch without replacement; None is all. seed: of the batches.
    """

    data: Blocks | Patches
    start: Mapping[str, np.ndarray]
    q: float
    eta: float
    lam: float
    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8
    batch: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        n = len(self.data.y)
        if self.batch is not None and not 1 <= self.batch <= n:
            raise InputError(f"batch is {self.batch} but there are {n} samples: choose a batch from 1 to {n}.")
        if self.eta <= 0 or self.lam < 0 or self.q < 2:
            raise InputError(
                f"eta = {self.eta:g}, lam = {self.lam:g}, q = {self.q:g}: choose eta > 0, lam >= 0, q >= 2."
            )


class Snapshot(NamedTuple):
    """Runs after `step` steps. weights: parts of each run. margins: `F_y - F_-y` of each run's samples, `[n]` each.

    gradient: norms `[b 2]` of the objective's gradient, the L1 and the L2 norm.
    """

    step: int
    weights: list[dict[str, np.ndarray]]
    margins: list[np.ndarray]
    gradient: Float[np.ndarray, "b 2"]


def margins(w: Weights, data: Blocks | Patches, q: Any) -> Float[Array, " n"]:
    """`F_y - F_-y` of every sample."""
    z = data.project(w)
    outputs = jnp.sum(jnp.maximum(z, 0) ** q, axis=(1, 3))
    return jnp.asarray(data.y) * (outputs[0] - outputs[1])


def loss(w: Weights, data: Blocks | Patches, q: Any, share: Any) -> Float[Array, ""]:
    """The weighted sum of `log(1 + e^-margin)`; its slopes are the wrong class's probabilities, computed as such."""
    return jnp.sum(share * softplus(-margins(w, data, q)))


def train(jobs: Sequence[Job], method: str, times: Sequence[int]) -> Iterator[Snapshot]:
    """Run the jobs and hand out a snapshot at each of the given steps, in increasing order.

    All jobs must have the same kind of data. Raises `TrajectoryError` with step and run at a value that is not finite.
    """
    if method not in METHODS:
        raise InputError(f"There is no method {method!r} for the network: use one of {', '.join(METHODS)}.")
    rotated = method == "gd" and all(isinstance(j.data, Blocks) and j.start["noise"].ndim == 4 for j in jobs)
    runs = [_rotated(job) if rotated else (job.data, job.start) for job in jobs]
    _check(runs)
    abreast = devices()[0].platform != "cpu" or max(_volume(_shapes(run)) for run in runs) < _LARGE
    parts = [list(range(len(runs)))] if abreast else _alike(jobs, runs, method, int(times[-1]))
    groups = [_Group(i, [jobs[k] for k in i], [runs[k] for k in i], method, abreast=abreast) for i in parts]
    at = 0
    for step in times:
        whole = {i: weights for group in groups for i, weights in group.advance(at, int(step))}
        found = [_cropped(whole[i], start) for i, (_, start) in enumerate(runs)]
        at = int(step)
        if rotated:
            found = [_restored(job, own, at) for job, own in zip(jobs, found, strict=True)]
        yield _snapshot(jobs, at, found)


class _Group:
    """Runs in one program. order: their numbers. abreast: all take a step before any takes the next."""

    def __init__(self, order: Sequence[int], jobs: Sequence[Job], runs: Sequence[_Run], method: str, *, abreast: bool):
        self._order = order
        self._data, first = stacked(runs)
        constants = {name: [float(getattr(j, name)) for j in jobs] for name in ("q", "eta", "lam", "b1", "b2", "eps")}
        self._constants = {name: np.array(values) for name, values in constants.items()}
        self._sizes = {
            "n": np.array([len(j.data.y) for j in jobs]),
            "batch": np.array([j.batch or len(j.data.y) for j in jobs]),
            "seed": np.array([j.seed for j in jobs]),
        }
        powers = {float(job.q) for job in jobs}
        # A whole power takes a few products, any other a logarithm and an exponential.
        power = int(*powers) if len(powers) == 1 and all(q.is_integer() for q in powers) else None
        small = any(job.batch is not None for job in jobs)
        begin, self._advance = _program(method, not any(_remembers(job, method) for job in jobs), small, power, abreast)
        self._state = begin(first, self._constants)

    def advance(self, first: int, last: int) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """The weights of each run after the step `last`, where `first` have been taken; still padded."""
        self._state = self._advance(self._state, self._data, self._constants, self._sizes, first, last)
        whole = {name: np.asarray(part) for name, part in self._state[0].items()}
        for place, number in enumerate(self._order):
            yield number, {name: part[place] for name, part in whole.items()}


def _snapshot(jobs: Sequence[Job], step: int, weights: list[dict[str, np.ndarray]]) -> Snapshot:
    padded_data, padded = stacked([(job.data, w) for job, w in zip(jobs, weights, strict=True)])
    q, lam = (np.array([float(getattr(job, name)) for job in jobs]) for name in ("q", "lam"))
    values, norms = (np.asarray(a) for a in _measure()(padded, padded_data, q, lam))
    lost = ~np.isfinite(norms).all(axis=1)
    if lost.any():
        raise TrajectoryError(f"The network's gradient is not finite by step {step} in run {int(np.argmax(lost))}.")
    return Snapshot(step, weights, [values[i, : len(job.data.y)] for i, job in enumerate(jobs)], norms)


@functools.cache
def _measure() -> Callable[..., Any]:
    def one(w: Weights, data: Any, q: Any, lam: Any) -> tuple[Array, Array]:
        slopes = jax.grad(loss)(w, data, q, data.share)
        total = [(g + lam * p).ravel() for g, p in zip(slopes.values(), (w[k] for k in slopes), strict=True)]
        flat = jnp.concatenate(total)
        return margins(w, data, q), jnp.stack([jnp.sum(jnp.abs(flat)), jnp.sqrt(jnp.sum(flat**2))])

    return jax.jit(jax.vmap(one))


@functools.cache
def _program(
    method: str, forgets: bool, small: bool, power: int | None, abreast: bool
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Compiled functions that make the first state of runs and advance it.

    forgets: `b1 = b2 = 0` in all runs. small: with mini-batches. power: q, if it is whole and the same in all runs.
    abreast: all runs take a step before any takes the next; else one run after the other.
    """
    build = (_WITHOUT_MEMORY if forgets else METHODS).get(method, METHODS[method])

    def begin(w: Weights, c: Constants) -> tuple[Weights, Any]:
        return w, build(c).init(w)

    def one(state: Any, data: Any, c: Constants, sizes: Any, first: Array, last: Array) -> Any:
        optimizer = build(c)

        def step(t: Array, carry: Any) -> Any:
            w, inner = carry
            share = _batch_share(data.share, sizes, t) if small else data.share
            slopes = jax.grad(loss)(w, data, c["q"] if power is None else power, share)
            updates, inner = optimizer.update(slopes, inner, w)
            return optax.apply_updates(w, updates), inner

        return jax.lax.fori_loop(first, last, step, state)

    def one_by_one(state: Any, data: Any, c: Constants, sizes: Any, first: Array, last: Array) -> Any:
        def alone(run: tuple[Any, Any, Any, Any]) -> Any:
            return one(*run, first, last)

        return jax.lax.map(alone, (state, data, c, sizes))

    advance = jax.vmap(one, in_axes=(0, 0, 0, 0, None, None)) if abreast else one_by_one
    return jax.jit(jax.vmap(begin)), jax.jit(advance, compiler_options=with_care())


def _batch_share(share: Array, sizes: Mapping[str, Array], t: Array) -> Array:
    """The samples' shares in the batch of step t: each epoch is a new order of all samples, cut into batches.

    The last batch of an epoch has the samples that are left.
    """
    batches = -(-sizes["n"] // sizes["batch"])
    key = jax.random.fold_in(jax.random.key(sizes["seed"]), t // batches)
    ticket = jnp.where(share > 0, jax.random.uniform(key, share.shape), jnp.inf)
    place = jnp.argsort(jnp.argsort(ticket))
    inside = (share > 0) & (place // sizes["batch"] == t % batches)
    return jnp.where(inside, 1 / jnp.maximum(jnp.sum(inside), 1), 0.0)


# --- which runs go together ----------------------------------------------------------------------------------


def _alike(jobs: Sequence[Job], runs: Sequence[_Run], method: str, steps: int) -> list[list[int]]:
    """Parts of the runs, each padded to a size of its own: those that take the least time, compiling included.

    Of runs in order of memory and size, by dynamic programming over where the last part begins.
    """
    known = {i: (_remembers(job, method), _shapes(run)) for i, (job, run) in enumerate(zip(jobs, runs, strict=True))}
    order = sorted(known, key=known.__getitem__)
    best: list[tuple[float, int]] = [(0.0, 0)]  # the least time of the first runs, and where their last part begins
    for end in range(1, len(order) + 1):
        slow, size, ends = False, known[order[end - 1]][1], []
        for begin in reversed(range(end)):
            remembers, shapes = known[order[begin]]
            slow, size = slow or remembers, _both(size, shapes)
            work = (end - begin) * _volume(size) * steps
            ends.append((best[begin][0] + _COMPILING + work * (_REMEMBERING if slow else _FORGETFUL), begin))
        best.append(min(ends))
    parts, end = [], len(order)
    while end:
        begin = best[end][1]
        parts.append(order[begin:end])
        end = begin
    return parts


def _remembers(job: Job, method: str) -> bool:
    return method in _WITHOUT_MEMORY and bool(job.b1 or job.b2)


def _shapes(run: _Run) -> _Shapes:
    return tuple(np.shape(part) for _, part in sorted(run[1].items()))


def _both(one: _Shapes, other: _Shapes) -> _Shapes:
    """The least shapes that hold both."""
    return tuple(tuple(map(max, a, b)) for a, b in zip(one, other, strict=True))


def _volume(shapes: _Shapes) -> int:
    return sum(map(prod, shapes))


# --- padding -----------------------------------------------------------------------------------------------


def _padded(array: Any, shape: Sequence[int]) -> np.ndarray:
    array = np.asarray(array, float)
    full = np.zeros(shape)
    full[tuple(map(slice, array.shape))] = array
    return full


def stacked(runs: Sequence[_Run]) -> tuple[Any, dict[str, np.ndarray]]:
    """Data and weights of all runs, padded to common shapes with a leading axis."""
    _check(runs)

    def stack(arrays: Sequence[Any]) -> np.ndarray:
        shape = tuple(max(sizes) for sizes in zip(*map(np.shape, arrays), strict=True))
        return np.stack([_padded(a, shape) for a in arrays])

    data = type(runs[0][0])(*(stack(leaves) for leaves in zip(*(data for data, _ in runs), strict=True)))
    return data, {name: stack([w[name] for _, w in runs]) for name in runs[0][1]}


def _check(runs: Sequence[_Run]) -> None:
    """Raise `InputError` for runs that cannot be padded to one size."""
    if len({type(data) for data, _ in runs}) != 1:
        raise InputError("These runs have different kinds of data: train them one kind at a time.")
    if len({tuple(map(len, _shapes(run))) for run in runs}) != 1:
        raise InputError("Some of these runs have disjoint supports and some have not: train them apart.")


def _cropped(weights: Mapping[str, np.ndarray], like: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The weights without their padding."""
    return {name: part[tuple(map(slice, np.shape(like[name])))] for name, part in weights.items()}


# --- the rotated basis -------------------------------------------------------------------------------------


def _directions(data: Blocks) -> tuple[Float[np.ndarray, "n 1"], Float[np.ndarray, "n s"]]:
    """Lengths and directions of the samples' noise; noise that is zero points along the first coordinate."""
    noise = np.asarray(data.noise)
    lengths = np.linalg.norm(noise, axis=1, keepdims=True)
    first = np.zeros_like(noise)
    first[:, 0] = 1.0
    return lengths, np.where(lengths > 0, noise / np.where(lengths > 0, lengths, 1.0), first)


def _rotated(job: Job) -> tuple[Blocks, dict[str, np.ndarray]]:
    """The job in a basis in which each sample's noise is along one coordinate; the others only decay."""
    assert isinstance(job.data, Blocks)
    lengths, directions = _directions(job.data)
    along = np.sum(job.start["noise"] * directions, axis=-1, keepdims=True)
    return job.data._replace(noise=lengths), {"feature": job.start["feature"], "noise": along}


def _restored(job: Job, found: Mapping[str, np.ndarray], steps: int) -> dict[str, np.ndarray]:
    """All weights after so many steps of gradient descent, from those of the rotated basis."""
    assert isinstance(job.data, Blocks)
    _, directions = _directions(job.data)
    kept = (1 - job.eta * job.lam) ** steps
    begun = np.sum(job.start["noise"] * directions, axis=-1, keepdims=True)
    noise = kept * (job.start["noise"] - begun * directions) + found["noise"] * directions
    return {"feature": found["feature"], "noise": noise, "spare": kept * job.start["spare"]}
