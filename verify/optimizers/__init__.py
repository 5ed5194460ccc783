"""Optimizers of the theorems, as `optax.GradientTransformation`s composed of optax parts.

Any other optax optimizer can stand in their place. Constructors return the same object for the same arguments,
so that a program compiled for an optimizer is found again.

Weights are one array, `[d]` or `[k d]` with k classes, and so are gradients; of a network (`verify.models`) they are a
pytree of arrays, each of which is treated so. In the rules `w_t` are the weights after
`t = 0, 1, ...` steps, `g_t` is the gradient there and `eta_t` the step size. Where an update divides by a second
moment, `0 / 0 = 0`: a feature that no sample has leaves its weight where it was.
"""

from verify.optimizers.directions import (
    CUBIC,
    NEWTON_SCHULZ,
    SecondMomentState,
    rotated,
    scale_by_average,
    scale_by_newton_schulz,
    scale_by_second_moment,
    scale_by_steepest_direction,
)
from verify.optimizers.formulas import Formula
from verify.optimizers.methods import (
    OPTIMIZERS,
    adagrad,
    adam,
    coordinate_descent,
    gradient_descent,
    heavy_ball,
    muon,
    normalised_gd,
    nuclear_descent,
    rmsprop,
    sign_gd,
    spectral_descent,
    steepest_descent,
)
from verify.optimizers.step_sizes import PowerDecay, StepSize, StepSizeState, descend

__all__ = [
    "CUBIC",
    "NEWTON_SCHULZ",
    "OPTIMIZERS",
    "Formula",
    "PowerDecay",
    "SecondMomentState",
    "StepSize",
    "StepSizeState",
    "adagrad",
    "adam",
    "coordinate_descent",
    "descend",
    "gradient_descent",
    "heavy_ball",
    "muon",
    "normalised_gd",
    "nuclear_descent",
    "rmsprop",
    "rotated",
    "scale_by_average",
    "scale_by_newton_schulz",
    "scale_by_second_moment",
    "scale_by_steepest_direction",
    "sign_gd",
    "spectral_descent",
    "steepest_descent",
]
