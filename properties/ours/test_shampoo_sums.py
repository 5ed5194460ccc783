"""Shampoo with sums of all gradients maximises the margin in an L2 norm that its own preconditioners weigh.

Setting: separable data with k classes, exponential loss `L(W) = 1/n Σ exp(-z_i)` of all margins `z_i = ⟨Z_i, W⟩`, small
constant steps, ε > 0.
Algorithm: Shampoo as it was published, `A ← A + G Gᵀ`, `B ← B + Gᵀ G` from `A_0 = B_0 = ε I`,
`W ← W - η A^(-1/4) G B^(-1/4)`; its flow in log time from `W = 0`.
Claim: A and B converge, and `W/‖W‖` goes to the direction of `argmin ‖A_∞^(1/8) W B_∞^(1/8)‖_F  s.t.  z_i ≥ 1`, like
1/log t. Derivation: `⟨G, A^(-1/4) G B^(-1/4)⟩ ≥ Tr(B)^(-1/4) Tr(A^(-1/4) G Gᵀ)`, and so
`-dL/dt ≥ (4/3) η Tr(B)^(-1/4) d Tr(A^(3/4))/dt`, while the traces of A and B grow alike. Integrated by parts this
bounds their roots by a multiple of `L(0)/η + √ε`, and A and B, which only grow, converge. With fixed A and B the flow
is that of gradient descent in the coordinates `V = A^(1/8) W B^(1/8)`, which maximises the L2 margin. So sums forget
the spectral norm, which the method follows with the present gradient alone.
Reference: this program, 2026, after Qian, Qian (2019), who have the same of AdaGrad.
"""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import solvers
from properties.papers import OURS
from verify import Dataset, Limit, Read, Twin, laws
from verify.errors import FlowError
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import LOG_TIME, ROUNDING, Measurement
from verify.problems.subject import Subject

ETA, EPS, FAR, TIMES = 0.1, 1e-3, 1e4, 48
_RTOL = 1e-8


def power(a: np.ndarray, p: float) -> np.ndarray:
    """A power of a positive definite matrix."""
    values, vectors = np.linalg.eigh(a)
    return np.asarray((vectors * values**p) @ vectors.T)


def flow(dataset: Dataset, log_times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """W `[r k d]`, A `[r k k]`, B `[r d d]` at log times, from the first one on; raises `FlowError` if it is lost."""
    z, (k, d) = dataset.margin_vectors.reshape(-1, *dataset.weights_shape), dataset.weights_shape
    ends = np.cumsum([k * d, k * k, d * d])

    def parts(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        w, a, b = np.split(y, ends[:-1])
        return w.reshape(k, d), a.reshape(k, k), b.reshape(d, d)

    def velocity(s: float, y: np.ndarray) -> np.ndarray:
        w, a, b = parts(y)
        margins = np.einsum("mkd,kd->m", z, w)
        pull = np.einsum("m,mkd->kd", np.exp(np.minimum(s - margins, 700.0)) / dataset.n, z)
        step = ETA * power(a, -1 / 4) @ pull @ power(b, -1 / 4)
        return np.concatenate([v.ravel() for v in (step, np.exp(-s) * pull @ pull.T, np.exp(-s) * pull.T @ pull)])

    start = np.concatenate([np.zeros(k * d), EPS * np.eye(k).ravel(), EPS * np.eye(d).ravel()])
    found = solve_ivp(velocity, (log_times[0], log_times[-1]), start, "BDF", t_eval=log_times, rtol=_RTOL, atol=1e-10)
    if not found.success:
        raise FlowError(f"Shampoo's flow is lost at log t = {found.t[-1] if len(found.t) else log_times[0]:.3g}.")
    w, a, b = zip(*(parts(y) for y in found.y.T), strict=True)
    return np.array(w), np.array(a), np.array(b)


@dataclass(frozen=True)
class WeighedGap:
    """The relative gap of the margin over `‖A^p W B^p‖`, with A and B at the end of the flow.

    exponent: p. spectral: whether the norm is the spectral one in place of Frobenius'.
    """

    exponent: float = 1 / 8
    norm: str = "l2"
    name: str = "relative gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From log t = 10 on."""
        log_times = np.concatenate([[-3.0], np.geomspace(10.0, FAR, TIMES)])
        gaps, references = [], []
        for dataset in lab.datasets:
            w, a, b = lab.once(("sums", dataset.key), lambda dataset=dataset: flow(dataset, log_times))
            left, right = power(a[-1], self.exponent), power(b[-1], self.exponent)
            z = dataset.margin_vectors.reshape(-1, *dataset.weights_shape)
            reference = self._reference(dataset, np.linalg.inv(left) @ z @ np.linalg.inv(right))
            sizes = [float(solvers.norm(self.norm).value(left @ each @ right)) for each in w[1:]]
            gaps.append(1 - np.einsum("mkd,rkd->rm", z, w[1:]).min(axis=1) / np.array(sizes) / reference.upper)
            references.append(reference)
        lower, upper = (np.array([getattr(r, end) for r in references]) for end in ("lower", "upper"))
        certified = np.array([r.certified for r in references])
        width = 1 - lower / upper + 1e3 * ROUNDING
        return Measurement(log_times[1:], np.array(gaps), width, certified, lab.datasets, lower, clock=LOG_TIME)

    def _reference(self, dataset: Dataset, vectors: np.ndarray) -> solvers.Reference:
        if self.norm == "spectral":  # of the weights as they are
            return solvers.max_margin(dataset.x, dataset.y, "spectral", classes=dataset.classes)
        rows = vectors.reshape(len(vectors), -1)
        return solvers.max_margin(rows, np.ones(len(rows), int), "l2")


@st.composite
def three_classes(draw, uneven: bool = False) -> Dataset:
    """Three points in the plane, each of a class, of different lengths and far enough from each other.

    uneven: two short ones around a long one, on which the preconditioners bend the direction most.
    """
    lengths = st.just((0.5, 8.0, 0.5)) if uneven else st.tuples(*[st.sampled_from([0.5, 1.0, 2.0, 4.0, 8.0])] * 3)
    between = st.just(5) if uneven else st.integers(5, 9)
    angles = np.pi / 12 * (draw(st.integers(0, 23)) + np.array([0, draw(between), draw(st.integers(13, 14))]))
    x = np.array(draw(lengths))[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Dataset(x, np.arange(3), name="uneven" if uneven else "three classes")


CLAIM = OURS.claim(
    "shampoo-sums",
    "on Shampoo with sums",
    "Shampoo with sums maximises the margin over its preconditioners' norm",
    "Shampoo, sums of GGᵀ and GᵀG, ε > 0: the margin over ‖A^(1/8) W B^(1/8)‖ tends to the maximal one.",
    read=Read.DERIVED,
    kind=Limit(3e-4, laws.inverse_log()),
    problem=lambda: st.one_of(three_classes(), three_classes(uneven=True)),
    optimizer_text=f"Shampoo with sums, ε = {EPS:g}, η = {ETA}; its flow in log t",
    loss="exponential",
    quantity=WeighedGap(),
    twins=(
        Twin("the unweighted L2 norm", quantity=WeighedGap(0.0), shrink=False),
        Twin("1/4 for 1/8", quantity=WeighedGap(1 / 4), shrink=False),
        Twin("the spectral norm", quantity=WeighedGap(0.0, "spectral"), shrink=False),
    ),
    share=1 / 8,
)
