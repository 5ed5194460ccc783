"""The first stage of training the CNN: Adam's alignment with noise outruns that with the feature; GD's does not.

Setting: as in `test_cnn`. `⟨w_jr, j v⟩` is a neuron's alignment with the feature, `max_r ⟨w_{y_i, r}, ξ_i⟩` a sample's
with its noise.
Algorithm: Adam and gradient descent, full batch, while t ≤ T₀.
Claim: for t ≤ T₀ = Õ(1/(η s σ_p)): under Adam the feature's grows by at most Θ(η) a step, the noise's by Θ̃(η s σ_p).
Under gradient descent the feature's obeys `Λ ← Λ + η Θ(Λ^{q-1})` (tensor power method), the noise's is slower by 1/n.
The lower bounds hold with high probability, as the theorem does, 1 - 1/n: a class none of whose neurons starts near its
feature is memorised first, and the feature's alignment then stands still, or decays with the weights.
Constants, by hand: signs move a weight by η, thus the feature's alignment by η and the noise's by
`η ‖ξ_i‖₁ ≈ (2/π)^½ η s σ_p`; while probabilities are 1/2, gradient descent has `Λ ← Λ + η (q/4) Λ^{q-1}`.
Reference: Zou, Cao, Li, Gu (2023), lemmas on the first stage, as commonly stated; Tang et al. (2025), Lemma 5.2, is the
counterpart.
"""

from dataclasses import replace
from functools import partial

from properties.papers import ZOU_2023
from verify import Bound, HighProbability, Promise, Read, Twin
from verify.problems.cnn.runs import GD
from verify.problems.cnn.settings import settings
from verify.problems.cnn.stages import Growth, TensorPower

# Of b1^2 < b2: elsewhere Adam's update is not bounded by a constant times eta.
BETAS = ((0.9, 0.99), (0.9, 0.9), (0.0, 0.0))

first_stage = partial(
    ZOU_2023.claim,
    where="first stage",
    read=Read.STATED,
    problem=partial(settings, betas=BETAS),
    share=3 / 4,
)


def false(wrong: str, quantity: Growth | TensorPower) -> Twin:
    return Twin(wrong, quantity=quantity, shrink=False)


NOISE = Growth(what="noise", at_least=True, law="s sigma_p", factor=0.3)

CLAIMS = (
    first_stage(
        "stage-feature",
        title="Adam: the feature's alignment grows by Θ(η) a step",
        statement="In the first stage ⟨w, j v⟩ changes by at most 2η a step.",
        kind=Bound(lambda m: m.larger_side, "2η a step"),
        optimizer_text="Adam, η = 1/(150 s σ_p)",
        quantity=Growth(what="feature", factor=2.0),
        twins=(false("the noise's alignment", Growth(what="noise", factor=2.0)),),
    ),
    first_stage(
        "stage-noise",
        title="Adam: the noise's alignment grows by Θ(η s σ_p) a step",
        statement="In the first stage max_r ⟨w_{y_i, r}, ξ_i⟩ grows by at least 0.3 η s σ_p a step.",
        promise=Promise.LOWER,
        kind=HighProbability(Bound(lambda m: m.larger_side, "growth, at least 0.3 η s σ_p a step")),
        optimizer_text="Adam, η = 1/(150 s σ_p)",
        quantity=NOISE,
        twins=(
            false("the feature's alignment", replace(NOISE, what="feature")),
            false("gradient descent", replace(NOISE, way=GD)),
            false("by η s σ_p itself", replace(NOISE, factor=1.0)),
        ),
    ),
    first_stage(
        "stage-tensor-power",
        title="GD: the feature's alignment follows the tensor power method",
        statement="Under gradient descent the feature's alignment grows by at least a quarter of "
        "Λ ← Λ + η (q/4) Λ^{q-1}.",
        promise=Promise.LOWER,
        kind=HighProbability(Bound(lambda m: m.larger_side, "growth, at least a quarter of the tensor power method's")),
        optimizer_text="GD",
        quantity=TensorPower(),
        twins=(
            false("the noise's alignment", TensorPower(what="noise")),
            false("twice the law", TensorPower(factor=2.0)),
        ),
    ),
)
