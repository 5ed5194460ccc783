"""Optimizers as optax transformations: parts, schedules of step sizes, and named methods.

For every floor above, and for users."""

from verify.optimizers.directions import (
    NEWTON_SCHULZ,
    SecondMomentState,
    rotated,
    scale_by_average,
    scale_by_newton_schulz,
    scale_by_second_moment,
    scale_by_steepest_direction,
)
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
    "NEWTON_SCHULZ",
    "OPTIMIZERS",
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
