"""What methods that stay stable can do on separable data: a loss of e^{-ct} and no less, of increasing steps e^{-c√t}.

Setting: separable binary data with `‖x_i‖ ≤ 1`, the mean logistic loss L.
Algorithm: `w ← w - η_t ∇L(w)` from `w_0 = 0`, with any steps for which `η_t L(w_t) ≤ c`, which is what stable means
here: steps over the loss among them, and steps that know nothing of it and grow like `exp(√t)`.
Claim: if `η_s L(w_s) ≤ c` for all s < t, then `L(w_t) ≥ ln(1 + e^{-c t})`: nothing stable is faster than exponential.
Steps of c/L are as fast: `L(w_t) ≤ e^{-c' t}`. Steps of `exp(√t)` have a stretched exponential, `e^{-c' √t}`, and no
exponential one.
Reference: Kale, Manupriya, Marion, Bach, Raj (2026), of which the abstracts of both versions were read: the preprint
says "exponential", the printed one "stretched exponential", of gradient descent with increasing steps that stays
stable. Their schedule was not seen; the one here is ours. The lower bound is derived: `‖∇L‖ ≤ L`, so that
`‖w_t‖ ≤ c t`.
"""

import numpy as np

from properties.papers import KALE_2026
from verify import Bound, Claim, Decay, Promise, Read, Twin, laws, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import AverageIterateLoss, AverageLoss, Inequality, Loss
from verify.runs.descent import Constant, Descent, Growing, OverLoss, Path

STABLE = (OverLoss(0.5), OverLoss(2.0), OverLoss(1.0, 0.5), Constant(1.0), Growing(1.0, 0.5))
METHODS = tuple(Descent(rule, 400) for rule in STABLE)
LARGE = (Descent(OverLoss(20.0), 400),)


def farthest(path: Path, share: float = 1.0, c: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """`l⁻¹(L(w_t))` and `c t`, with the least c that the run so far allows."""
    seen = np.maximum.accumulate(path.log_steps + path.log_loss(path.weights)[:, :-1], axis=1)
    return path.smoothed(path.weights)[:, 1:], share * (np.exp(seen) if c is None else c) * path.t


def claim(name: str, where: str, title: str, statement: str, read: Read, *twins: Twin, **fields) -> Claim:
    given = {"real": ("iris:0-vs-rest",), "prepare": scaled_to_unit_rows, "share": 1 / 4} | fields
    return KALE_2026.claim(
        name,
        where,
        title,
        statement,
        read=read,
        problem=lambda: strategies.binary(unit_rows=True, flavours=EASY),
        loss="logistic",
        twins=twins,
        **given,
    )


# A margin of a thousandth of the radius would need millions of steps.
EASY = tuple(name for name in strategies.FLAVOURS if name != "tiny_margin")
WHAT = "l⁻¹(L(w_t))"
FASTER, SLOWER = Descent(OverLoss(1.0), 1000), Descent(Growing(1.0, 0.5), 1000)
CLAIMS = (
    claim(
        "stable-limit",
        "beside the theorems: what stability allows",
        "Stable steps: L(w_t) ≥ ln(1 + e^{-ct})",
        "Where η L ≤ c all along, l⁻¹(L(w_t)) ≤ c t: no stable method's loss is below ln(1 + e^{-ct}).",
        Read.DERIVED,
        Twin("half of c", quantity=Inequality(WHAT, lambda p: farthest(p, 0.5), METHODS)),
        Twin("c = 1 for steps of 20/L", quantity=Inequality(WHAT, lambda p: farthest(p, c=1.0), LARGE), shrink=False),
        promise=Promise.LOWER,
        kind=Bound(lambda m: m.larger_side, "c t"),
        optimizer_text="gradient descent, steps c/L, c/(L √t), 1 and exp(√t)",
        quantity=Inequality(WHAT, farthest, METHODS),
    ),
    claim(
        "over-the-loss",
        "beside the theorems: what stability allows",
        "Steps of 1/L: the loss falls exponentially",
        "Gradient descent with steps 1/L: the loss falls like exp(-c t).",
        Read.DERIVED,
        Twin("exp(-c t^3/2)", kind=Decay(laws.exponential(1.5))),
        kind=Decay(laws.exponential()),
        optimizer_text="gradient descent, steps 1/L",
        quantity=Loss(FASTER),
    ),
    claim(
        "increasing-steps",
        "abstract (printed version)",
        "Steps of exp(√t): the loss falls like a stretched exponential",
        "Gradient descent with steps exp(√t): the loss falls like exp(-c √t), as the printed version has it.",
        Read.STATED,
        Twin("exponential, as the preprint has it", kind=Decay(laws.exponential())),
        kind=Decay(laws.exponential(0.5)),
        optimizer_text="gradient descent, steps exp(√t)",
        quantity=Loss(SLOWER),
    ),
    claim(
        "increasing-steps-log",
        "abstract (printed version)",
        "Steps of exp(√t): the loss falls faster than any power",
        "Gradient descent with steps exp(√t): the loss falls at least like exp(-c log² t).",
        Read.DERIVED,
        Twin("steps of 4, whose loss falls like 1/t", quantity=Loss(Descent(Constant(4.0), 1500))),
        kind=Decay(laws.log_squared(), resolution=1.0),
        optimizer_text="gradient descent, steps exp(√t)",
        quantity=Loss(SLOWER),
        share=1 / 2,
    ),
    claim(
        "averaged-iterate",
        "beside the theorems: what stability allows",
        "Steps of 1/L: the averaged iterate's loss falls exponentially too",
        "Gradient descent with steps 1/L: the loss at the averaged weights falls like exp(-c t).",
        Read.DERIVED,
        Twin("the average loss for the loss of the average", quantity=AverageLoss(FASTER)),
        kind=Decay(laws.exponential()),
        optimizer_text="gradient descent, steps 1/L",
        quantity=AverageIterateLoss(FASTER),
    ),
)
