"""A true conjecture on an optimizer of one's own: sign momentum with a warm-up goes to the L-infinity margin.

The story: somebody runs `w ← w - η_t sign(m_t)` with a moving average `m_t` of the gradients, lets the step size rise
for a hundred steps and then fall like `t^-1/2`, and wonders whether momentum and warm-up bend the direction. The
conjecture says that they do not: it is still the L-infinity margin that is maximised, at the rate of plain SignGD. Its
false twin says the same of the L2 margin, and must be refuted in the same run.

Nothing here is known to the library: the update is an optax transformation, and the step sizes are any function of t.
Whether it is scale-free, so that it can be run exactly at margins of thousands, is found by probing it.

    pytest examples/sign_momentum.py --profile=quick
"""

import jax.numpy as jnp
import optax

from verify import Rate, Twin, conjecture, laws, strategies


def warm_up(t):
    """Step sizes that rise to 0.1 within 100 steps, and fall like t^-1/2 afterwards."""
    return 0.1 * jnp.minimum((t + 1) / 100, jnp.sqrt(100 / (t + 1)))


def sign_momentum(step_size, beta=0.9):
    """The sign of a moving average of the gradients."""
    return optax.chain(
        optax.ema(beta, debias=False),
        optax.stateless(lambda m, w: jnp.sign(m)),
        optax.scale_by_learning_rate(step_size),
    )


CLAIM = conjecture(
    "sign-momentum",
    "Sign momentum with a warm-up maximises the L-infinity margin: the gap is O(t^-1/2 log t).",
    optimizer=sign_momentum(warm_up),
    optimizer_text="sign momentum, β = 0.9, warm-up over 100 steps, then t^-1/2",
    problem=strategies.binary,
    loss="logistic",
    norm="linf",
    kind=Rate(laws.power(1 / 2, log=1)),
    twins=(Twin("the L2 margin for the L-infinity margin", norm="l2"),),
    share=1 / 2,  # of the profile's datasets
)
