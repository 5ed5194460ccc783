"""What optimizers do to gradients that change slowly: flows in log time that carry their runs on.

With `s = log t` and the pull `G = -e^s grad L`, of order 1 in the end, gradient descent moves as `dw/ds = eta G`. A
method with memory does so as well, up to a lag of a few steps: its moving averages are what they average. A second
moment `v` is then the square of the gradient, `e^-2s G^2`, and AdaGrad's sum obeys `dv/ds = e^-s G^2`. No exponential
of a large number is left in these laws, so they hold to any time.

A `Dynamics` has the discrete method beside the flow that it ends in. `verify.flow` measures how well they meet.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

import solvers.norms
from solvers.errors import InputError
from verify import losses, optimizers
from verify.datasets.dataset import Dataset
from verify.flows.smoothness import step_limit
from verify.losses import Loss

__all__ = ["AdaGrad", "Adam", "Dynamics", "GradientDescent", "SteepestDescent", "Velocity"]

Velocity = Callable[[Any, Array, Array, tuple[Any, ...]], tuple[Array, Array]]
"""Log time, pull `G`, memory and numbers to the derivatives by log time of the weights and of the memory.

The memory is `[m ...]` with `m` arrays shaped like the weights, 1 or none.
"""


@runtime_checkable
class Dynamics(Protocol):
    """A method and its flow in log time."""

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """The method itself."""
        ...

    @property
    def velocity(self) -> Velocity:
        """The flow's, one object for all methods that share a compiled program."""
        ...

    @property
    def numbers(self) -> tuple[float, ...]:
        """What the velocity needs to know."""
        ...

    @property
    def remembers(self) -> bool:
        """Whether the flow has a memory beside the weights."""
        ...

    @property
    def effective_step(self) -> float | None:
        """The step size of the gradient descent that the flow becomes; None if it becomes none."""
        ...

    def stable_step(self, dataset: Dataset, loss: Loss) -> float | None:
        """The step size by which a method of step size 1 is scaled on a dataset.

        Its updates are then proportional to the gradients; None for a method that has a step size of its own.
        """
        ...


def _memoryless(s: Any, pull: Array, memory: Array, numbers: tuple[Any, ...]) -> tuple[Array, Array]:
    """`eta G / (sqrt(a g^2 + b) + c |g|)` with `g = e^-s G`: one compiled program for gradient descent and Adam."""
    step_size, a, b, c = numbers
    g = jnp.exp(-s) * pull
    return step_size * pull / (jnp.sqrt(a * g * g + b) + c * jnp.abs(g)), memory


@dataclass(frozen=True)
class GradientDescent:
    """Gradient descent with momentum: `m = momentum m + g` (heavy ball) or, with `average`, the moving average
    `m = momentum m + (1 - momentum) g`. It follows the flow of gradient descent, sped up by `1 / (1 - momentum)` or by
    nothing (Wang et al. 2022 have the moving average).
    """

    momentum: float = 0.0
    average: bool = False

    remembers = False

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """Of step size 1; a moving average is a heavy ball of a smaller step."""
        if not self.momentum:
            return optimizers.gradient_descent(1.0)
        # A moving average is a heavy ball of a smaller step.
        step = 1 - self.momentum if self.average else 1.0
        return optimizers.heavy_ball(step, self.momentum)

    @property
    def velocity(self) -> Velocity:
        """The one without memory, shared with Adam."""
        return _memoryless

    @property
    def numbers(self) -> tuple[float, ...]:
        """The step size, and constants under which nothing is divided by the gradient."""
        return self.effective_step, 0.0, 1.0, 0.0

    @property
    def effective_step(self) -> float:
        """`1 / (1 - momentum)`, and 1 for the moving average."""
        return 1.0 if self.average else 1 / (1 - self.momentum)

    def stable_step(self, dataset: Dataset, loss: Loss) -> float:
        """Half of gradient descent's limit, which momentum only raises."""
        return step_limit(dataset, loss) / 2


@dataclass(frozen=True)
class Adam:
    """Adam with `eps > 0`, inside the root or outside, and with `b1 = 0` RMSProp.

    `dw/ds = eta G / sqrt(e^-2s G^2 + eps)`: sign descent while gradients are large beside `sqrt(eps)`, and gradient
    descent with the step size `eta / sqrt(eps)` (outside the root `eta / eps`) in the end.
    """

    step_size: float
    eps: float
    b1: float = 0.9
    b2: float = 0.95
    eps_inside_root: bool = True
    bias_correction: bool = False

    remembers = False

    def __post_init__(self) -> None:
        if not 0 < self.eps < math.inf:
            raise InputError(
                f"Adam with eps = {self.eps} has no flow in log time, since its steps never shrink: "
                "give eps > 0, or run it with verify.run."
            )
        if not 0 < self.step_size < math.inf:
            raise InputError(f"The step size is {self.step_size}: give a positive number.")
        if self.numbers[2] < sys.float_info.min:
            least = "2.3e-308" if self.eps_inside_root else "1.5e-154"
            raise InputError(
                f"Adam's flow takes roots of what is lost to rounding at eps = {self.eps}: give {least} or more."
            )

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """`verify.optimizers.adam` with these constants."""
        return optimizers.adam(
            self.step_size,
            self.b1,
            self.b2,
            self.eps,
            eps_inside_root=self.eps_inside_root,
            bias_correction=self.bias_correction,
        )

    @property
    def velocity(self) -> Velocity:
        """The one without memory, shared with gradient descent: moments are forgotten at once in log time."""
        return _memoryless

    @property
    def numbers(self) -> tuple[float, ...]:
        """The step size, and where eps stands."""
        inside, outside = (self.step_size, 1.0, self.eps, 0.0), (self.step_size, 0.0, self.eps**2, 1.0)
        return inside if self.eps_inside_root else outside

    @property
    def effective_step(self) -> float:
        """`eta / sqrt(eps)`, and `eta / eps` outside the root."""
        return self.step_size / (math.sqrt(self.eps) if self.eps_inside_root else self.eps)

    def stable_step(self, dataset: Dataset, loss: Loss) -> None:
        """None: Adam has a step size of its own."""
        return


def _summed(s: Any, pull: Array, memory: Array, numbers: tuple[Any, ...]) -> tuple[Array, Array]:
    step_size, eps = numbers
    total = memory[0] + eps
    # A weight that no sample touches has 0/0 = 0 with eps = 0; the root of 0 has no derivative either.
    root = jnp.sqrt(jnp.where(total > 0, total, 1))
    return step_size * jnp.where(total > 0, pull, 0) / root, (jnp.exp(-s) * pull * pull)[None]


@dataclass(frozen=True)
class AdaGrad:
    """AdaGrad, `dw/ds = eta G / sqrt(v + eps)` with `dv/ds = e^-s G^2`; the memory is `v`, the sum of squares.

    `v` converges, and the flow becomes gradient descent in the coordinates `h^(-1/2) w`, `h = 1 / sqrt(v + eps)`.
    """

    step_size: float
    eps: float = 0.0

    remembers = True
    effective_step = None

    def __post_init__(self) -> None:
        if not (0 < self.step_size < math.inf and 0 <= self.eps < math.inf):
            raise InputError(f"{self} needs a positive step size and eps >= 0: choose them so.")

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """`verify.optimizers.adagrad` with these constants."""
        return optimizers.adagrad(self.step_size, self.eps)

    @property
    def velocity(self) -> Velocity:
        """The one whose memory is the sum of squares."""
        return _summed

    @property
    def numbers(self) -> tuple[float, ...]:
        """The step size and eps."""
        return self.step_size, self.eps

    def stable_step(self, dataset: Dataset, loss: Loss) -> None:
        """None: AdaGrad has a step size of its own."""
        return

    def conditioner(self, memory: np.ndarray) -> np.ndarray:
        """`h = 1 / sqrt(v + eps)`, infinite where no gradient ever came."""
        with np.errstate(divide="ignore"):
            return 1 / np.sqrt(memory + self.eps)


@functools.cache
def _steepest(norm: solvers.norms.Norm) -> Velocity:
    q = norm.dual.p

    def velocity(s: Any, pull: Array, memory: Array, numbers: tuple[Any, ...]) -> tuple[Array, Array]:
        # sign(G) |G|^(q-1) ||G||_q^(2-q), with a derivative where G is zero.
        size = jnp.abs(pull)
        power = jnp.where(size > 0, jnp.where(size > 0, size, 1) ** (q - 1), 0)
        return jnp.sign(pull) * power * norm.dual_value(pull) ** (2 - q), memory

    return velocity


@dataclass(frozen=True)
class SteepestDescent:
    """Unnormalised steepest descent in an entry-wise p-norm, `dw/ds = ||G||_* argmax_{||u|| <= 1} <G, u>`.

    The norm has to be smooth and strictly convex, `1 < p <= 2`: else the flow turns on edges, where it is no
    solution of a differential equation with a continuous right side or derivative.
    """

    norm: str

    remembers = False
    effective_step = None

    def __post_init__(self) -> None:
        parsed = solvers.norms.norm(self.norm)
        if parsed.matrix_only or not 1 < parsed.p <= 2:
            raise InputError(f"Steepest descent in {self.norm} has no smooth flow: use an entry-wise norm, 1 < p <= 2.")

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """Of step size 1, not normalised."""
        return optimizers.steepest_descent(1.0, self.norm, normalised=False)

    @property
    def velocity(self) -> Velocity:
        """One object for each norm."""
        return _steepest(solvers.norms.norm(self.norm))

    @property
    def numbers(self) -> tuple[float, ...]:
        """None are needed."""
        return ()

    def stable_step(self, dataset: Dataset, loss: Loss) -> float:
        """`1 / B^2` of Gunasekar et al. 2018, `B` the largest dual norm of a data vector: the losses start at 1."""
        if loss not in (losses.EXPONENTIAL, losses.CROSS_ENTROPY) or not dataset.binary:
            raise InputError(f"No step size is known for steepest descent on {loss.name!r}: use binary data.")
        geometry = solvers.norms.norm(self.norm)
        return 1 / max(float(geometry.dual_value(row)) for row in dataset.signed) ** 2
