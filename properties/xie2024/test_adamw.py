"""AdamW minimises the loss over the ball ‖w‖_∞ ≤ 1/λ, and does not solve the problem with an L2 penalty.

Setting: a convex mean loss L of linear outputs (squares, logistic, cross-entropy; degenerate data included), a random
start inside or outside of the ball.
Algorithm: full-batch AdamW, `w ← w - η_t (m/√v + λ w)`, without ε and bias correction, `β₁ ≤ β₂ < 1`, `η_t` falling
with an infinite sum; sign descent with weight decay in the same place: Signum, Lion.
Claim: the limit is a KKT point of `min L(w) s.t. ‖w‖_∞ ≤ 1/λ`: `λ ‖w‖_∞ ≤ 1` and `⟨λ w, -∇L⟩ = ‖∇L‖₁`, which for a
convex L is a minimum.
Caution: with β₂ = 0.999 iterates leave the ball for some 10⁴ steps, so that the limit is claimed and not every step.
Reference: Xie, Li (2024), Theorem 1.1, for every continuously differentiable L, if the iterates converge, which here is
seen; read in later texts that quote it. For Signum and Lion it is derived: where the average is the gradient's, a fixed
point has `λ w = -sign(∇L)`.
"""

from dataclasses import replace
from functools import partial

from properties.papers import XIE_2024
from verify import Claim, Limit, Read, Twin, laws
from verify.problems.convex.methods import ADAM, ADAMW, LION, SIGNUM, STOPPING, Method
from verify.problems.convex.norm_balls import LossGap, Stationarity
from verify.problems.convex.runs import Run
from verify.problems.convex.settings import Convex, problems
from verify.problems.convex.stacks import regularised, risk

BETAS = ((0.9, 0.99), (0.9, 0.999), (0.0, 0.0), (0.9, 0.95))
PROBLEMS = partial(problems, decays=(0.2, 2.0), betas=BETAS)
L2_PENALTY = Run(ADAM, regularised)
REAL = (
    Convex(name="iris:standardise", loss="softmax", source="iris:standardise", decay=1.0, betas=(0.9, 0.99)),
    Convex(name="wine:standardise", loss="softmax", source="wine:standardise", decay=2.0, betas=(0.9, 0.99)),
)

MINIMUM = XIE_2024.claim(
    "adamw-minimum",
    "Theorem 1.1",
    "AdamW ends at the least loss over the L-infinity ball",
    "AdamW, ε = 0, β₁ ≤ β₂, convex L: L tends to its minimum over ‖w‖_∞ ≤ 1/λ, and λ ‖w‖_∞ to at most 1.",
    read=Read.SECONDARY,
    kind=Limit(0.05, laws.power(0.5)),
    problem=PROBLEMS,
    optimizer_text="AdamW(ε=0), (β₁, β₂) drawn from (0.9, 0.99), (0.9, 0.999), (0, 0), (0.9, 0.95), η = 0.5 t^-0.7",
    norm="linf",
    quantity=LossGap(Run(ADAMW, risk)),
    twins=(
        Twin("Adam with an L2 penalty in its gradient", quantity=LossGap(L2_PENALTY), shrink=False),
        Twin("no constraint: the least loss of all", quantity=LossGap(Run(ADAMW, risk), radius=1e3), shrink=False),
        Twin("the ball of radius 1/(2λ)", quantity=LossGap(Run(ADAMW, risk), radius=0.5), shrink=False),
        Twin("the L2 ball", quantity=LossGap(Run(ADAMW, risk), ball="l2"), shrink=False),
        Twin("steps whose sum is finite", quantity=LossGap(Run(STOPPING, risk)), shrink=False),
    ),
    real=REAL[:1],
    share=0.25,
)

KKT = replace(
    MINIMUM,
    id="xie2024/adamw-kkt",
    title="AdamW ends at a KKT point of the L-infinity ball",
    statement="AdamW, ε = 0, β₁ ≤ β₂, on a convex loss L: ⟨λ w, -∇L⟩ - ‖∇L‖₁ tends to 0, and λ ‖w‖_∞ to at most 1.",
    quantity=Stationarity(Run(ADAMW, risk)),
    twins=(
        Twin("Adam with an L2 penalty in its gradient", quantity=Stationarity(L2_PENALTY), shrink=False),
        Twin("the ball of radius 1/(2λ)", quantity=Stationarity(Run(ADAMW, risk), radius=0.5), shrink=False),
        Twin("the L2 ball", quantity=Stationarity(Run(ADAMW, risk), ball="l2"), shrink=False),
        Twin("steps whose sum is finite", quantity=Stationarity(Run(STOPPING, risk)), shrink=False),
    ),
    real=REAL[1:],
)


def sign_descent(name: str, method: Method, text: str) -> Claim:
    """The same of a sign descent with momentum."""
    return replace(
        MINIMUM,
        id=f"xie2024/{name}-minimum",
        title=f"{text} with weight decay ends at the least loss over the L-infinity ball",
        statement=f"{text} with weight decay on a convex loss L: L tends to its minimum over ‖w‖_∞ ≤ 1/λ.",
        source=f"{XIE_2024.short}, after Theorem 1.1",
        read=Read.DERIVED,
        optimizer_text=f"{method.name}, η = 0.5 t^-0.7",
        quantity=LossGap(Run(method, risk)),
        twins=(
            Twin("the ball of radius 1/(2λ)", quantity=LossGap(Run(method, risk), radius=0.5), shrink=False),
            Twin("the L2 ball", quantity=LossGap(Run(method, risk), ball="l2"), shrink=False),
        ),
        horizon=-0.5,
    )


CLAIMS = MINIMUM, KKT, sign_descent("signum", SIGNUM, "Signum"), sign_descent("lion", LION, "Lion")
