"""The four trends of Adam's bias on an example with two parameters, and that of ρ lost where ε is large.

Setting: `E = ½ (y - θ₁θ₂x)²`, whose minima form the valley `θ₁θ₂ = y/x`, started beyond it and off the diagonal.
Algorithm: Adam with averages β and ρ, constant step size h, bias correction, and ε inside the root.
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

from properties.papers import CATTANEO_2024
from verify import Bound, Read, Trend, Twin
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
of_adam = partial(
    CATTANEO_2024.claim,
    optimizer_text="Adam, full batch, bias correction, ε inside the root",
    norm="l1",
    share=0.5,
)
illustrated = partial(of_adam, where="Section 2 and Figures 2 and 3", read=Read.PAPER)

CLAIMS = (
    illustrated(
        "illustration-beta",
        title="Larger β: a smaller one-norm",
        statement="With ε small, |θ₁| + |θ₂| at the end of the run falls as β grows.",
        kind=FALLS,
        problem=partial(valleys, tuple((0.9, rho) for rho in (0.9, 0.95, 0.98, 0.99))),
        quantity=ValleyEnd(BETAS),
        twins=(
            Twin("it rises", kind=RISES),
            Twin("ρ = β is moved along, and the biases cancel", quantity=ValleyEnd(BOTH)),
        ),
        real=(PAPER,),
    ),
    illustrated(
        "illustration-rho",
        title="Larger ρ: a larger one-norm",
        statement="With ε small, |θ₁| + |θ₂| at the end of the run rises as ρ grows.",
        kind=RISES,
        problem=partial(valleys, ((0.0, 0.9), (0.5, 0.9))),
        quantity=ValleyEnd(RHOS),
        twins=(
            Twin("it falls", kind=FALLS),
            Twin("ε large", quantity=ValleyEnd(RHOS, Valley.with_large_eps)),
            Twin("β = ρ is moved along, and the biases cancel", quantity=ValleyEnd(BOTH)),
        ),
        real=(PAPER,),
    ),
    illustrated(
        "illustration-step-beta",
        title="Larger steps, β > ρ: a smaller one-norm",
        statement="With ε small and β > ρ, |θ₁| + |θ₂| at the end of the run falls as the step size grows.",
        kind=FALLS,
        problem=partial(valleys, BETA_LONGER),
        quantity=ValleyEnd(STEPS),
        twins=(Twin("it rises", kind=RISES), Twin("ρ > β", quantity=ValleyEnd(STEPS, Valley.swapped))),
        real=(replace(PAPER, beta=0.95, rho=0.5),),
    ),
    illustrated(
        "illustration-step-rho",
        title="Larger steps, ρ > β: a larger one-norm",
        statement="With ε small and ρ > β, |θ₁| + |θ₂| at the end of the run rises as the step size grows.",
        kind=RISES,
        problem=partial(valleys, RHO_LONGER),
        quantity=ValleyEnd(STEPS),
        twins=(Twin("it falls", kind=FALLS), Twin("β > ρ", quantity=ValleyEnd(STEPS, Valley.swapped))),
        real=(replace(PAPER, beta=0.9, rho=0.99),),
    ),
    of_adam(
        "illustration-large-eps",
        where="after Table 1, large ε",
        title="With ε large, ρ does not matter",
        statement="Where √ε is 100 times the gradient, |θ₁| + |θ₂| at the end changes by less than 10⁻⁴ of itself as "
        "ρ grows.",
        read=Read.DERIVED,
        kind=Bound.constant(AT_MOST),
        problem=partial(valleys, ((0.0, 0.9), (0.5, 0.9), (0.9, 0.9))),
        quantity=ValleyEnd(RHOS, Valley.with_large_eps, relative=True),
        twins=(
            Twin("ε small", quantity=ValleyEnd(RHOS, relative=True)),
            Twin("β does not matter either", quantity=ValleyEnd(BETAS, Valley.with_large_eps, relative=True)),
        ),
        real=(PAPER,),
    ),
)
