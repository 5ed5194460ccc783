"""A class's feature and its memory of noise are rivals: with weight decay the lesser is forgotten like e^{-λt}.

Setting: the two-layer CNN of Zou, Cao, Li, Gu (2023) on a feature patch y v and a noise patch ξ - α y v, supports of
noise disjoint, q ≥ 3, any mean loss that falls in the margins, here the logistic one, and λ/2 ‖W‖². Of class j let
`a = max_r ⟨w_jr, j v⟩ > 0` be the feature, and `M = (Σ_i U_i^{2-q}/‖ξ_i‖²)^{-1/(q-2)}` the memory, over the samples of
the class, with `U_i = max_r ⟨w_jr, ξ_i⟩ > 0`.
Algorithm: gradient flow.
Claim: without feature noise (α = 0) `a^{2-q} - M^{2-q}` grows as e^{(q-2)λt}, exactly, whatever the loss, λ and all
other weights are. Hence the lesser of a and M at the start is at most `e^{-λt} |a_0^{2-q} - M_0^{2-q}|^{-1/(q-2)}` ever
after. With α ≥ 0 the feature obeys this where it is the lesser, if M is of neurons with `⟨w_jr, j v⟩ ≤ 0` alone; the
neurons that have the feature may be idle, or activated by noise of either class.
Proof: with slopes g_i ≥ 0 and `G = Σ_{i of class j} g_i/n` a neuron with a_r > 0 has `a_r' ≤ q G a_r^{q-1} - λ a_r`,
with equality for α = 0: what a noise patch of either class adds has the sign of -α. A sample of the class that a neuron
with a_r ≤ 0 memorises has `u' = (q/n) g_i z^{q-1} ‖ξ_i‖² - λ u`, where `z = u - α a_r ≥ u`. That stays so: at a_r = 0
only noise patches pull, downwards. For `h = a_r^{2-q}` and `p_i = u^{2-q}` this is `h' ≥ (q-2)(λh - qG)` and `p_i' ≤
(q-2)(λp_i - (q/n) g_i ‖ξ_i‖²)`. In `D = h - Σ_i p_i/‖ξ_i‖²` the slopes drop out, `D' ≥ (q-2) λ D`: where D_0 > 0,
`h ≥ D ≥ D_0 e^{(q-2)λt}`. For α = 0 all are equalities, neurons keep their order, and `Σ_i p_i/‖ξ_i‖² ≥ -D` if D_0 < 0.
Consequence: `(a/M)^{q-2}` is some `a^{q-2} n/(2 ‖ξ‖²)` where U = 1. Signs memorise with a of order 1/(s σ_p): the
feature is lost for good where `(s σ_p)^{q-2} ≫ n`, which for q = 3 is a condition of `zou2023/cnn-adam`. Where all
weights are of order σ_0, as at gradient descent's start, it is `n ‖ξ‖^{-q}/2`, and memory is the lesser for large n.
At a rest with both, a = M if α = 0, whichever method came there. Seen besides, no claim: of 192 classes (24 starts of
memoryless Adam with n, s, α of 16, 64, ½; 8, 256, ¼; 8, 470, 0.1; 6, 300, 0.1) 118 had (a/M)^{q-2} < 0.9 at T = 0.3/η,
of which 115 had lost the feature by 3/η, and 71 had more than 1.1, of which 70 had kept it.
Tried: q of 3 to 5, n of 4 to 8, λ from 10⁻⁴ to 10⁻², (a/M)^{q-2} from 0.55 to 1.9, to λt = 4.
Reference: derived here, for Theorem 4.1 of the paper.
"""

from functools import partial

from properties.papers import OURS
from verify import Bound, Read, Twin
from verify.problems.cnn.balance import Forgotten, balances

balance = partial(
    OURS.claim,
    where="the balance of feature and memory",
    read=Read.DERIVED,
    optimizer_text="gradient flow with weight decay, from weights near the balance",
    kind=Bound(lambda m: m.larger_side, "|a₀^{2-q} - M₀^{2-q}|^{-1/(q-2)}"),  # both sides times e^λt
    quantity=Forgotten(),
    share=1 / 4,
)


def false(wrong: str, quantity: Forgotten) -> Twin:
    return Twin(wrong, quantity=quantity, shrink=False)


HALF = false("half the sum in M", Forgotten(factor=1 / 2))
ONE_SAMPLE = false("the least memory of a sample, for M of all", Forgotten(whole=False))
POWER = false("q - 1 for q - 2", Forgotten(power=1))
FASTER = false("e^{-1.1 λt} for e^{-λt}", Forgotten(decay=1.1))

CLAIMS = (
    balance(
        "feature-or-memory",
        title="Of feature and memory the lesser is forgotten, CNN",
        statement="Gradient flow with weight decay λ, no feature noise: of a class's largest feature product a and its "
        "memory M, M^{2-q} = Σ U_i^{2-q}/‖ξ_i‖², the lesser at first is ≤ e^{-λt} |a₀^{2-q} - M₀^{2-q}|^{-1/(q-2)}.",
        problem=partial(balances, alpha=(0.0, 0.0), ratio=(0.55, 1.9)),
        twins=(HALF, false("twice the sum in M", Forgotten(factor=2.0)), ONE_SAMPLE, POWER, FASTER),
    ),
    balance(
        "feature-forgotten",
        title="A feature below the memory of its class is forgotten, CNN",
        statement="Gradient flow, weight decay λ: where neurons turned against the feature memorise all of a class, "
        "M^{2-q} = Σ U_i^{2-q}/‖ξ_i‖², its feature products a < M are ≤ e^{-λt} (a₀^{2-q} - M₀^{2-q})^{-1/(q-2)}.",
        problem=partial(balances, alpha=(0.02, 0.3), ratio=(0.55, 0.95)),
        twins=(HALF, ONE_SAMPLE, POWER, FASTER),
    ),
)
