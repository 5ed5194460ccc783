"""Models: what a run differentiates, as functions of a pytree of parameters and the features.

For runs, and for `verify.run(model=...)`; it knows no datasets and no optimizers.
"""

from verify.models.activations import IDENTITY, QUADRATIC, RELU, SQUARED_RELU, Activation
from verify.models.library import MODELS, convolutional, deep_linear, diagonal_linear, three_layer, two_layer
from verify.models.model import Model

__all__ = [
    "IDENTITY",
    "MODELS",
    "QUADRATIC",
    "RELU",
    "SQUARED_RELU",
    "Activation",
    "Model",
    "convolutional",
    "deep_linear",
    "diagonal_linear",
    "three_layer",
    "two_layer",
]
