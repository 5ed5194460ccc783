"""A conjecture with a norm and a dataset generator of one's own: preconditioned descent maximises the weighted margin.

The story: features are often measured in different units, and a diagonal preconditioner `D` puts them right. The
normalised method `w ← w - η_t D^-1 ∇L / ‖∇L‖_*` is steepest descent in `‖w‖² = Σ_j D_j w_j²`, so that the theory of
steepest descent says which margin it maximises: that of the weighted norm, and not the L2 margin. Here D_j = 4^j.

Three things are new to the library: the norm, which is a `solvers.OwnNorm` (value, dual value and cvxpy expression,
held against each other before they are used, so that reference margins in it are certified as those of any other
norm); the optimizer, which is written out below; and the data, points of two units of measurement.

    pytest examples/weighted_norm.py --profile=quick
"""

import cvxpy as cp
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import strategies as st

from solvers import OwnNorm
from verify import Dataset, Rate, Twin, conjecture, laws
from verify.optimizers import PowerDecay


def units(xp, w):
    """D, of the shape of the weights [d]; `xp` is numpy, or jax.numpy inside a compiled run."""
    return 4.0 ** xp.arange(w.shape[-1])


def dual(xp, g):
    """The largest <g, u> over `Σ_j D_j u_j² ≤ 1`."""
    return xp.sqrt(xp.sum(g**2 / units(xp, g)))


WEIGHTED = OwnNorm(
    "weighted-l2",
    value=lambda xp, w: xp.sqrt(xp.sum(units(xp, w) * w**2)),
    dual_value=dual,
    expression=lambda w: cp.norm(cp.multiply(np.sqrt(units(np, w)), w)),
    strictly_convex=True,
)


def preconditioned(step_size):
    """`D^-1 g / ‖g‖_*`, normalised in the dual norm; 0 where g is."""

    def direction(g, w):
        size = dual(jnp, g)
        return g / units(jnp, g) / jnp.where(size > 0, size, 1.0)

    return optax.chain(optax.stateless(direction), optax.scale_by_learning_rate(step_size))


@st.composite
def measurements(draw):
    """Two or three features, of which the second is in finer units, on the right side of a hyperplane."""
    rows = st.lists(st.integers(-5, 5), min_size=(d := draw(st.integers(2, 3))), max_size=d)
    w = draw(rows.filter(any))  # a normal, and points off its plane: the filters reject few draws
    x = np.array(draw(st.lists(rows.filter(lambda row: np.dot(row, w) != 0), min_size=2, max_size=10)), float)
    y = np.sign(x @ w)
    x[:, 1] *= 3
    return Dataset(x, y, name="two units")


CLAIM = conjecture(
    "weighted-norm",
    "Preconditioned descent maximises the weighted margin: the gap is O(t^-1/2 log t).",
    optimizer=preconditioned(PowerDecay(0.1, 1 / 2)),
    optimizer_text="D^-1 g / ‖g‖_*, D_j = 4^j, η = 0.1 (t+1)^-1/2",
    problem=measurements,
    loss="logistic",
    norm=WEIGHTED,
    kind=Rate(laws.power(1 / 2, log=1)),
    twins=(Twin("the L2 margin for the weighted one", norm="l2"),),
    share=1 / 2,  # of the profile's datasets
)
