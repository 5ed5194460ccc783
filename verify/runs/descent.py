"""Gradient descent on a linear model with all of its steps, which may be as large as one likes and know the loss.

Theorems about large steps, averages and first times need every step, step sizes that depend on the loss, and losses of
`e^-100000` or margins of -1e6 on the way. `verify.run` keeps a grid of a run, and `verify.runs.walk` feeds true
gradients; here numpy works in the log domain, and nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.datasets.dataset import Dataset

Values = Float[np.ndarray, "..."]
_TINY = np.finfo(float).tiny
_FAR = 37.0  # a margin beyond which `log(1 + e^-z)` is `e^-z` to rounding


class Now(NamedTuple):
    """What a step size may depend on: the steps taken, and for each of `b` datasets the log of the mean loss, the
    maximal L2 margin (from below) and the number of points, all `[b]`.
    """

    t: int
    log_loss: Float[np.ndarray, " b"]
    gamma: Float[np.ndarray, " b"]
    n: Float[np.ndarray, " b"]


Rule = Callable[[Now], Float[np.ndarray, " b"]]
"""From what is known before a step to the logarithm of its size times the mean loss, `log(eta_t L)`, for each dataset:
where margins are huge this is a number of order 1 that was never added to them."""


def _log_logistic(z: Values) -> Values:
    with np.errstate(over="ignore", divide="ignore"):
        return np.where(z > _FAR, -z, np.log(np.logaddexp(0.0, -z)))


def _inverse_logistic(log_loss: Values) -> Values:
    small = log_loss < -_FAR
    loss = np.exp(np.where(small, 0.0, log_loss))
    return np.where(small, -log_loss, -loss - np.log(-np.expm1(-loss)))  # l^-1(L) = -log(e^L - 1)


def _polynomial(k: int) -> TailLoss:
    """`(1 + z)^-k`, infinite from a margin of -1 on downwards."""

    def log_power(z: Values, power: int) -> Values:
        with np.errstate(divide="ignore"):
            return np.where(z > -1, -power * np.log1p(np.maximum(z, -1.0)), np.inf)

    return TailLoss(
        lambda z: log_power(z, k),
        lambda z: np.log(k) + log_power(z, k + 1),
        lambda log_loss: np.expm1(-log_loss / k),
    )


def _log_step(z: Values) -> Values:
    with np.errstate(divide="ignore"):
        return np.log((z < 0) + 0.5 * (z == 0))


class TailLoss(NamedTuple):
    """A loss of one margin: the logarithms of its value and of its slope, and the margin at a value's logarithm."""

    log_value: Callable[[Values], Values]
    log_slope: Callable[[Values], Values]
    inverse: Callable[[Values], Values]


TAILS = {
    "logistic": TailLoss(_log_logistic, lambda z: -np.logaddexp(0.0, z), _inverse_logistic),
    "exponential": TailLoss(np.negative, np.negative, np.negative),
    "polynomial1": _polynomial(1),
    "polynomial2": _polynomial(2),
    "perceptron": TailLoss(_log_step, _log_step, _inverse_logistic),
}
"""The losses that descent runs on, by name. `polynomial1` and `polynomial2` are `1 / (1 + z)` and `1 / (1 + z)^2` of
margins above -1; where one is below, descent raises. `perceptron` has the slope of the logistic loss at infinite
margins: 1 at points that are misclassified, 1/2 at ties. Descent on it with unit steps is the batch perceptron."""


def tail_loss(name: str) -> TailLoss:
    """The loss of that name; raises `InputError` where there is none."""
    if name not in TAILS:
        raise InputError(f"Descent has no loss {name!r}: use one of {', '.join(TAILS)}.")
    return TAILS[name]


@dataclass(frozen=True)
class Constant:
    """Steps of one size."""

    eta: float

    def __call__(self, now: Now) -> Float[np.ndarray, " b"]:
        return np.log(self.eta) + now.log_loss


@dataclass(frozen=True)
class Scheduled:
    """Steps that fall like a power, `eta (t + 1)^-a`."""

    eta: float
    a: float

    def __call__(self, now: Now) -> Float[np.ndarray, " b"]:
        return np.log(self.eta) - self.a * np.log(now.t + 1.0) + now.log_loss


@dataclass(frozen=True)
class Growing:
    """Steps that grow like a stretched exponential, `eta exp(t^power)`."""

    eta: float
    power: float

    def __call__(self, now: Now) -> Float[np.ndarray, " b"]:
        return np.log(self.eta) + now.t**self.power + now.log_loss


@dataclass(frozen=True)
class OverLoss:
    """Steps over the loss, `eta (t + 1)^-a / L`: gradient descent on its logarithm."""

    eta: float
    a: float = 0.0

    def __call__(self, now: Now) -> Float[np.ndarray, " b"]:
        return np.full_like(now.log_loss, np.log(self.eta) - self.a * np.log(now.t + 1.0))


@dataclass(frozen=True)
class OverSlope:
    """Steps over the slope of the loss where a single margin has all of it, `eta(n) (t + 1)^-a n / |l'(l^-1(n L))|`.

    They push each point by `eta(n) (t + 1)^-a` times its dual variable `|l'(z_i)| / |l'(l^-1(n L))|`; on the
    exponential loss they are steps over the loss. eta: by the number of points. loss: the name of l.
    """

    eta: Callable[[Float[np.ndarray, " b"]], Float[np.ndarray, " b"]]
    loss: str
    a: float = 0.0

    def __call__(self, now: Now) -> Float[np.ndarray, " b"]:
        tail, log_total = tail_loss(self.loss), now.log_loss + np.log(now.n)
        falling = np.log(self.eta(now.n)) - self.a * np.log(now.t + 1.0)
        return falling + log_total - tail.log_slope(tail.inverse(log_total))


@dataclass(frozen=True)
class OnMargin:
    """Steps of gradient descent on `-l^-1(L)`, of the size eta: `eta (-l^-1)'(L)`, which is about `eta / L`.

    loss: the loss l, exponential or logistic.
    """

    eta: float
    loss: str = "logistic"

    def __call__(self, now: Now) -> Float[np.ndarray, " b"]:
        if self.loss == "exponential":
            return np.full_like(now.log_loss, np.log(self.eta))
        loss = np.exp(np.maximum(now.log_loss, -_FAR))
        return np.log(self.eta) + np.log(loss / -np.expm1(-loss))


@dataclass(frozen=True)
class ByData:
    """Steps of one size on each dataset, `size(gamma, n)`."""

    size: Callable[[Float[np.ndarray, " b"], Float[np.ndarray, " b"]], Float[np.ndarray, " b"]]

    def __call__(self, now: Now) -> Float[np.ndarray, " b"]:
        return np.log(self.size(now.gamma, now.n)) + now.log_loss


@dataclass(frozen=True)
class Descent:
    """A method: step sizes, the loss, and how many steps; `memory(t)` is that of dual acceleration, `radius(t)` that of
    progressive rescaling.

    Rule: `w <- w - s_t`, `s_t = eta_t grad L(w)`; with a memory `g <- memory(t) (g + s_t)`, `w <- w - g - s_t`. With a
    radius weights that are not zero are scaled to that norm before each step, if it changes there, and after the step
    they are projected onto the ball of that radius.

    length: None is the horizon of whoever runs it.
    """

    rule: Rule
    length: int | None = 1000
    loss: str = "logistic"
    memory: Callable[[int], float] | None = None
    radius: Callable[[int], float] | None = None

    @property
    def norm(self) -> str:
        """The norm of its margins: L2."""
        return "l2"

    def descend(self, datasets: Sequence[Dataset], gamma: Float[np.ndarray, " b"], *, steps: int) -> Path:
        """As the function `descend`."""
        return descend(self, datasets, gamma, steps=steps)


@dataclass(frozen=True, eq=False)
class Path:
    """Every step of a method on `b` datasets of `n` points and `d` features at most, padded with absent ones.

    x: `[b n d]` points with their labels folded in. absent: `[b n]`. weights: `[b r+1 d]`, before every step (and its
    rescaling, if there is one) and after the last. log_steps: `[b r]`, the logarithms of the step sizes. gamma, count:
    `[b 1]`, maximal margins in the method's norm from below and numbers of points. loss: its name. exponent: q, where
    that norm is l_q.
    """

    x: Float[np.ndarray, "b n d"]
    absent: np.ndarray
    weights: Float[np.ndarray, "b s d"]
    log_steps: Float[np.ndarray, "b r"]
    gamma: Float[np.ndarray, "b 1"]
    count: Float[np.ndarray, "b 1"]
    loss: str
    exponent: float = 2.0

    @property
    def t(self) -> Float[np.ndarray, "1 r"]:
        """The numbers of steps taken after each step."""
        return np.arange(1.0, self.log_steps.shape[1] + 1)[None, :]

    @property
    def eta(self) -> Float[np.ndarray, "b r"]:
        """The step sizes."""
        return np.exp(self.log_steps)

    @property
    def average(self) -> Float[np.ndarray, "b r d"]:
        """The averages of the weights before the first t steps."""
        return np.cumsum(self.weights[:, :-1], axis=1) / self.t[..., None]

    def margins(self, weights: Float[np.ndarray, "b s d"]) -> Float[np.ndarray, "b s n"]:
        """The margins of weights; infinite at absent points."""
        return np.where(self.absent[:, None, :], np.inf, weights @ self.x.transpose(0, 2, 1))

    def log_mean(self, values: Float[np.ndarray, "b s n"]) -> Float[np.ndarray, "b s"]:
        """The logarithm of the mean over the points of what has these logarithms."""
        return _log_sum(values) - np.log(self.count)

    def log_loss(self, weights: Float[np.ndarray, "b s d"], loss: str | None = None) -> Float[np.ndarray, "b s"]:
        """The logarithm of the mean loss at weights; of another loss if one is named."""
        return self.log_mean(tail_loss(loss or self.loss).log_value(self.margins(weights)))

    def log_slope(self, weights: Float[np.ndarray, "b s d"]) -> Float[np.ndarray, "b s"]:
        """The logarithm of the mean of `|l'|` at weights."""
        return self.log_mean(tail_loss(self.loss).log_slope(self.margins(weights)))

    def smoothed(self, weights: Float[np.ndarray, "b s d"], *, total: bool = False) -> Float[np.ndarray, "b s"]:
        """`l^-1` of the mean loss at weights, or of the total loss: a smooth minimum of the margins."""
        more = np.log(self.count) if total else 0.0
        return tail_loss(self.loss).inverse(self.log_loss(weights) + more)

    def again(self, method: Descent) -> Path:
        """Another method on the same data, for as many steps."""
        return _descend(method, self.x, self.absent, self.gamma[:, 0], self.log_steps.shape[1])


@runtime_checkable
class Method(Protocol):
    """What can be followed along all of its steps."""

    @property
    def norm(self) -> str:
        """The norm of its margins, by name."""
        ...

    @property
    def length(self) -> int | None:
        """How many steps; None is the horizon of whoever runs it."""
        ...

    @property
    def loss(self) -> str:
        """The loss's name."""
        ...

    def descend(self, datasets: Sequence[Dataset], gamma: Float[np.ndarray, " b"], *, steps: int) -> Path:
        """Every step on binary datasets. gamma: their maximal margins in its norm. steps: where it has no length."""
        ...


def _log_sum(a: Float[np.ndarray, "... n"]) -> Float[np.ndarray, "..."]:
    top = np.max(a, axis=-1)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.sum(np.exp(a - top[..., None]), axis=-1))


def stacked(datasets: Sequence[Dataset]) -> tuple[Float[np.ndarray, "b n d"], np.ndarray]:
    """The points of binary datasets with their labels folded in, padded to one shape, and which points are absent."""
    n, d = (max(size) for size in zip(*(s.x.shape for s in datasets), strict=True))
    x, absent = np.zeros((len(datasets), n, d)), np.ones((len(datasets), n), bool)
    for i, dataset in enumerate(datasets):
        x[i, : dataset.n, : dataset.d] = dataset.signed
        absent[i, : dataset.n] = False
    return x, absent


def descend(method: Descent, datasets: Sequence[Dataset], gamma: Float[np.ndarray, " b"], *, steps: int) -> Path:
    """Run a method on binary datasets from zero weights. steps: how many, where the method does not say.

    gamma: their maximal L2 margins, for step sizes that depend on them. Raises `InputError` for data with classes, for
    an unknown loss, and where a step is no number.
    """
    return _descend(method, *stacked(datasets), gamma, method.length or steps)


def _descend(method: Descent, x: np.ndarray, absent: np.ndarray, gamma: Float[np.ndarray, " b"], length: int) -> Path:
    loss, count = tail_loss(method.loss), np.sum(~absent, axis=1).astype(float)
    w, kept = np.zeros((len(x), x.shape[2])), np.zeros((len(x), length + 1, x.shape[2]))
    log_steps, memory = np.zeros((len(x), length)), np.zeros_like(w)
    for t in range(length):
        if method.radius is not None and t and method.radius(t) != method.radius(t - 1):
            w = method.radius(t) * w / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), _TINY)
        z = np.where(absent, np.inf, np.matmul(x, w[:, :, None])[:, :, 0])
        log_loss = _log_sum(loss.log_value(z)) - np.log(count)
        log_loss = np.where(np.isfinite(log_loss), log_loss, 0.0)  # only the perceptron's is ever 0
        log_size = method.rule(Now(t, log_loss, gamma, count))
        log_steps[:, t] = log_size - log_loss
        with np.errstate(over="ignore"):
            pushes = np.exp(loss.log_slope(z) - log_loss[:, None] + (log_size - np.log(count))[:, None])
        if not np.isfinite(pushes).all():
            raise InputError(f"The steps of {method} are no numbers on some dataset: give smaller ones.")
        step = np.matmul(pushes[:, None, :], x)[:, 0]
        if method.memory is not None:
            memory = method.memory(t) * (memory + step)
        w = w + step + memory
        if method.radius is not None:
            w = w * np.minimum(1.0, method.radius(t) / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), _TINY))
        kept[:, t + 1] = w
    return Path(x, absent, kept, log_steps, gamma[:, None], count[:, None], method.loss)
