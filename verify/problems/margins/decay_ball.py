"""Decoupled weight decay as a constraint: how far the weights are outside of the ball that it draws them into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

import solvers.norms
from verify.datasets.dataset import Dataset
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.seeds import generator

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

_STEPS = 60
_FIRST = 0.5  # the first step size times the decay
_FAR = 3.0  # radii of the ball at which the weights begin
_ROUNDING = 1e-13  # of the weights' first norm


@dataclass(frozen=True)
class BallExcess:
    """How far outside of the ball of radius 1/λ weights of decoupled decay are, and what is left of their start.

    The method goes along steepest directions of an average of the mean logistic loss's gradients over all margins, from
    random weights of three radii, with steps `η_t = (t + 1)^-1/2 / (2 λ)`. Of several norms each step keeps the one
    that is nearest to failing.

    norms: of the updates. decay: λ. b1: what the average keeps. coupled: whether the decay goes into the gradient.
    ball: the norm of the ball, where it is not the updates' own.
    """

    norms: tuple[str, ...]
    decay: float = 0.5
    b1: float = 0.9
    coupled: bool = False
    ball: str | None = None
    name: Literal["excess over the ball"] = "excess over the ball"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """`(‖W_t‖ - 1/λ)_+` after each step, and `Π (1 - η λ) (‖W_0‖ - 1/λ)` as the larger side."""
        found = np.array([[self._run(s, norm) for norm in self.norms] for s in lab.datasets])
        excess, bound = found[:, :, 0], found[:, :, 1]
        nearest = np.argmax(excess / bound, axis=1)[:, None]
        values, larger = (np.take_along_axis(side, nearest, axis=1)[:, 0] for side in (excess, bound))
        b = len(values)
        return Measurement(
            np.log(np.arange(1.0, _STEPS + 1)), values, np.zeros(b), np.ones(b, bool), lab.datasets, bound=larger
        )

    def _run(self, dataset: Dataset, name: str) -> Float[np.ndarray, "2 r"]:
        own, ball = solvers.norms.norm(name), solvers.norms.norm(self.ball or name)
        rng = generator(dataset.x, dataset.y, f"decay in {name}")
        w = rng.normal(size=dataset.weights_shape)
        w *= _FAR / self.decay / float(ball.value(w))
        average, left = np.zeros_like(w), float(ball.value(w)) - 1 / self.decay
        rounding = _ROUNDING * float(ball.value(w))
        excess, bound = np.zeros(_STEPS), np.zeros(_STEPS)
        for t in range(_STEPS):
            eta = _FIRST / self.decay / (t + 1) ** 0.5
            q = dataset.margin_vectors
            gradient = -(np.exp(-np.logaddexp(0.0, q @ w.ravel())) @ q / len(q)).reshape(w.shape)
            average = self.b1 * average + (1 - self.b1) * (gradient + self.coupled * self.decay * w)
            w = (1 - (not self.coupled) * eta * self.decay) * w - eta * np.asarray(own.direction(average))
            left *= 1 - eta * self.decay
            excess[t], bound[t] = max(float(ball.value(w)) - 1 / self.decay, 0.0), left + rounding
        return np.stack([excess, bound])
