"""Of a linear model, weights that nearly satisfy the KKT conditions nearly have the maximal margin.

Setting: separable binary data, degree L = 1, weights w that separate them; any entry-wise norm.
Object: weights that are stationary, or nearly so: steepest directions of positive combinations of the data vectors.
Claim: let λ ≥ 0 be any multipliers, with `ρ = ‖J(w) - Σ λ_i q_i‖_*` (stationarity) and `σ = Σ λ_i (⟨q_i, w⟩ - m)`
(slackness), at weights of norm 1 and margin m, λ in units of 1/m. Then `1 - m/γ ≤ (2ρ + σ) / (1 + ρ)`: the KKT points
are the maximisers. Without slackness it is false: every positive combination of the data is stationary in L2.
Reference: Lyu, Li (2020), section 4 and appendix C, for the conditions (Tsilivis et al. 2024 for other norms); the
inequality is derived: `γ Σ λ_i ≤ ‖Σ λ_i q_i‖_* ≤ 1 + ρ`, and `m Σ λ_i = ⟨Σ λ_i q_i, w⟩ - σ ≥ 1 - ρ - σ`.
"""

from properties.papers import LYU_2020
from verify import Bound, Read, Twin, strategies
from verify.problems.margins.stationarity import StationaryGap
from verify.problems.quantity import OneWrong

CLAIM = LYU_2020.claim(
    "linear-kkt",
    "section 4, for degree 1",
    "Near a KKT point of a linear model the margin is near the maximal one",
    "Linear models: 1 - m/γ ≤ (2ρ + σ)/(1 + ρ) with the stationarity ρ and the slackness σ of any multipliers.",
    read=Read.DERIVED,
    kind=Bound(lambda m: m.larger_side, "(2ρ + σ)/(1 + ρ)"),
    problem=strategies.binary,
    optimizer_text="none: about any weights that separate the data",
    norm=("l1.5", "l2", "l3"),
    quantity=StationaryGap(),
    twins=(
        Twin("no slackness", quantity=StationaryGap(slackness=0.0)),
        Twin("half of the slackness", quantity=StationaryGap(slackness=0.5), shrink=False),
        Twin(
            "half of the slackness on one of the datasets",
            quantity=OneWrong(StationaryGap(), StationaryGap(slackness=0.5)),
            shrink=False,
        ),
        Twin("the max-norm margin", quantity=StationaryGap(("l2",), margin_in="linf"), shrink=False),
    ),
    real=("iris:0-vs-rest",),
    share=1 / 4,
)
