"""Gradient descent follows the flow of a loss that penalises the gradient.

Setting: one smooth loss E.
Algorithm: `θ ← θ - h ∇E(θ)`.
Claim: over a fixed time it stays within C h² of the flow `θ' = -∇[E + (h/4) ‖∇E‖²]`.
Reference: Barrett, Dherin (2021), on the modified loss, which several later texts quote.
"""

from functools import partial

from properties.papers import BARRETT_2021
from verify import Claim, Order, Promise, Read, Twin
from verify.problems.backward.distances import MomentumEquation
from verify.problems.backward.settings import MomentumSetting, momentum_settings

DIGITS = MomentumSetting(loss="digits", beta=0.0, time=0.5, name="digits")


def false(wrong: str, scale: float) -> Twin:
    return Twin(wrong, quantity=MomentumEquation(burn_in=0.0, scale=scale), shrink=False)


def descent(loss: str, **changes) -> Claim:
    return BARRETT_2021.claim(
        f"gradient-descent-{loss}",
        "on the modified loss",
        f"Gradient descent follows the flow of E + (h/4) ‖∇E‖², {loss}",
        "Over a fixed time gradient descent with the step size h is within C h² of θ' = -∇[E + (h/4) ‖∇E‖²].",
        read=Read.SECONDARY,
        promise=Promise.UPPER,
        kind=Order(1.85, 2.15),
        problem=partial(momentum_settings, loss, betas=(0.0,)),
        optimizer_text="gradient descent, full batch",
        norm="linf",
        quantity=MomentumEquation(burn_in=0.0),
        twins=(false("E itself", 0.0), false("h/2 for h/4", 2.0), false("the penalty's sign flipped", -1.0)),
        share=1 / 8,
        **changes,
    )


CLAIMS = (descent("bilinear", real=(DIGITS,)), descent("tanh"))
