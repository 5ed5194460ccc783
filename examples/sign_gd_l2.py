"""A false conjecture, and what becomes of it: "SignGD maximises the L2 margin" falls at the single point (1, 2).

The story: gradient descent on separable data goes to the L2 maximal margin, so why should its cheaper cousin SignGD
not do so? The program draws datasets, sees the gap to the L2 margin level off, and then looks for the smallest dataset
on which it does: one point, x = (1, 2). SignGD goes along (1, 1), whose L2 margin is 3 / √2 = 2.12, and the maximum
is √5 = 2.24, along (1, 2) itself. A reader can check that by hand.

A false conjecture is refuted whatever its twin does; the twin is here to show that the check can tell, and a conjecture
without one is not accepted.

    pytest examples/sign_gd_l2.py --profile=quick     # fails, and says why
"""

from verify import Limit, Twin, conjecture, laws, optimizers, strategies
from verify.optimizers import PowerDecay

CLAIM = conjecture(
    "sign-gd-l2",
    "SignGD maximises the L2 margin: the relative gap falls below 1 %.",
    optimizer=optimizers.sign_gd(PowerDecay(0.1, 1 / 2)),
    optimizer_text="SignGD, η = 0.1 (t+1)^-1/2",
    # Few small integers: a counterexample is then one that can be checked by hand.
    problem=lambda: strategies.binary(max_points=4, max_features=3, flavours=["integers"]),
    loss="exponential",
    norm="l2",
    kind=Limit(0.01, laws.power(1 / 2)),
    twins=(Twin("the L1 margin for the L2 margin", norm="l1"),),
)
