"""A conjecture on a network in steps, given as an Equinox module: SignGD tends to KKT points of the L-infinity margin.

The story: gradient flow takes a homogeneous network's direction to a KKT point of `min ‖θ‖₂` subject to margins of 1.
SignGD is steepest descent in the L-infinity norm of all parameters, so it should end at a KKT point of that norm's
problem, and not of the L2 one. Many points are KKT points, and none is the maximal margin's in general; what tells is
the KKT gap, which is 0 at these points alone: what the parameters lack of the maximal margin of the problem that is
linearised there.

New to the library is the model. `Model.of_equinox` takes a function of a random key, the number of features and that of
outputs (1 for labels +1/-1), and trains the module's arrays. Its degree is declared, and held to Euler's identity. Flax
modules fit in by `Model.of_flax`, and any function of a pytree of parameters by `Model` itself.

    pytest examples/network_sign_gd.py --profile=quick
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from verify import Limit, Twin, conjecture, laws, optimizers, strategies
from verify.models import Model
from verify.optimizers import PowerDecay
from verify.problems.networks.trained import TrainedKKT


def squared_relu(z):
    return jnp.square(jnp.maximum(z, 0))


def network(key, d, k):
    """Two layers of four neurons, started small, without biases: these would break the degree."""
    module = eqx.nn.MLP(d, k, 4, 1, squared_relu, use_bias=False, use_final_bias=False, key=key)
    return jax.tree.map(lambda leaf: leaf / 5 if eqx.is_inexact_array(leaf) else leaf, module)


def points():
    """Few points, of rows of norm 1 at most: the network's cubic margins then stay within floating point's reach."""
    return strategies.binary(max_points=6, max_features=3, unit_rows=True)


CLAIM = conjecture(
    "network-sign-gd",
    "SignGD on a squared-ReLU network tends to KKT points of the L-infinity margin: the KKT gap falls below 0.1.",
    optimizer=optimizers.sign_gd(PowerDecay(0.04, 0.7)),
    optimizer_text="SignGD, η = 0.04 (t+1)^-0.7",
    problem=points,
    loss="exponential",
    norm="linf",
    model=Model.of_equinox("MLP of two layers", network, degree=3),
    quantity=TrainedKKT("linf"),
    kind=Limit(0.1, laws.power(0.3)),  # what the start leaves behind fades like 1/‖w‖
    twins=(Twin("the L2 norm's KKT points", quantity=TrainedKKT("l2"), shrink=False),),
    share=1 / 4,  # of the profile's datasets
    horizon=1.0,  # a decade of steps after the profile's
)
