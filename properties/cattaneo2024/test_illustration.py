"""The four trends of Adam's bias on an example with two parameters, and that of ρ lost where ε is large.

Setting: `E = ½ (y - θ₁θ₂x)²`, whose minima form the valley `θ₁θ₂ = y/x`, started beyond it and off the diagonal; Adam
with averages β and ρ, constant step size h, bias correction, and ε inside the root.
Claim: where `√ε` is small beside the gradient, Adam follows the flow of `E + (h/2) ((1+β)/(1-β) - (1+ρ)/(1-ρ))
‖∇E‖₁,ε`, and on a level set of E `‖∇E‖₁` is a multiple of `|θ₁| + |θ₂|`. So this sum, at the end of the run, falls
with β, rises with ρ, and as h grows falls if β > ρ and rises if ρ > β. Where `√ε` is large beside the gradient the
bias is `(h/2) (1+β)/(1-β) ‖∇E‖₁,ε`, and ρ does not matter.
Assumptions: small steps; 1/(1-β) and 1/(1-ρ) well below the number of steps, and well apart where they are compared.
Reference: Cattaneo, Klusowski, Shigida (2024), Section 2 and the illustration with a bilinear model (Figures 2 and 3;
their loss and start are the setting "as illustrated", their constants of Adam are not known to us).
"""

from dataclasses import replace
from functools import partial

import pytest

from properties.papers import CATTANEO_2024
from verify import Bound, Claim, Trend, Twin, optimizers
from verify.problems.backward.sweep import Sweep
from verify.problems.backward.valley import PAPER, Valley, ValleyEnd, valleys

BETAS = Sweep(("beta",), (0.0, 0.5, 0.8, 0.9, 0.95))
RHOS = Sweep(("rho",), (0.5, 0.8, 0.9, 0.95, 0.98, 0.99))
STEPS = Sweep(("step_size",), (0.25, 0.5, 1.0, 2.0))
BOTH = Sweep(("beta", "rho"), (0.5, 0.8, 0.9, 0.95, 0.98))
BETA_LONGER = ((0.8, 0.5), (0.9, 0.5), (0.9, 0.8), (0.95, 0.8), (0.95, 0.9))
RHO_LONGER = ((0.0, 0.9), (0.0, 0.95), (0.8, 0.95), (0.8, 0.99), (0.9, 0.99))
FALLS, RISES = (Trend(sign, resolution=0.001, strict=True) for sign in (-1, 1))
AT_MOST = 1e-4  # of the one-norm, where √ε is 100 times the first gradient


def claim(name: str, title: str, statement: str, averages, quantity, kind, twins, real=()) -> Claim:
    return Claim(
        id=f"cattaneo2024/illustration-{name}",
        title=title,
        statement=statement,
        source="Cattaneo, Klusowski, Shigida 2024, Section 2 and Figures 2 and 3",
        paper=CATTANEO_2024,
        kind=kind,
        problem=partial(valleys, averages),
        optimizer=optimizers.adam(0.001, 0.9, 0.95, 1e-4, eps_inside_root=True, bias_correction=True),
        optimizer_text="Adam, full batch, bias correction, ε inside the root",
        loss="½ (y - θ₁θ₂x)²",
        norm="l1",
        quantity=quantity,
        twins=tuple(Twin(wrong, **changes) for wrong, changes in twins.items()),
        real=real,
        share=0.5,
    )


CLAIMS = (
    claim(
        "beta",
        "Larger β: a smaller one-norm",
        "With ε small, |θ₁| + |θ₂| at the end of the run falls as β grows.",
        tuple((0.9, rho) for rho in (0.9, 0.95, 0.98, 0.99)),
        ValleyEnd(BETAS),
        FALLS,
        {"it rises": {"kind": RISES}, "ρ = β is moved along, and the biases cancel": {"quantity": ValleyEnd(BOTH)}},
        (PAPER,),
    ),
    claim(
        "rho",
        "Larger ρ: a larger one-norm",
        "With ε small, |θ₁| + |θ₂| at the end of the run rises as ρ grows.",
        ((0.0, 0.9), (0.5, 0.9)),
        ValleyEnd(RHOS),
        RISES,
        {
            "it falls": {"kind": FALLS},
            "ε large": {"quantity": ValleyEnd(RHOS, Valley.with_large_eps)},
            "β = ρ is moved along, and the biases cancel": {"quantity": ValleyEnd(BOTH)},
        },
        (PAPER,),
    ),
    claim(
        "step-beta",
        "Larger steps, β > ρ: a smaller one-norm",
        "With ε small and β > ρ, |θ₁| + |θ₂| at the end of the run falls as the step size grows.",
        BETA_LONGER,
        ValleyEnd(STEPS),
        FALLS,
        {"it rises": {"kind": RISES}, "ρ > β": {"quantity": ValleyEnd(STEPS, Valley.swapped)}},
        (replace(PAPER, beta=0.95, rho=0.5),),
    ),
    claim(
        "step-rho",
        "Larger steps, ρ > β: a larger one-norm",
        "With ε small and ρ > β, |θ₁| + |θ₂| at the end of the run rises as the step size grows.",
        RHO_LONGER,
        ValleyEnd(STEPS),
        RISES,
        {"it falls": {"kind": FALLS}, "β > ρ": {"quantity": ValleyEnd(STEPS, Valley.swapped)}},
        (replace(PAPER, beta=0.9, rho=0.99),),
    ),
    claim(
        "large-eps",
        "With ε large, ρ does not matter",
        "Where √ε is 100 times the gradient, |θ₁| + |θ₂| at the end changes by less than 10⁻⁴ of itself as ρ grows.",
        ((0.0, 0.9), (0.5, 0.9), (0.9, 0.9)),
        ValleyEnd(RHOS, Valley.with_large_eps, relative=True),
        Bound(lambda m: AT_MOST + 0 * m.values, f"{AT_MOST:g}"),
        {
            "ε small": {"quantity": ValleyEnd(RHOS, relative=True)},
            "β does not matter either": {"quantity": ValleyEnd(BETAS, Valley.with_large_eps, relative=True)},
        },
        (PAPER,),
    ),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_illustration(theorem, claim):
    theorem(claim)
