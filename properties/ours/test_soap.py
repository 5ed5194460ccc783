"""SOAP without Adam's averages keeps a share of the spectral margin, and of the present gradient alone all of it.

Setting: separable data of k classes in d dimensions, `‖x_i‖ ≤ 1`, mean cross-entropy, steps `η_t = 0.1 (t+1)^-1/2`,
`W_0 = 0`.
Algorithm: SOAP without momentum, second moment and ε, `W ← W - η U` with `U = Q_L sign(Q_Lᵀ G Q_R) Q_Rᵀ`; Q_L, Q_R are
the eigenvectors of the averages `L ← β L + (1 - β) G Gᵀ` and `R ← β R + (1 - β) Gᵀ G`. What is less than 1e-10 of the
largest entry counts as zero.
Claim: whatever β is, at every step `⟨G, U⟩ ≥ ‖G‖_*` and `‖U‖ ≤ √(k d)` in the spectral norm. So SOAP keeps
`γ / √(k d)` or more of the maximal spectral margin γ in the limit. With β = 0, where the singular values of G differ,
U is the polar factor of G: spectral descent, step by step.
Derivation: `A = Q_Lᵀ G Q_R` is a sum of matrices of one entry, whose nuclear norms are the entries' sizes, so that
`⟨G, U⟩ = Σ |A_ij| ≥ ‖A‖_* = ‖G‖_*`; and a matrix of signs has the Frobenius norm `√(k d)` at most. The gap budget does
the rest. With β = 0 the eigenvectors of `G Gᵀ` and `Gᵀ G` are the singular vectors of G, up to signs that cancel, and A
is diagonal. No more is true of all bases: near a diagonal A with small entries of one sign beside the diagonal all of
`⟨G, U⟩ = ‖G‖_*` and `‖U‖ = √(k d)` is nearly attained, for k = d.
Reference: this program, 2026; the method is that of Vyas et al. (2024, 2409.11321).
"""

from functools import partial

import numpy as np

from properties.bernstein2024.test_shampoo import polar
from properties.open.test_soap import ROUNDING, soap
from properties.papers import OURS
from verify import Bound, Promise, Read, Twin, strategies
from verify.optimizers import PowerDecay
from verify.problems.margins.lemmas import Along, Lemma, Places, Sides, inner

STEPS, LENGTH, MEMORY = PowerDecay(0.1, 1 / 2), 60, 0.95
NEAR = 1e-2  # of the largest singular value, by which others differ


def sides(run: Places, least: float = 1.0, size: float = 0.5) -> Sides:
    """least: times `‖G‖_*`. size: the power of `k d`."""
    u, g = -run.steps, run.at.gradient[:, :-1]
    entries = np.array([np.prod(s.weights_shape) for s in run.lab.datasets], float)[:, None]
    lost = 1 - entries * ROUNDING  # what counts as zero
    return {
        "alignment": (least * lost * run.dual(g), inner(g, u)),
        "size": (run.value(u), np.broadcast_to(entries**size, u.shape[:2])),
    }


def apart(run: Places) -> Sides:
    """The polar factor, where the singular values of the gradient differ from one another, or are zero."""
    g = run.at.gradient[:, :-1]
    values = np.linalg.svd(g, compute_uv=False)
    values = np.concatenate([values / values[..., :1], np.zeros_like(values[..., :1])], axis=2)
    close = (np.abs(np.diff(values, axis=2)) < NEAR) & (values[..., :-1] > ROUNDING)
    told = ~close.any(axis=2)
    return {part: (smaller, np.where(told, larger, np.inf)) for part, (smaller, larger) in polar(run).items()}


def lemma(of, memory: float = MEMORY, b1: float = 0.0, b2: float = 0.0, name: str = "smaller side") -> Lemma:
    return Lemma(name, of, Along(lambda norm: soap(STEPS, memory, b1, b2), STEPS, LENGTH), ("spectral",))


alone = partial(lemma, apart, name="distance to the polar factor")


def twin(wrong: str, quantity: Lemma) -> Twin:
    return Twin(wrong, quantity=quantity, shrink=False)


claim = partial(
    OURS.claim,
    read=Read.DERIVED,
    problem=partial(strategies.multiclass, unit_rows=True),  # on longer ones 60 steps may leave the range of doubles
    loss="cross_entropy",
    norm="spectral",
    share=1 / 8,
)

CLAIMS = (
    claim(
        "soap-signs",
        "on SOAP without Adam's averages",
        "SOAP without Adam's averages keeps 1/√(k d) of steepest descent in the spectral norm",
        "SOAP, β₁ = β₂ = 0, any averages in L, R: at each step ⟨G, U⟩ ≥ ‖G‖_*, and the spectral norm of U is ≤ √(k d).",
        kind=Bound(lambda m: m.larger_side, "⟨G, U⟩, and √(k d)"),
        promise=Promise.LOWER,
        optimizer_text=f"SOAP without momentum and second moment, averages of {MEMORY} in L and R, η = 0.1 (t+1)^-1/2",
        quantity=lemma(sides),
        twins=(
            twin("1.05 ‖G‖_*", lemma(partial(sides, least=1.05))),
            twin("(k d)^1/4 for √(k d)", lemma(partial(sides, size=1 / 4))),
            twin("momentum 0.9", lemma(sides, b1=0.9)),
        ),
    ),
    claim(
        "soap-alone",
        "on SOAP with the present gradient alone",
        "SOAP with the present gradient alone is spectral descent",
        "SOAP, no averages: where the singular values of G differ, U is the polar factor of G, at every step.",
        kind=Bound(lambda m: m.larger_side, "rounding"),
        optimizer_text="SOAP without averages, η = 0.1 (t+1)^-1/2",
        quantity=alone(memory=0.0),
        twins=(
            twin(f"averages of {MEMORY} in L and R", alone()),
            twin("averages of 0.9 of the squares", alone(memory=0.0, b2=0.9)),
        ),
    ),
)
