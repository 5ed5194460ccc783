"""Normalised steepest descent with weight decay is the method of Frank and Wolfe, and inherits its rate.

Setting: a convex mean loss L of linear outputs, H-smooth in a norm: `L(V) ≤ L(W) + ⟨∇L(W), V - W⟩ + H/2 ‖V - W‖²`.
Weights `W_1` anywhere, `B = max(‖W_1‖, 1/λ)`.
Algorithm: `W_{t+1} = W_t - η_t (Δ_t + λ W_t)`, `Δ_t = argmax_{‖Δ‖ ≤ 1} ⟨∇L(W_t), Δ⟩`, `η_t = 2/(λ (t+1))`; in the
nuclear norm Δ_t has rank one, the outer product of the gradient's first singular vectors.
Claim: for every t ≥ 2, `L(W_t) - min_{‖W‖ ≤ 1/λ} L ≤ 2 H (1 + λB)² / ((t+2) λ²)`.
Proof: the step is `W_{t+1} = (1 - γ) W_t - γ Δ_t/λ` with `γ = 2/(t+1)`, of length γ (1/λ + B) at most, so that the
left side e_t obeys `e_{t+1} ≤ (1 - γ) e_t + γ² K/4`, K the bound's numerator; `γ = 1` at t = 1 gives `e_2 ≤ K/4`, and
the induction is `(t-1)/((t+1)(t+2)) + 1/(t+1)² ≤ 1/(t+3)`.
Reference: Xie, Li (2024), Theorem 3.5, on normalised steepest descent with weight decay; its constants are derived.
"""

from dataclasses import replace
from functools import partial

from properties.papers import XIE_2024
from verify import Bound, Read, Twin
from verify.problems.convex.methods import constant, steepest_descent
from verify.problems.convex.norm_balls import FrankWolfeGap, euclidean_smoothness, radius_for_diameter
from verify.problems.convex.settings import Convex, problems

NORMS = ("l1", "l2", "linf", "spectral")
GAP = partial(FrankWolfeGap, NORMS)
SIGNS = partial(FrankWolfeGap, ("linf",))
RANK_ONE = partial(FrankWolfeGap, ("nuclear",))

MAIN = XIE_2024.claim(
    "frank-wolfe",
    "Theorem 3.5",
    "Normalised steepest descent with weight decay has the rate of Frank and Wolfe",
    "Convex L, H-smooth in a norm, η_t = 2/(λ(t+1)), B = max(‖W_1‖, 1/λ): "
    "L(W_t) - min L over ‖W‖ ≤ 1/λ is at most 2H(1 + λB)²/((t+2)λ²), for all t ≥ 2.",
    read=Read.DERIVED,
    kind=Bound(lambda m: m.larger_side, "2H(1 + λB)²/((t+2)λ²)"),
    problem=partial(problems, decays=(0.2, 2.0)),
    optimizer_text="normalised steepest descent with weight decay, η = 2/(λ(t+1))",
    norm=NORMS,
    quantity=GAP(),
    twins=(
        Twin(
            "the radius for the diameter",
            quantity=GAP(upper=radius_for_diameter),
            kind=Bound(lambda m: m.larger_side, "2H/((t+2)λ²)"),
            shrink=False,
        ),
        Twin(
            "H in L2 for the L-infinity ball",
            quantity=SIGNS(upper=euclidean_smoothness),
            kind=Bound(lambda m: m.larger_side, "2H₂(1 + λB)²/((t+2)λ²)"),
            shrink=False,
        ),
        Twin("the ball of radius 2/λ", quantity=SIGNS(radius=2.0), shrink=False),
        Twin(
            "normalised GD for the L-infinity ball",
            quantity=SIGNS(method=lambda _: steepest_descent("l2")),
            shrink=False,
        ),
        Twin(
            "steps of constant size 1/(4λ)",
            quantity=SIGNS(method=partial(steepest_descent, step_size=constant)),
            shrink=False,
        ),
    ),
    real=(
        Convex(name="iris:standardise", loss="softmax", source="iris:standardise", decay=1.0),
        Convex(name="wine:standardise, squares", loss="squares", source="wine:standardise", decay=0.5),
    ),
    share=1.0,
)

NUCLEAR = replace(
    MAIN,
    id="xie2024/frank-wolfe-nuclear",
    title="Steps of rank one with weight decay have the rate of Frank and Wolfe over the nuclear ball",
    problem=partial(problems, ("squares", "softmax"), decays=(0.2, 2.0)),
    norm="nuclear",
    quantity=RANK_ONE(),
    twins=(
        Twin("the ball of radius 2/λ", quantity=RANK_ONE(radius=2.0), shrink=False),
        Twin(
            "steps of rank one for the spectral ball",
            quantity=FrankWolfeGap(("spectral",), method=lambda _: steepest_descent("nuclear")),
            shrink=False,
        ),
    ),
    real=MAIN.real[:1],
    share=1 / 4,
)

CLAIMS = MAIN, NUCLEAR
