"""The first stage of training the CNN: Adam's alignment with noise outruns that with the feature; GD's does not.

Setting: as in `test_cnn`. `⟨w_jr, j v⟩` is a neuron's alignment with the feature, `max_r ⟨w_{y_i, r}, ξ_i⟩` a sample's
with its noise.
Claims, for t ≤ T₀ = Õ(1/(η s σ_p)): under Adam the feature's grows by at most Θ(η) a step, the noise's by Θ̃(η s σ_p).
Under gradient descent the feature's obeys `Λ ← Λ + η Θ(Λ^{q-1})` (tensor power method), the noise's is slower by 1/n.
Constants, by hand: signs move a weight by η, thus the feature's alignment by η and the noise's by
`η ‖ξ_i‖₁ ≈ (2/π)^½ η s σ_p`; while probabilities are 1/2, gradient descent has `Λ ← Λ + η (q/4) Λ^{q-1}`.
Reference: Zou, Cao, Li, Gu (2023), lemmas on the first stage (as commonly stated).
"""

import optax
import pytest

from properties.papers import ZOU_2023
from verify import Bound, Claim, Twin
from verify.problems.cnn.runs import GD
from verify.problems.cnn.settings import settings
from verify.problems.cnn.stages import Growth, TensorPower

# Of b1^2 < b2: elsewhere Adam's update is not bounded by a constant times eta.
BETAS = ((0.9, 0.99), (0.9, 0.9), (0.0, 0.0))


def claim(name: str, title: str, statement: str, quantity, text: str, twins: dict) -> Claim:
    return Claim(
        id=f"zou2023/{name}",
        title=title,
        statement=statement,
        source="Zou, Cao, Li, Gu 2023, first stage (as commonly stated; constants by hand)",
        paper=ZOU_2023,
        kind=Bound(lambda m: m.larger_side, text),
        problem=lambda: settings(betas=BETAS),
        optimizer=optax.identity(),
        optimizer_text="GD" if isinstance(quantity, TensorPower) else "Adam, η = 1/(150 s σ_p)",
        loss="cross_entropy",
        norm="l2",
        quantity=quantity,
        twins=tuple(Twin(wrong, quantity=false, shrink=False) for wrong, false in twins.items()),
        share=1 / 16,
    )


FEATURE = Growth(what="feature", factor=2.0)
NOISE = Growth(what="noise", at_least=True, law="s sigma_p", factor=0.3)

CLAIMS = (
    claim(
        "stage-feature",
        "Adam: the feature's alignment grows by Θ(η) a step",
        "In the first stage ⟨w, j v⟩ changes by at most 2η a step.",
        FEATURE,
        "2η a step",
        {"the noise's alignment": Growth(what="noise", factor=2.0)},
    ),
    claim(
        "stage-noise",
        "Adam: the noise's alignment grows by Θ(η s σ_p) a step",
        "In the first stage max_r ⟨w_{y_i, r}, ξ_i⟩ grows by at least 0.3 η s σ_p a step.",
        NOISE,
        "growth, at least 0.3 η s σ_p a step",
        {
            "the feature's alignment": Growth(what="feature", at_least=True, law="s sigma_p", factor=0.3),
            "gradient descent": Growth(way=GD, what="noise", at_least=True, law="s sigma_p", factor=0.3),
            "by η s σ_p itself": Growth(what="noise", at_least=True, law="s sigma_p", factor=1.0),
        },
    ),
    claim(
        "stage-tensor-power",
        "GD: the feature's alignment follows the tensor power method",
        "Under gradient descent the feature's alignment grows by at least a quarter of Λ ← Λ + η (q/4) Λ^{q-1}.",
        TensorPower(),
        "growth, at least a quarter of the tensor power method's",
        {"the noise's alignment": TensorPower(what="noise"), "twice the law": TensorPower(factor=2.0)},
    ),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_stages(theorem, claim):
    theorem(claim)
