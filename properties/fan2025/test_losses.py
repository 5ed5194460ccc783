"""The theorems hold for the multiclass exponential loss and for PairLogLoss as for the cross-entropy.

Setting: separable data with k classes, weights W [k, d], with `z_ic = ⟨(e_{y_i} - e_c) x_iᵀ, W⟩` over the wrong c:

    exponential: (1/n) Σ_i Σ_c exp(-z_ic),    PairLogLoss: (1/n) Σ_i Σ_c log(1 + exp(-z_ic)).

Algorithm: normalised steepest descent in a norm with steps t^-1/2, and Adam (ε = 0) with steps t^-2/3.
Claim: the gap to the maximal margin is that of the cross-entropy, `O((log t + n) / t^{1/2})` and
`O((d log t + n d) / t^{1/3})`.
Reference: Fan, Schmidt, Thrampoulidis (2025), Appendix F, as commonly stated: that it covers both losses was read, its
rates were not.

A loss with a polynomial tail, `1 / (1 + z)`, is no such loss: its limit is another direction, which
`ji2021/direction-polynomial-tail` names.
"""

from properties.papers import FAN_2025
from verify import Claim, Rate, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

LOSSES = {"exponential": "multiclass exponential loss", "pairwise_logistic": "PairLogLoss"}
SQUARE_ROOT = Rate(laws.power(1 / 2, log=1)), Rate(laws.power(3 / 4))
METHODS = {
    "sign-gd": ("SignGD", "linf", optimizers.sign_gd(PowerDecay(0.1, 1 / 2)), *SQUARE_ROOT),
    "normalised-gd": ("normalised GD", "l2", optimizers.normalised_gd(PowerDecay(0.1, 1 / 2)), *SQUARE_ROOT),
    "spectral": ("spectral descent", "spectral", optimizers.spectral_descent(PowerDecay(0.1, 1 / 2)), *SQUARE_ROOT),
    "adam": (
        "Adam (β₁=0.9, β₂=0.99, ε=0)",
        "linf",
        optimizers.adam(PowerDecay(0.1, 2 / 3), 0.9, 0.99),
        Rate(laws.power(1 / 3, log=1)),
        Rate(laws.power(5 / 6)),
    ),
}


def claim(loss: str, method: str) -> Claim:
    name, norm, optimizer, law, faster = METHODS[method]
    steps = "t^-2/3" if method == "adam" else "t^-1/2"
    return FAN_2025.claim(
        f"{method}-{loss.replace('_', '-')}",
        "Appendix F",
        f"{name[0].upper()}{name[1:]} on the {LOSSES[loss]} maximises the {norm} margin",
        f"{name} on the {LOSSES[loss]}, steps {steps}: the {norm} margin's gap is O({law.law}).",
        read=Read.STATED,
        kind=law,
        problem=strategies.multiclass,
        optimizer=optimizer,
        optimizer_text=f"{name}, η = 0.1 (t+1)^{steps[1:]}",
        loss=loss,
        norm=norm,
        twins=(
            Twin("a loss with a polynomial tail", loss="polynomial_tail"),
            Twin(f"the faster rate {faster.law}", kind=faster),
        ),
        real=("wine:standardise",),
        horizon=0.0 if method == "adam" else -1 / 3,
        share=1 / 2 if method == "spectral" else 1.0,
    )


CLAIMS = [claim(loss, method) for loss in LOSSES for method in METHODS]
