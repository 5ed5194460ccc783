"""What must agree exactly: symmetries of the methods of steepest descent and of Adam, on random data and weights.

Setting: separable data with k classes, mean cross-entropy loss, random weights W_0 [k, d], `η_t = 0.1 (t+1)^-1/2`.
Algorithm: `W ← W - η_t D`, `D = argmax ⟨∇L(W), D⟩` over `‖D‖ ≤ 1` (max norm: SignGD; Frobenius: normalised GD;
spectral: polar factor), and Adam with ε = 0.
Claim: each row of the table names a change of data, start weights or loss, and how the run changes with it, in
exact arithmetic and at every step. In float64 it holds to less than what noise of 2^-36 in the data changes;
a run that makes such noise grow more than 64-fold is left out and counted (`verify.problems.margins.discrepancy`).
Data: all flavours, at their own scale. With the spectral norm rows are at most 1 and margins not tiny: a singular
value that is zero but for the rounding of samples that cancel is otherwise taken for a direction to go.
Reference: consequences of the definitions (Fan, Schmidt, Thrampoulidis 2025, section 2), each proved in a line.
"""

import math

from properties.papers import FAN_2025
from verify import Bound, Claim, Promise, Read, Twin, optimizers, strategies
from verify.optimizers import PowerDecay
from verify.problems.margins import relations
from verify.problems.margins.discrepancy import Discrepancy

MULTICLASS = strategies.multiclass(max_points=8)
WELL_POSED = [name for name in strategies.FLAVOURS if name != "tiny_margin"]
SPECTRAL = strategies.multiclass(max_points=8, unit_rows=True, flavours=WELL_POSED)
TWO_CLASSES = strategies.multiclass(max_points=8, max_classes=2)
TWO_SPECTRAL = strategies.multiclass(max_points=8, max_classes=2, unit_rows=True, flavours=WELL_POSED)


def steps(factor: float = 1.0) -> PowerDecay:
    return PowerDecay(0.1 * factor, 1 / 2)


SIGN, NORMALISED, POLAR = (optimizers.steepest_descent(steps(), norm) for norm in ("linf", "l2", "spectral"))
ADAM, ADAM_EPS = optimizers.adam(steps(), 0.9, 0.99), optimizers.adam(steps(), 0.9, 0.99, eps=1e-3)
SHRUNKEN, SHRUNKEN_EPS = (optimizers.adam(steps(1 / relations.SHRUNKEN), 0.9, 0.99, *eps) for eps in ((), (1e-3,)))
TEXTS = {
    SIGN: "SignGD",
    NORMALISED: "normalised gradient descent",
    POLAR: "steepest descent in the spectral norm",
    ADAM: "Adam(β₁=0.9, β₂=0.99, ε=0)",
}


def claim(name: str, statement: str, optimizer, relation, *twins: Twin, partner=None, problem=MULTICLASS) -> Claim:
    return FAN_2025.claim(
        f"oracle-{name.lower()}",
        "from its definitions",
        statement[: statement.index(":")],
        statement,
        read=Read.DERIVED,
        promise=Promise.TIGHT,
        kind=Bound(lambda m: m.larger_side, "what noise of 2^-36 in the data changes"),
        problem=lambda: problem,
        optimizer=optimizer,
        optimizer_text=f"{TEXTS[optimizer]}, η = 0.1 (t+1)^-1/2, 1000 steps",
        loss="cross_entropy",
        quantity=Discrepancy(relation, partner),
        twins=twins,
        share=1 / 4,
    )


def two_classes(name: str, optimizer, binary: str, factor: float, wrong: float, problem) -> Claim:
    partner, spoilt = (optimizers.steepest_descent(steps(f), binary) for f in (factor, wrong))
    return claim(
        f"two-classes-{name}",
        f"Two classes are a binary problem, {name}: W_0 - W_1 runs as binary weights do with {factor:.4g} η.",
        optimizer,
        relations.two_classes_as_binary,
        Twin(f"{wrong:.4g} η", quantity=Discrepancy(relations.two_classes_as_binary, spoilt)),
        partner=partner,
        problem=problem,
    )


def twin(wrong: str, relation, **changes) -> Twin:
    return Twin(wrong, quantity=Discrepancy(relation), **changes)


def scaled(optimizer, scale) -> dict:
    """The fields of a claim on an optimizer and the same one on gradients that were scaled."""
    return {"optimizer": optimizer, "quantity": Discrepancy(relations.unchanged, scale(optimizer))}


def times_three(optimizer):
    return relations.scaled_gradients(optimizer, 3.0)


unevenly = relations.unevenly_scaled_gradients

CLAIMS = (
    two_classes("SignGD", SIGN, "linf", 2.0, 1.0, TWO_CLASSES),
    two_classes("Frobenius", NORMALISED, "l2", math.sqrt(2), 2.0, TWO_CLASSES),
    two_classes("spectral", POLAR, "l2", math.sqrt(2), 1.0, TWO_SPECTRAL),
    claim(
        "shift",
        "A vector added to all classes changes no margin: SignGD from W_0 + 1 uᵀ runs as from W_0, shifted by 1 uᵀ.",
        SIGN,
        relations.shift,
        twin("added to one class", relations.shift_of_one),
    ),
    claim(
        "class-sum",
        "The sum of the weights over the classes stays: 1ᵀ W_t = 1ᵀ W_0 in normalised gradient descent.",
        NORMALISED,
        relations.centring,
        Twin("SignGD", optimizer=SIGN),
        Twin("Adam", optimizer=ADAM),
    ),
    claim(
        "class-sum-spectral",
        "The sum of the weights over the classes stays: 1ᵀ W_t = 1ᵀ W_0 in spectral descent, since 1ᵀ ∇L = 0.",
        POLAR,
        relations.centring,
        Twin("SignGD", optimizer=SIGN),
        problem=SPECTRAL,
    ),
    claim(
        "rotation-frobenius",
        "Normalised GD knows no axes: turned features turn the weights.",
        NORMALISED,
        relations.rotation,
        Twin("SignGD", optimizer=SIGN),
        Twin("Adam", optimizer=ADAM),
    ),
    claim(
        "rotation-spectral",
        "Spectral descent knows no axes: turned features turn the weights.",
        POLAR,
        relations.rotation,
        Twin("SignGD", optimizer=SIGN),
        problem=SPECTRAL,
    ),
    claim(
        "signed-permutation",
        "Adam follows signed permutations: exchanged or reflected features do so to the weights.",
        ADAM,
        relations.signed_permutation,
        twin("rotated features", relations.rotation),
    ),
    claim(
        "signed-permutation-signgd",
        "SignGD follows signed permutations: exchanged or reflected features do so to the weights.",
        SIGN,
        relations.signed_permutation,
        twin("rotated features", relations.rotation),
    ),
    claim(
        "loss-scale",
        "Normalised GD ignores the scale of the loss: three times the loss gives the same run.",
        NORMALISED,
        relations.unchanged,
        Twin("Adam with ε = 0.001", **scaled(ADAM_EPS, times_three)),
        partner=times_three(NORMALISED),
    ),
    claim(
        "diagonal-scale",
        "Adam ignores the scale of each weight's gradient: positive factors on its entries give the same run.",
        ADAM,
        relations.unchanged,
        Twin("normalised GD", **scaled(NORMALISED, unevenly)),
        partner=unevenly(ADAM),
    ),
    claim(
        "data-scale",
        "Data times c are steps over c: Adam on c x with steps η/c runs to W/c where on x with steps η it runs to W.",
        ADAM,
        relations.shrunken,
        Twin("Adam with ε = 0.001", optimizer=ADAM_EPS, quantity=Discrepancy(relations.shrunken, SHRUNKEN_EPS)),
        Twin("the same steps", quantity=Discrepancy(relations.shrunken), shrink=False),
        partner=SHRUNKEN,
    ),
    claim(
        "doubled-samples",
        "Every sample twice is every sample once: normalised GD on the mean loss gives the same run.",
        NORMALISED,
        relations.doubling,
        twin("one sample twice", relations.doubling_of_one),
    ),
    claim(
        "order",
        "Neither samples nor classes have an order: Adam's run is renumbered with the classes.",
        ADAM,
        relations.reordering,
        twin("start weights not renumbered", relations.relabelling_alone),
    ),
)
