"""Adam and RMSProp with mini-batches follow a differential equation to second order in the step size.

Setting: step k takes the gradient of `E_k`, the loss of its batch; the losses are four times continuously
differentiable, with bounded derivatives.
Algorithm: `v ← ρv + (1-ρ)g²`, `m ← βm + (1-β)g`, `θ ← θ - h m̂ / √(v̂ + ε)` from zero averages, with bias correction
and ε inside the root; RMSProp is β = 0, and one batch makes it full-batch.
Claim: on every fixed stretch of time T there is a C with `max_{n ≤ T/h} ‖θ⁽ⁿ⁾ - θ̃(nh)‖ ≤ C h²`, where between the steps
n and n+1
`θ̃' = -M/R + h [M(2P + P̄)/(2R³) - (2L + L̄)/(2R)]`, with the sums M, R, L, P of
`verify.problems.backward.modified_equation`. Without the bracket the distance is of first order. C grows as ε
falls, and the steps must be many beside the memory 1/(1 - max(β, ρ)).
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

from properties.papers import CATTANEO_2024
from verify import Claim, Order, Promise, Read, Twin
from verify.problems.backward.distances import ModifiedEquation
from verify.problems.backward.modified_equation import Wording
from verify.problems.backward.settings import LONG_MEMORY, AdamSetting, settings

SECOND = Order(1.85, 2.15)
UNCORRECTED = Wording(correction=0.0)
DIGITS = AdamSetting(loss="digits", order=(0, 1, 2, 3), beta=0.6, rho=0.8, eps=0.01, time=0.3, name="digits, 4 batches")


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

of_adam = partial(
    CATTANEO_2024.claim,
    optimizer_text="Adam and RMSProp, full-batch or with 3 or 4 batches in a repeating order, drawn β, ρ, ε > 0",
    norm="linf",
    share=1 / 8,
)


def second(loss: str, **changes) -> Claim:
    return of_adam(
        f"order-{loss}",
        "Theorem 3.1",
        f"Adam follows its modified equation to second order, {loss.replace('-', ' ')}",
        "Over a fixed time Adam with the step size h stays within C h² of its modified equation.",
        read=Read.PAPER,
        promise=Promise.UPPER,
        kind=SECOND,
        problem=partial(settings, loss),
        quantity=ModifiedEquation(),
        twins=TWINS,
        **changes,
    )


def carried(loss: str, samplings: tuple[str, ...], twins: tuple[Twin, ...]) -> Claim:
    orders = (0, 1), (0, 1, 2), (0, 1, 2, 3), (0, 1, 1, 2)
    return of_adam(
        f"order-carried-{loss}",
        "after Theorem 3.1, carried form",
        f"Adam on drawn batches follows its equation's carried form to second order, {loss.replace('-', ' ')}",
        "Over a fixed time Adam, its batches drawn, stays within C h² of its modified equation's carried form.",
        read=Read.DERIVED,
        promise=Promise.UPPER,
        kind=SECOND,
        problem=partial(settings, loss, orders=orders, samplings=samplings, decays=LONG_MEMORY),
        optimizer_text="Adam and RMSProp with 2 to 4 batches in drawn orders, β and ρ up to .98, drawn ε > 0",
        quantity=ModifiedEquation(**DRAWN),
        twins=twins,
    )


def first(loss: str) -> Claim:
    return of_adam(
        f"flow-{loss}",
        "after Theorem 3.1, without its correction",
        f"Adam follows -M/R to first order, {loss.replace('-', ' ')}",
        "Over a fixed time Adam with the step size h stays within C h of θ' = -M/R, and no nearer.",
        read=Read.DERIVED,
        kind=Order(0.85, 1.15),
        problem=partial(settings, loss),
        quantity=ModifiedEquation(UNCORRECTED),
        twins=(Twin("second order", kind=SECOND, quantity=ModifiedEquation(UNCORRECTED, share=0.5), shrink=False),),
    )


def outside(loss: str, *more: Twin, **changes) -> Claim:
    return of_adam(
        f"outside-{loss}",
        "after Theorem 3.1, ε outside the root",
        f"With ε outside the root the equation has √V in place of one R, {loss.replace('-', ' ')}",
        "With R = √V + ε the first term of the bracket is M(2P + P̄)/(2R²√V), and Adam stays within C h².",
        read=Read.DERIVED,
        promise=Promise.UPPER,
        kind=SECOND,
        problem=partial(settings, loss),
        quantity=ModifiedEquation(outside=True),
        twins=(TWINS[-1], false("ε inside the root of the equation", outside=True, moved=True), *more),
        **changes,
    )


CLAIMS = (
    second("bilinear"),
    second("least-squares"),
    second("logistic", real=(DIGITS,)),
    second("tanh"),
    carried("bilinear", ("reshuffled", "with replacement"), CARRIED_TWINS),
    carried("least-squares", ("reshuffled",), CARRIED_TWINS + SLOW_TWINS),
    first("bilinear"),
    first("least-squares"),
    first("logistic"),
    first("tanh"),
    outside("bilinear"),
    outside("least-squares"),
    outside(
        "logistic",
        false("the bracket's sign flipped", wording=Wording(correction=-1.0), outside=True),
        real=(DIGITS,),
    ),
    outside("tanh"),
)
