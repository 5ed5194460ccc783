"""Equations without memory that full-batch methods are said to follow, each as a `lockstep.Field` of its own numbers.

With one loss E, gradient `g`, Hessian `H`, `‖v‖_{1,ε} = Σ_j √(v_j² + ε)`, whose gradient along E is `H (g / √(g²+ε))`.

- Adam (Cattaneo, Klusowski, Shigida, equations (2.2) and (2.3)): `dθ/dt = -(g + bias) / √(g² + ε)`,
  `bias = h/2 {(1+β)/(1-β) - (1+ρ)/(1-ρ) + (1+ρ)/(1-ρ) ε/(g²+ε)} ∇‖∇E‖_{1,ε}`; where ε is small the last term is gone,
  and where it is large it undoes the one before it. With ε outside the root `√(g²+ε)` is `|g|+ε` everywhere, `ε/(g²+ε)`
  is `ε/(|g|+ε)`, and the norm is `Σ_j (|v_j| - ε log(1 + |v_j|/ε))`, whose gradient along E is `H (g / (|g|+ε))`
  (derived: the average of squares enters R by its root, of which `|g|/(|g|+ε)` is the share).
- heavy ball (Ghosh et al.): `dθ/dt = -g/(1-β) - h (1+β)/(4 (1-β)³) ∇‖g‖²`; gradient descent is `β = 0`.
- heavy ball without memory (Cattaneo, Shigida): gradient descent with the step `h/(1-β)` on
  `E + h β/(2 (1-β)²) ‖g‖²`, an iteration.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jaxtyping import Float

from verify.problems.backward.batch_losses import Total, derivatives


class Bias(NamedTuple):
    """Adam's numbers in the equation, and its wording as numbers: twins change one.

    first, second: what `(1+β)/(1-β)` and `(1+ρ)/(1-ρ)` are multiplied by; floor: what the term with `ε/(g²+ε)` is;
    scale: what the whole bias is (1 where it is `h/2` times the braces). inside: 1 where ε stands inside the root, 0
    where it stands outside.
    """

    beta: Any
    rho: Any
    eps: Any
    scale: Any = 1.0
    first: Any = 1.0
    second: Any = 1.0
    floor: Any = 1.0
    inside: Any = 1.0

    def root(self, g: Array) -> Array:
        """What the gradient is divided by, `√(g²+ε)` or `|g|+ε`."""
        return jnp.sqrt(g * g + self.inside * self.eps) + (1 - self.inside) * self.eps


def one_norm(g: Float[Array, " d"], eps: Any) -> Array:
    """The perturbed one-norm `Σ_j √(g_j² + ε)`."""
    return jnp.sum(jnp.sqrt(g * g + eps))


def bias_of(theta: Float[Array, " d"], h: Any, data: Any, numbers: Bias, loss: Total) -> tuple[Array, Array, Array]:
    """`bias`, the gradient, and the gradient of its perturbed one-norm, each `[d]`."""
    g, product = derivatives(loss, theta, data, 1)
    root = numbers.root(g)
    slope = product(g / root)[0]
    a, b = ((1 + decay) / (1 - decay) for decay in (numbers.beta, numbers.rho))
    share = numbers.eps / root[0] ** (1 + numbers.inside)  # of R² or R that is ε
    braces = numbers.first * a - numbers.second * b + numbers.floor * b * share
    return numbers.scale * h / 2 * braces * slope, g[0], slope


def adam(theta: Array, n: Any, h: Any, case: Any, loss: Total) -> Array:
    """The full-batch equation of Adam."""
    del n
    data, numbers = case
    bias, g, _ = bias_of(theta, h, data, numbers, loss)
    return -(g + bias) / numbers.root(g)


class Momentum(NamedTuple):
    """Heavy ball's `β`, and the wording: what the h-term is multiplied by, the power of `1-β` below it, and the
    numerator's own β as `1 + plus β`.
    """

    beta: Any
    scale: Any = 1.0
    power: Any = 3.0
    plus: Any = 1.0


def _with_square(theta: Array, data: Any, loss: Total) -> tuple[Array, Array]:
    """`g` and `∇‖g‖² = 2 H g`."""
    g, product = derivatives(loss, theta, data, 1)
    return g[0], 2 * product(g)[0]


def heavy_ball(theta: Array, n: Any, h: Any, case: Any, loss: Total) -> Array:
    """The equation of the heavy ball after its burn-in; of gradient descent for `β = 0`."""
    del n
    data, numbers = case
    g, square = _with_square(theta, data, loss)
    keep = 1 - numbers.beta
    term = numbers.scale * h * (1 + numbers.plus * numbers.beta) / (4 * keep**numbers.power) * square
    return -g / keep - term


def memoryless(theta: Array, n: Any, h: Any, case: Any, loss: Total) -> Array:
    """Heavy ball as gradient descent on a modified loss: one step is `θ + h field`."""
    del n
    data, numbers = case
    g, square = _with_square(theta, data, loss)
    keep = 1 - numbers.beta
    return -(g + numbers.scale * h * numbers.beta / (2 * keep ** (numbers.power - 1)) * square) / keep


def momentum_method(beta: Any) -> optax.GradientTransformation:
    """Heavy ball, `m = β m + g`, for a step size of -1; gradient descent for `β = 0`."""
    return optax.trace(decay=beta)


def adam_method(numbers: Any) -> optax.GradientTransformation:
    """Adam by its `Hyperparameters`."""
    return numbers.transformation


def perturbed(theta: Float[Array, " d"], data: Any, eps: Any, loss: Total) -> Array:
    """`‖∇E(θ)‖_{1,ε}`."""
    return one_norm(jax.grad(lambda at: loss(at[None], data))(theta), eps)
