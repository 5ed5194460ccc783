"""In steps too the smoothed margin hardly falls: up to a factor of 1 - O(1/log(1/L)), on networks.

Setting: two layers of squared ReLU, of degree D = 3 in their parameters θ, binary data, the sum L of the exponential
losses.
Algorithm: gradient descent with steps `0.3 (t+1)^-0.7 / ‖∇L‖`, which stay within what the theorem allows, a multiple
of `1 / (L (log 1/L)^(2-2/D))`; and SignGD with steps `t^-0.7`.
Claim: with `γ̃ = log(1/L)/‖θ‖^D` in the method's norm, `γ̃(t) ≥ (1 - C/log(1/L(s))) γ̃(s)` for all later steps t once
`L(s) < 1`. The constant is not the paper's: C = 0.1 is tried, as `(γ̃(s)/γ̃(t) - 1) log(1/L(s)) ≤ 0.1`, at recorded
steps.
Reference: Lyu, Li (2020), Theorem 4.2, for gradient descent; of SignGD it is observed here, Tsilivis et al. (2024)
having the flow.
"""

import math
from functools import partial

from properties.gronich2026.test_networks import ALL, NETWORK, points
from properties.papers import LYU_2020
from verify import Bound, Claim, Promise, Read, Twin
from verify.optimizers import PowerDecay, sign_gd, steepest_descent
from verify.problems.networks.trained import SmoothedFall

SIGN = sign_gd(PowerDecay(0.05, 0.7))
FALL = partial(SmoothedFall, settled=math.inf)  # what is claimed needs no direction that settles


def claim(name: str, what: str, read: Read, norm: str, *twins: Twin, **fields) -> Claim:
    return LYU_2020.claim(
        name,
        "Theorem 4.2",
        f"The smoothed margin hardly falls: {what}",
        f"{what}: once L(s) < 1, (γ̃(s)/γ̃(t) - 1) log(1/L(s)) ≤ 0.1 at all later steps, γ̃ = log(1/L)/‖θ‖^D in {norm}.",
        read=read,
        promise=Promise.LOWER,
        kind=Bound.constant(0.1),
        problem=points,
        loss="exponential",
        norm=norm,
        model=NETWORK,
        quantity=FALL(norm),
        twins=(Twin("the norm to the power D + 1", quantity=FALL(norm, exponent=4.0), shrink=False), *twins),
        share=1 / 8,
        horizon=-0.5,
        **fields,
    )


other = partial(Twin, shrink=False)

CLAIMS = (
    claim(
        "smoothed-margin-steps",
        "gradient descent on a network",
        Read.PAPER,
        "l2",
        other("SignGD", optimizer=SIGN),
        optimizer=steepest_descent(PowerDecay(0.3, 0.7), ALL),
        optimizer_text="gradient descent, η = 0.3 (t+1)^-0.7 / ‖∇L‖",
    ),
    claim(
        "smoothed-margin-sign-steps",
        "SignGD on a network",
        Read.OBSERVED,
        "linf",
        other("the L2 norm", quantity=FALL("l2")),
        optimizer=SIGN,
        optimizer_text="SignGD, η = 0.05 (t+1)^-0.7",
    ),
)
