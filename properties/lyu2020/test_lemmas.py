"""Why the smoothed margin never falls: inequalities at any parameters that separate the data.

Setting: a network of degree D in its parameters θ (two layers of squared ReLU, D = 3; three layers, D = 7), binary
data, the sum `L = Σ e^{-q_i}` of exponential losses of the margins `q_i = y_i f(θ, x_i)`, below 1; ρ = ‖θ‖₂.
Object: no method, but any parameters: random ones that separate the data, and what some steps of descent make of them,
scaled to losses of about `e^-1` to `e^-100`.
Claim: along gradient flow `d log γ̃/dt ≥ D (d log ρ/dt)⁻¹ ‖d(θ/ρ)/dt‖²` for the smoothed margin `γ̃ = log(1/L)/ρ^D`; and
`log(1/L) / Π_l ‖w_l‖^{k_l}` does not fall either, where the network is homogeneous of degree `k_l` in the layer `w_l`.
Both rest on `Σ p_i q_i ≥ log(1/L)`, `p_i = e^{-q_i}/L`, and for n = 1 they are equalities.
Reference: Lyu, Li (2020), Lemma 5.1, and the margin of multi-homogeneous models in the appendix.
"""

from functools import partial

import numpy as np
from hypothesis import strategies as st

from properties.gronich2026.test_networks import points
from properties.papers import LYU_2020
from verify import Bound, Dataset, Promise, Read, Twin
from verify.models import three_layer, two_layer
from verify.problems.networks.lemmas import ModelLemma, Parameters, Sides

TWO, THREE = two_layer(8), three_layer(4)
DEGREES = {"first": 4, "inner": 2, "last": 1}  # of the three-layer network


def log_inverse(at: Parameters, mean: bool) -> np.ndarray:
    """`log 1/L`; false for the mean loss."""
    return at.log_inverse + (np.log(at.margins.shape[1]) if mean else 0.0)


def squared(v: np.ndarray) -> np.ndarray:
    return np.sum(v**2, axis=1)


def turning(at: Parameters, excess: float = 0.0, mean: bool = False) -> Sides:
    """`D (d log ρ/dt)⁻¹ ‖d(θ/ρ)/dt‖² + D d log ρ/dt ≤ d log log(1/L)/dt`, in a clock that runs with L."""
    flow, size = at.descent, squared(at.flat)
    growth = np.sum(flow * at.flat, axis=1) / size
    turn = (squared(flow) - growth**2 * size) / size
    rise = squared(flow) / log_inverse(at, mean)
    return {"": (at.degree / growth * turn + (at.degree + excess) * growth, rise)}


def layered(at: Parameters, degrees: dict[str, int], mean: bool = False) -> Sides:
    """`Σ k_l d log ‖w_l‖/dt ≤ d log log(1/L)/dt`."""
    flow, weights = at.layers(at.descent), at.layers(at.flat)
    grown = [k * np.sum(flow[name] * weights[name], axis=1) / squared(weights[name]) for name, k in degrees.items()]
    return {"": (np.sum(grown, axis=0), squared(at.descent) / log_inverse(at, mean))}


@st.composite
def ray(draw: st.DrawFn) -> Dataset:
    """Three points of one label in one direction: nearly all of the loss is the shortest one's."""
    angle = np.pi / 12 * draw(st.integers(0, 23))
    lengths = np.array([1.0, draw(st.integers(3, 5)) / 2, draw(st.integers(3, 5)) / 2])
    y = draw(st.sampled_from([1, -1])) * np.ones(3, int)
    return Dataset(lengths[:, None] * np.array([[np.cos(angle), np.sin(angle)]]), y, "ray")


claim = partial(
    LYU_2020.claim,
    promise=Promise.LOWER,
    kind=Bound(lambda m: m.larger_side, "d log log(1/L)/dt"),
    problem=points,
    optimizer_text="none: the lemma is about any parameters",
    loss="exponential",
    norm="l2",
    share=1 / 4,
)


def lemma(sides, model=TWO, **wrong) -> ModelLemma:
    return ModelLemma("growth of the norm and turning", partial(sides, **wrong), model)


def twin(wrong: str, quantity: ModelLemma) -> Twin:
    return Twin(wrong, quantity=quantity, shrink=False)


CLAIMS = (
    claim(
        "lemma-5.1",
        "Lemma 5.1",
        "The smoothed margin rises at least as fast as the direction turns",
        "At any θ with L < 1: d log γ̃/dt ≥ D (d log ρ/dt)⁻¹ ‖d(θ/ρ)/dt‖² along gradient flow.",
        read=Read.PAPER,
        quantity=lemma(turning),
        twins=(
            twin("the norm to the power D + 0.1", lemma(turning, excess=0.1)),
            twin("the mean loss for the sum", lemma(turning, mean=True)),
        ),
    ),
    claim(
        "multi-homogeneous",
        "on multi-homogeneous models",
        "The margin over the product of the layers' norms rises too",
        "At any θ with L < 1: log(1/L)/Π ‖w_l‖^{k_l} does not fall along gradient flow, k_l the degree in w_l.",
        read=Read.PAPER,
        problem=lambda: st.one_of(points(), ray()),
        quantity=lemma(layered, THREE, degrees=DEGREES),
        twins=(
            twin("the last layer counted twice", lemma(layered, THREE, degrees=DEGREES | {"last": 2})),
            twin("the mean loss for the sum", lemma(layered, THREE, degrees=DEGREES, mean=True)),
        ),
    ),
)
