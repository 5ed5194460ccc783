"""How far mini-batch gradients and their moving average are from the whole gradient, whatever the order of the points.

Setting: separable data with k classes and n points, mean cross-entropy L and its proxy `G(W) = mean (1 - p_y)`; ψ any
norm of the weights, ψ* its dual, and `R = max_{n,c} ψ*(e_c x_nᵀ)`. Batches B of `n/m` points each: every epoch is a new
order of all points, cut into m batches.
Object: no method, but any weights, held fixed: random ones of many scales, sparse ones, multiples of max-margin ones,
and such that one long point is wrong and has nearly all of the gradient; and orders of 40 epochs, drawn, and pairs of
epochs in which this point comes last, and then first.
Claim: `ψ*(∇L_B - ∇L) ≤ 2 (m - 1) R G` for every batch, and for momentum β of every size
`E_t = (1 - β) Σ_τ β^τ (∇L_{B_{t-τ}} - ∇L)` has `ψ*(E_t) ≤ (1 - β) m (m² - 1) R G`: an epoch adds up to nothing.
Besides, the cube is not needed: `ψ*(E_t) ≤ 4 (1 - β) (m - 1) R G`. Let `G_i` be the batches' proxies in an epoch, of
which G is the mean. The first j deviations add up to `(1 - j/m) Σ_{i ≤ j} ∇L_{B_i} - (j/m) Σ_{i > j} ∇L_{B_i}`, of dual
norm at most `2 R m G max(1 - j/m, j/m) ≤ 2 (m - 1) R G`, and so do the last ones. Any stretch of batches is the end of
an epoch, whole epochs, and the beginning of one, or within one the difference of two beginnings: `4 (m - 1) R G`;
weights that fall from 1 - β on give at most 1 - β times the largest of such sums. A wrong point that is last in one
epoch and first in the next attains that of two batches, and E_t comes near the bound where m is large beside 1/(1 - β),
and that beside 1; with 12 points to three quarters.
Tried: m the least divisor of n, and n; β of 0, 0.5, 0.9, 0.99, 0.999. With replacement nothing adds up to nothing, and
`E_t` falls like the root of 1 - β: that is a twin.
Reference: Kim, Song, Yun (2026), B.10.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.signal import lfilter
from scipy.special import logsumexp

from properties.kim2026.test_data_radius import RADIUS, reach
from properties.papers import KIM_2026
from verify import Bound, Dataset, Read, Twin, strategies
from verify.problems.laboratory import Laboratory
from verify.problems.margins.lemmas import Arbitrary, Lemma, Places, Sides
from verify.runs.walk import pad_weights, read
from verify.seeds import generator

MOMENTA = (0.0, 0.5, 0.9, 0.99, 0.999)
EPOCHS = 40
REPLACED = 5000  # batches that are drawn with replacement: five memories of the longest momentum

Orders = Callable[[Dataset, int, np.ndarray], np.ndarray]
"""From a dataset, a number of batches and the points' shares of the gradient to batches `[t n/m]` of points."""


LONG = ("l1", "l2", "linf")
"""In each of these norms the longest point is wrong once."""
APART = 30.0  # of the margins from 0 where one point is wrong


@dataclass(frozen=True)
class OneWrong(Arbitrary):
    """Arbitrary weights, and such that all margins are as good and as large as can be, but for one of a long point."""

    def places(self, lab: Laboratory, norm: str) -> Places:
        found = super().places(lab, norm)
        own = pad_weights(lab.datasets, [np.stack([one_wrong(s, long) for long in LONG]) for s in lab.datasets])
        weights = np.concatenate([found.weights, own], axis=1)
        return Places(lab, norm, weights, read(lab.datasets, weights))


def one_wrong(s: Dataset, long: str) -> np.ndarray:
    """Weights whose margins are nearest to being all `APART`, but minus that for the longest point and one rival."""
    lengths = np.linalg.norm(s.x, ord={"l1": 1, "l2": 2, "linf": np.inf}[long], axis=1)
    margins = np.full((s.n, s.classes - 1), APART)
    margins[np.argmax(lengths), 0] *= -1
    return np.linalg.lstsq(s.margin_vectors, margins.ravel(), rcond=None)[0].reshape(s.weights_shape)


def residuals(w: Places) -> list[np.ndarray]:
    """`(p - e_y) / G` of every point at every place of a dataset, `[r n k]`, in which no large margin is lost."""
    found = []
    for s, weights, log_proxy in zip(w.lab.datasets, w.weights, w.at.log_proxy, strict=True):
        z = np.einsum("rkd,nd->rnk", weights[:, : s.classes, : s.d], s.x)
        with np.errstate(under="ignore"):
            p = np.exp(z - logsumexp(z, axis=2, keepdims=True) - log_proxy[:, None, None])
        own = np.arange(s.n), s.y.astype(int)
        p[:, *own] = 0.0
        p[:, *own] = -p.sum(axis=2)
        found.append(p)
    return found


def combined(w: Places, candidates: Callable[[Dataset, np.ndarray], np.ndarray]) -> np.ndarray:
    """Sums of the points' gradients over G, `[b r k d]`, with shares of them in which the largest ones weigh most.

    candidates: from a dataset and the sizes `[h n]` of the gradients where one point is wrong to shares `[t n]`.
    """
    found = np.zeros_like(w.weights)
    for i, (s, each) in enumerate(zip(w.lab.datasets, w.lab.once("residuals", lambda: residuals(w)), strict=True)):
        sizes = np.linalg.norm(each, axis=2) * np.linalg.norm(s.x, axis=1)
        shares = candidates(s, sizes[-len(LONG) :])
        chosen = shares[np.argmax(np.abs(shares) @ sizes.T, axis=0)]
        found[i][:, : s.classes, : s.d] = np.einsum("rn,rnk,nd->rkd", chosen, each, s.x)
    return found


PARTS = "few batches", "batches of one point"


def parts(s: Dataset) -> dict[str, int]:
    """Numbers of batches of one size: the least one, and as many as there are points."""
    least = next(m for m in range(2, s.n + 1) if s.n % m == 0)
    return dict(zip(PARTS, (least, s.n), strict=True))


def reshuffled(s: Dataset, m: int, sizes: np.ndarray) -> np.ndarray:
    """Drawn epochs, and pairs of epochs in which the points of the largest size come last, and then first."""
    rng = generator(s.x, s.y, f"orders of {m} batches")
    drawn = [rng.permutation(s.n) for _ in range(EPOCHS)]
    pairs = [order for ranked in np.argsort(sizes, axis=1) for order in (ranked, ranked[::-1])]
    return np.stack([*drawn, *pairs]).reshape(-1, s.n // m)


def with_replacement(s: Dataset, m: int, sizes: np.ndarray) -> np.ndarray:
    return generator(s.x, s.y, f"draws of {m} batches").integers(s.n, size=(REPLACED, s.n // m))


def deviations(s: Dataset, batches: np.ndarray) -> np.ndarray:
    """What the points' shares in each batch are above their shares in all, `[t n]`."""
    counts = np.zeros((len(batches), s.n))
    np.add.at(counts, (np.arange(len(batches))[:, None], batches), 1.0)
    return counts / batches.shape[1] - 1 / s.n


def batches(w: Places, name: str) -> np.ndarray:
    """m of each dataset, `[b 1]`."""
    return np.array([[float(parts(s)[name])] for s in w.lab.datasets])


def batch(orders: Orders, w: Places, scale: float = 1.0) -> Sides:
    """The batch that is farthest, by the sizes, from the whole gradient."""

    def of(name: str) -> np.ndarray:
        def each(s: Dataset, sizes: np.ndarray) -> np.ndarray:
            return deviations(s, orders(s, parts(s)[name], sizes))

        return w.lab.once(("batches", orders, name), lambda: combined(w, each))

    return {name: (w.dual(of(name)), scale * 2 * (batches(w, name) - 1) * reach(w) + 0 * w.at.ratio) for name in PARTS}


def cubic(m: np.ndarray) -> np.ndarray:
    return m * (m**2 - 1)


def linear(m: np.ndarray, constant: float = 4.0) -> np.ndarray:
    return constant * (m - 1)


def average(orders: Orders, w: Places, factor: Callable[[np.ndarray], np.ndarray] = cubic) -> Sides:
    """The moving average where it is farthest, by the sizes, from the whole gradient. factor: of m."""

    def of(name: str, beta: float) -> np.ndarray:
        def each(s: Dataset, sizes: np.ndarray) -> np.ndarray:
            shares = deviations(s, orders(s, parts(s)[name], sizes))
            return np.asarray(lfilter([1 - beta], [1, -beta], shares, axis=0))

        return w.lab.once(("averages", orders, name, beta), lambda: combined(w, each))

    return {
        f"{name}, β = {beta}": (
            w.dual(of(name, beta)),
            (1 - beta) * factor(batches(w, name)) * reach(w) + 0 * w.at.ratio,
        )
        for name in PARTS
        for beta in MOMENTA
    }


def claim(name: str, where: str, title: str, statement: str, quantity: Lemma, *false: Twin):
    return KIM_2026.claim(
        name,
        where,
        title,
        statement,
        read=Read.PAPER if where == "B.10" else Read.DERIVED,
        kind=Bound(lambda m: m.larger_side, "the stated bound"),
        problem=strategies.multiclass,
        optimizer_text="none: the lemma is about any weights",
        loss="cross_entropy",
        norm=tuple(RADIUS),
        quantity=quantity,
        twins=false,
        share=1 / 8,
    )


def of_batch(orders: Orders = reshuffled, **wrong: float) -> Lemma:
    return Lemma("ψ*(∇L_B - ∇L)/G", partial(batch, orders, **wrong), OneWrong(), tuple(RADIUS))


def of_average(factor: Callable[[np.ndarray], np.ndarray], orders: Orders = reshuffled) -> Lemma:
    return Lemma("ψ*(E_t)/G", partial(average, orders, factor=factor), OneWrong(), tuple(RADIUS))


HALF = partial(linear, constant=2.0)

CLAIMS = (
    claim(
        "batch-gradient",
        "B.10",
        "A mini-batch's gradient is at most 2 (m - 1) R G from the whole one",
        "For any norm ψ, weights and batch of n/m points without replacement, ψ*(∇L_B - ∇L) ≤ 2 (m - 1) R G.",
        of_batch(),
        Twin("half of the constant", quantity=of_batch(scale=0.5), shrink=False),
        Twin("with replacement", quantity=of_batch(with_replacement), shrink=False),
    ),
    claim(
        "momentum-error",
        "B.10",
        "Reshuffled gradients' moving average is at most (1 - β) m (m² - 1) R G from the gradient",
        "For any norm ψ, weights, momentum β and order of m batches an epoch, ψ*(E_t) ≤ (1 - β) m (m² - 1) R G.",
        of_average(cubic),
        Twin("2 (m - 1) in place of m (m² - 1)", quantity=of_average(HALF), shrink=False),
        Twin("with replacement", quantity=of_average(cubic, with_replacement), shrink=False),
    ),
    claim(
        "momentum-error-linear",
        "after B.10",
        "Reshuffled gradients' moving average is at most 4 (1 - β) (m - 1) R G from the gradient",
        "For any norm ψ, weights, momentum β and order of m batches an epoch, ψ*(E_t) ≤ 4 (1 - β) (m - 1) R G.",
        of_average(linear),
        Twin("half of the constant", quantity=of_average(HALF), shrink=False),
        Twin("with replacement", quantity=of_average(linear, with_replacement), shrink=False),
    ),
)
