"""Shampoo on small batches goes along its own mean step, which is neither spectral nor gradient descent's; NucGD keeps
its norm.

Setting: separable data of k classes and n points, weights W [k, d] from zero, mean cross-entropy, decreasing steps;
every epoch a new random order of all points, cut into batches of b.
Algorithm: on a batch's gradient G, Shampoo `W ← W - η L^(-1/4) G R^(-1/4)` with `L ← β L + (1 - β) G Gᵀ` and
`R ← β R + (1 - β) Gᵀ G`, without ε; NucGD, steepest descent in the nuclear norm on `M ← β M + (1 - β) G`; β = 0.95.
Claim: conjectured, observed here. Shampoo's W tends to the direction of `A^(-1/4) (Σ G_i) B^(-1/4)` with the points'
gradients G_i at W, to a minus, and with the means of `G Gᵀ` and `Gᵀ G` over all batches, to a factor:
`A = (1 - s) Σ G_i G_iᵀ + s (Σ G_i)(Σ G_i)ᵀ`, `s = (b - 1)/(n - 1)`, and B alike. So it is a KKT point of the margin's
problem in the norm `‖A^(1/8) W B^(1/8)‖_F`, and maximises that margin; not the L2 margin, and not the spectral one, to
which full batches, s = 1, are seen to lead (`ours/shampoo-averages`). On single points NucGD keeps its own, nuclear
margin, though what is proved of it, `ours/nuclear-momentum`, says nothing of β = 0.95 on most data.
Assumptions: that W and the points' shares of the gradient converge, as for Adam's proxy (`baek2025/proxy`), and that
averages hold many epochs; of 0.95, which holds twenty steps, it is not derived. Eigenvalues of L and R below 1e-14 of
the largest count as zero, and data on which one of A or B is near to that in the last decade of steps, below 1e-10, are
not judged: there steps in its direction come and go.
Tried: batches of one point, and of two of four in the plane. On 66 such data, of lengths 1/4 to 2, the sine of W's
angle to the step's mean over half a decade was 0.011 at most after 25 000 steps, and to that of single points' step,
s = 0, 0.063 to 0.084.
Seen first: `verify.identify` on twelve data of six points in five classes, 10 000 steps `0.3 (t+1)^-1/3`, seeds 1 to 3,
names no norm of Shampoo on batches of 1 and 3 points, with 0.88 to 0.91 of the spectral margin, and the nuclear one of
NucGD, reshuffled. The margin in its own norm alone says little: where one point has all of the gradient, A and B have
rank one, and any W has it. SOAP keeps that as well, and is far from its own mean step: see `open/soap-single-points`.
Reference: this program, 2026, after Baek, Song, Yun (2025) and Kim, Song, Yun (2026) on Adam.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from hypothesis import strategies as st
from scipy.special import logsumexp

from properties.bernstein2024.test_shampoo import ZERO
from properties.kim2026.test_reshuffled_margin import Shortfall, few
from properties.ours.test_matrix_methods import averaged_shampoo
from properties.ours.test_muon_batches import outvoted
from properties.ours.test_shampoo_sums import three_classes
from properties.papers import OURS
from verify import Dataset, Limit, Read, Twin, laws, optimizers
from verify.optimizers import PowerDecay
from verify.problems.laboratory import Laboratory
from verify.problems.margins import ensembles
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject

STEPS, B1 = PowerDecay(0.5, 1 / 3), 0.95
NEAR = 1e-10  # of eigenvalues, relative to the largest: above, none is ever lost
FROM, EVERY = 100, 3  # steps, and of the recorded ones
LONG = 6  # recorded steps, half a decade: the points' shares of the gradient sway by a tenth from one to the next

Step = Callable[[np.ndarray], np.ndarray]
"""From the points' gradients `[n k d]` to a direction `[k d]`."""


def products(g: np.ndarray, s: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A and B."""
    total = g.sum(axis=0)
    left = (1 - s) * np.einsum("nkd,nld->kl", g, g) + s * total @ total.T
    right = (1 - s) * np.einsum("nkd,nke->de", g, g) + s * total.T @ total
    return left, right


def power(a: np.ndarray, exponent: float) -> np.ndarray:
    """Of a positive semi-definite matrix, with zero for the eigenvalues that count as zero."""
    values, vectors = np.linalg.eigh(a)
    kept = values > ZERO * values[-1]
    return (vectors[:, kept] * values[kept] ** exponent) @ vectors[:, kept].T


def of_shampoo(g: np.ndarray, exponent: float = -1 / 4, s: float = 0.0) -> np.ndarray:
    """Its mean step. s: 0 of single points, 1 of full batches, where it is the polar factor."""
    a, b = products(g, s)
    return power(a, exponent) @ g.sum(axis=0) @ power(b, exponent)


def gradients(dataset: Dataset, weights: np.ndarray) -> np.ndarray:
    """The points' gradients of the cross-entropy `[n k d]`, to a minus, over the largest probability in them."""
    z = dataset.margin_vectors.reshape(dataset.n, dataset.classes - 1, *dataset.weights_shape)
    q = -np.einsum("nmkd,kd->nm", z, weights)
    log_p = q - np.logaddexp(0, logsumexp(q, axis=1, keepdims=True))
    return np.einsum("nm,nmkd->nkd", np.exp(log_p - log_p.max()), z)


def sine(a: np.ndarray, b: np.ndarray) -> float:
    """Of the angle between two matrices; 1 where it is a right one or more."""
    cosine = np.vdot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.sqrt(max(0.0, 1 - max(0.0, cosine) ** 2)))


def told(g: np.ndarray) -> bool:
    """Whether all eigenvalues of A and B are zero, or far from where they count as zero."""
    values = np.concatenate([each / each[-1] for each in map(np.linalg.eigvalsh, products(g))])
    return bool(((values > NEAR) | (values < ZERO / 10)).all())


@dataclass(frozen=True)
class Aside:
    """The sine of the angle between W and a step's mean direction in the half decade up to W.

    step: to which W is said to tend.
    """

    step: Step
    name: str = "sine of the angle to the step"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At four steps a decade."""
        run = ensembles.with_weights(subject, lab)
        seen = np.flatnonzero(run.time >= FROM)
        use = np.arange(len(seen))[::-EVERY][::-1]
        assert run.weights_at is not None
        found = [[gradients(s, w) for w in at[seen]] for s, at in zip(lab.datasets, run.weights_at, strict=True)]
        values = np.array([self._sines(at[seen], row, use) for at, row in zip(run.weights_at, found, strict=True)])
        late = run.time[seen] >= run.time[-1] / 10
        judged = np.array([all(told(g) for g, at in zip(row, late, strict=True) if at) for row in found])
        lost = np.count_nonzero(~judged)
        notes = (f"data left out, where an eigenvalue comes near to what counts as zero: {lost}",) if lost else ()
        floor = np.full(len(values), np.sqrt(ROUNDING))
        notes = (*ensembles.recorded(run, "l2")[3], *notes)
        return Measurement(np.log(run.time[seen[use]]), values, floor, judged, lab.datasets, notes=notes)

    def _sines(self, weights: np.ndarray, found: list[np.ndarray], use: np.ndarray) -> list[float]:
        steps = [self.step(g) for g in found]
        means = [np.mean([u / np.linalg.norm(u) for u in steps[max(0, i - LONG + 1) : i + 1]], axis=0) for i in use]
        return [sine(weights[i], mean) for i, mean in zip(use, means, strict=True)]


@st.composite
def bent(draw: st.DrawFn) -> Dataset:
    """Three points in the plane, each of a class: a short one nearer to one of two long ones than to the other."""
    size = draw(st.sampled_from([0.5, 1.0]))
    angles = np.pi / 12 * (draw(st.integers(0, 23)) + np.array([0, 5, 13]))
    x = size * np.array([4.0, 1.0, 4.0])[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Dataset(x, np.arange(3), name="bent")


def drawn() -> st.SearchStrategy[Dataset]:
    """Of every second one the spectral margin is told apart."""
    uneven = three_classes(uneven=True)
    return st.one_of(few(), three_classes(), bent(), uneven, uneven, uneven)


@st.composite
def four(draw: st.DrawFn, soon: bool = False) -> Dataset:
    """Four points in the plane, 60 degrees apart at least, of which the first two share their class.

    soon: of one shape, on which the angles to other steps settle by 10 000 steps.
    """
    sizes = (
        [(0.25, 0.5, 0.5, 0.5), (1.0, 2.0, 2.0, 2.0)]
        if soon
        else [(0.5, 0.5, 1, 1), (0.5, 0.5, 0.5, 1), (0.5, 1, 1, 1)]
    )
    gaps = draw(st.sampled_from([(4, 9, 15)] if soon else [(4, 10, 16), (5, 11, 17), (5, 12, 18)]))
    angles = np.pi / 12 * (draw(st.integers(0, 23)) + np.array([0, *gaps]))
    x = np.array(draw(st.sampled_from(sizes)))[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Dataset(x, np.array([0, 0, 1, 2]), name="soon" if soon else "four")


def shrunk(wrong: str, **changes) -> Twin:
    return Twin(wrong, shrink=False, **changes)


def claim(name: str, how: str, title: str, statement: str, text: str, *twins: Twin, batch: int = 1, **fields):
    return OURS.claim(
        name,
        f"on batches of {how}",
        title,
        statement,
        read=Read.OBSERVED,
        optimizer_text=f"{text} on batches of {how}, reshuffled, η = 0.5 (t+1)^-1/3",
        loss="cross_entropy",
        sampling="reshuffled",
        batch=batch,
        twins=twins,
        **fields,
    )


def of_mean_step(name: str, how: str, s: float, *twins: Twin, **fields):
    return claim(
        name,
        how,
        f"Shampoo on batches of {how} tends to the direction of its own mean step",
        f"Shampoo, averages of {B1}, on batches of {how}: W tends to the direction of A^(-1/4) ΣG_i B^(-1/4).",
        f"Shampoo, averages with β = {B1}, no ε,",
        shrunk("full batches' step, the gradient's polar factor", quantity=Aside(partial(of_shampoo, s=1.0))),
        *twins,
        optimizer=averaged_shampoo(STEPS),
        quantity=Aside(partial(of_shampoo, s=s)),
        **fields,
    )


CLAIMS = (
    of_mean_step(
        "shampoo-single-points",
        "one point",
        0.0,
        shrunk("the gradient, which leads to the L2 margin", quantity=Aside(partial(of_shampoo, exponent=0.0))),
        shrunk("-1/8 for -1/4", quantity=Aside(partial(of_shampoo, exponent=-1 / 8))),
        shrunk("no averages: spectral descent", optimizer=optimizers.spectral_descent(STEPS)),
        kind=Limit(0.1, laws.power(2 / 3)),
        problem=drawn,
        share=3 / 16,
        horizon=-0.25,
    ),
    of_mean_step(
        "shampoo-two-of-four",
        "two of four points",
        1 / 3,
        shrunk("single points' step", quantity=Aside(of_shampoo)),
        kind=Limit(0.04, laws.power(2 / 3)),
        problem=lambda: st.one_of(four(), four(soon=True), four(soon=True)),
        batch=2,
        share=1 / 8,
        horizon=-0.5,
    ),
    claim(
        "nucgd-single-points",
        "one point",
        "NucGD with usual momentum on single points maximises the nuclear margin",
        "NucGD, β = 0.95, on single points, reshuffled: the nuclear margin tends to the maximal one.",
        f"NucGD with β = {B1}",
        shrunk("no momentum", optimizer=optimizers.nuclear_descent(STEPS)),
        shrunk("the L2 margin", norm="l2"),
        kind=Limit(0.03, laws.power(1 / 3)),
        problem=lambda: st.one_of(few(), outvoted(), three_classes(uneven=True)),
        optimizer=optimizers.steepest_descent(STEPS, "nuclear", b1=B1),
        norm="nuclear",
        quantity=Shortfall(lambda m, norm: m.margin),
        share=1 / 8,
        horizon=-0.25,
    ),
)
