"""Adam and RMSProp with mini-batches follow a differential equation to second order in the step size.

Setting: step k takes the gradient of `E_k`, the loss of its batch; the losses are four times differentiable.
Algorithm: `v ← ρv + (1-ρ)g²`, `m ← βm + (1-β)g`, `θ ← θ - h m̂ / √(v̂ + ε)` from zero averages, with bias correction
and ε inside the root; RMSProp is β = 0, and one batch makes it full-batch.
Claim: on every fixed stretch of time T there is a C with `max_{n ≤ T/h} ‖θ⁽ⁿ⁾ - θ̃(nh)‖ ≤ C h²`, where between the steps
n and n+1
`θ̃' = -M/R + h [M(2P + P̄)/(2R³) - (2L + L̄)/(2R)]`, the sums M, R, L, P of `verify.modified`. Without the bracket the
distance is of first order. C grows as ε falls, and the steps must be many beside the memory 1/(1 - max(β, ρ)).
Variant: in the carried form the updates of the past in L and P stand where they were made, not at the present place,
which makes them as cheap for long memories and for orders that never repeat as for others. So it is tried there: on
orders reshuffled pass by pass, with one of β and ρ from .9 to .98. A drawn order makes C fluctuate: in runs of 20 to
320 memories `1/(1 - .98)` with levels twice apart, local orders moved by .2 from level to level. They settle in runs of
40 to 640 memories with levels four times apart, which are used. Orders drawn with replacement leave more to chance, and
are tried on the bilinear loss, whose batches are alike; on least squares chance moved one order of 110 by .19.
Reference: Cattaneo, Klusowski, Shigida (2024), Theorem 3.1. For ε outside the root the equation is derived here, and so
is the carried form.
"""

from functools import partial

import pytest

from properties.papers import CATTANEO_2024
from verify import Claim, Order, Twin, optimizers
from verify.problems.backward.distances import ModifiedEquation
from verify.problems.backward.modified_equation import Wording
from verify.problems.backward.settings import LONG_MEMORY, AdamSetting, settings

SECOND, FIRST = Order(1.85, 2.15), Order(0.85, 1.15)
OUTSIDE = ModifiedEquation(outside=True)
UNCORRECTED = ModifiedEquation(Wording(correction=0.0))
DIGITS = (
    AdamSetting(loss="digits", order=(0, 1, 2, 3), beta=0.6, rho=0.8, eps=0.01, time=0.3, name="digits, 4 batches"),
)


def false(wrong: str, share: float = 0.5, **quantity) -> Twin:
    return Twin(wrong, quantity=ModifiedEquation(share=share, **quantity), shrink=False)


TWINS = (
    false("the bracket's sign flipped", wording=Wording(correction=-1.0)),
    false("β and ρ exchanged", swapped=True),
    false("without the barred terms", wording=Wording(bars=0.0)),
    false("ε outside the root of method and R", wording=Wording(chain=0.0), outside=True),
)

DRAWN = {"carried": True, "span": 40, "factor": 4}
CARRIED_TWINS = (
    false("the bracket's sign flipped", wording=Wording(correction=-1.0), **DRAWN),
    false("no bracket", wording=Wording(correction=0.0), **DRAWN),
    false("the past left out", wording=Wording(past=0.0), **DRAWN),
)
# False by little where a memory is long, so that their orders settle late: the barred terms are small beside the past,
# and β and ρ exchanged matter the less the more alike the batches are. They are told apart on least squares, not on the
# bilinear loss, whose batches are alike.
SLOW_TWINS = (
    false("β and ρ exchanged", 1.0, swapped=True, **DRAWN),
    false("without the barred terms", 1.0, wording=Wording(bars=0.0), **DRAWN),
)


def claim(
    name: str, loss: str, title: str, statement: str, quantity, kind, twins: tuple[Twin, ...], **changes
) -> Claim:
    fields = {
        "id": f"cattaneo2024/{name}-{loss}",
        "title": f"{title}, {loss.replace('-', ' ')}",
        "statement": statement,
        "source": "Cattaneo, Klusowski, Shigida 2024, Theorem 3.1",
        "paper": CATTANEO_2024,
        "kind": kind,
        "problem": partial(settings, loss),
        "optimizer": optimizers.adam(0.01, 0.6, 0.8, 0.1, eps_inside_root=True, bias_correction=True),
        "optimizer_text": "Adam and RMSProp, full-batch or with 3 or 4 batches in a repeating order, drawn β, ρ, ε > 0",
        "loss": loss,
        "norm": "linf",
        "quantity": quantity,
        "twins": twins,
        "share": 1 / 8,
    }
    return Claim(**(fields | changes))


def second(loss: str, **changes) -> Claim:
    statement = "Over a fixed time Adam with the step size h stays within C h² of its modified equation."
    title = "Adam follows its modified equation to second order"
    return claim("order", loss, title, statement, ModifiedEquation(), SECOND, TWINS, **changes)


def carried(loss: str, samplings: tuple[str, ...], twins: tuple[Twin, ...]) -> Claim:
    orders = (0, 1), (0, 1, 2), (0, 1, 2, 3), (0, 1, 1, 2)
    problem = partial(settings, loss, orders=orders, samplings=samplings, decays=LONG_MEMORY)
    title = "Adam on drawn batches follows its equation's carried form (derived) to second order"
    statement = "Over a fixed time Adam, its batches drawn, stays within C h² of its modified equation's carried form."
    changes = {
        "source": "derived as a carried form, after Cattaneo, Klusowski, Shigida 2024, Theorem 3.1",
        "optimizer_text": "Adam and RMSProp with 2 to 4 batches in drawn orders, β and ρ up to .98, drawn ε > 0",
        "problem": problem,
    }
    return claim("order-carried", loss, title, statement, ModifiedEquation(**DRAWN), SECOND, twins, **changes)


def first(loss: str) -> Claim:
    statement = "Over a fixed time Adam with the step size h stays within C h of θ' = -M/R, and no nearer."
    twin = Twin("second order", kind=SECOND, quantity=ModifiedEquation(UNCORRECTED.wording, share=0.5), shrink=False)
    return claim("flow", loss, "Adam follows -M/R to first order", statement, UNCORRECTED, FIRST, (twin,))


CLAIMS = (
    second("bilinear"),
    second("least-squares"),
    second("logistic", real=DIGITS),
    second("tanh"),
    carried("bilinear", ("reshuffled", "with replacement"), CARRIED_TWINS),
    carried("least-squares", ("reshuffled",), CARRIED_TWINS + SLOW_TWINS),
    first("bilinear"),
    first("least-squares"),
    first("logistic"),
    first("tanh"),
    claim(
        "outside",
        "logistic",
        "With ε outside the root the equation has √V in place of one R",
        "With R = √V + ε the first term of the bracket is M(2P + P̄)/(2R²√V), and Adam stays within C h².",
        OUTSIDE,
        SECOND,
        (TWINS[-1], false("the bracket's sign flipped", wording=Wording(correction=-1.0), outside=True)),
        source="derived, after Cattaneo, Klusowski, Shigida 2024, Theorem 3.1",
    ),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_order(theorem, claim):
    theorem(claim)
