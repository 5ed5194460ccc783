"""Of several classes too, and of ReLU where its pattern settles, gradient descent on networks tends to KKT points.

Setting: a network that is homogeneous of degree L in its parameters θ, data that it separates. Either two layers of
squared ReLU (L = 3) with an output for each of k classes, mean cross-entropy, margins `f_y - f_c` against every wrong
class c; or two layers of ReLU (L = 2), labels ±1, mean exponential loss.
Algorithm: gradient descent, steps `η_t / ‖∇L‖` with `η_t = 0.3 (t+1)^-0.7`.
Claim: every limit point of `θ/‖θ‖` is along a KKT point of `min ½‖θ‖²  s.t.  f_y(θ, x_i) - f_c(θ, x_i) ≥ 1` for all i
and c ≠ y_i. What is measured is the KKT gap, `solvers.kkt_gap`. ReLU is not differentiable where a neuron's input is
zero, and KKT points are then those of Clarke's subdifferential; where the signs of all neurons' inputs settle the
network is a polynomial around the run's end, and the KKT gap is that of its gradients.
Assumptions: runs are left out, and counted, that do not separate the data, whose direction still turns by a fifth in
the last decade of steps, or, of ReLU, in which the sign of a neuron's input changed in it. On three points of any
labels that was seen of every second run: neurons slide along the edge of a point that they would get wrong. So two
thirds of the data have points of other labels more than 90 degrees apart.
Reference: Lyu, Li (2020), Theorem 4.4 and the appendix on several classes, as commonly stated.
"""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from properties.gronich2026.test_networks import ALL, NETWORK, points
from properties.papers import LYU_2020
from verify import Dataset, Limit, Read, Twin, laws
from verify.models import two_layer
from verify.optimizers import PowerDecay, steepest_descent
from verify.problems.laboratory import Laboratory
from verify.problems.networks.trained import TrainedKKT
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject

RELU = two_layer(12, "relu", scale=0.1)
GD = steepest_descent(PowerDecay(0.3, 0.7), ALL)


@st.composite
def three_classes(draw) -> Dataset:
    """Three points on the unit circle, 60 degrees apart at least, each of another class."""
    binary = draw(points())
    return Dataset(binary.x, np.array(draw(st.permutations(range(3)))), name="circle")


@st.composite
def obtuse(draw) -> Dataset:
    """Three points on the unit circle of which the third has another label, more than 90 degrees from both others."""
    first, second = draw(st.integers(4, 8)), draw(st.integers(7, 9))
    angles = np.pi / 12 * (draw(st.integers(0, 23)) + np.array([0, first, first + second]))
    y = draw(st.sampled_from([1, -1])) * np.array([1, 1, -1])
    return Dataset(np.stack([np.cos(angles), np.sin(angles)], axis=1), y, name="obtuse")


@dataclass(frozen=True)
class SettledKKT(TrainedKKT):
    """The KKT gap of runs of a two-layer network in which no neuron's input changed its sign in the last decade."""

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Other runs are left out, and the notes count them."""
        m, run = super().measure(subject, lab), self.run(subject, lab)
        assert run.weights_at is not None
        late = run.time >= run.time[-1] / 10
        active = [
            s.x @ np.swapaxes(w["first"][late], 1, 2) > 0 for s, w in zip(lab.datasets, run.weights_at, strict=True)
        ]
        settled = np.array([bool((each == each[-1]).all()) for each in active])
        notes = m.notes
        if count := int(np.count_nonzero(m.judged & ~settled)):
            notes = (*notes, f"runs left out, in which a neuron's input changed its sign in the last decade: {count}")
        return replace(m, judged=m.judged & settled, notes=notes)


def claim(name: str, what: str, quantity: type[TrainedKKT], *twins: Twin, **fields):
    return LYU_2020.claim(
        name,
        "Theorem 4.4, for steps",
        f"Gradient descent on {what} tends to a KKT point",
        f"Normalised gradient descent, steps t^-0.7, on {what}: where the direction settles the KKT gap tends to 0.",
        read=Read.STATED,
        kind=Limit(0.1, laws.power(0.3)),
        optimizer=GD,
        optimizer_text="gradient descent, η = 0.3 (t+1)^-0.7 / ‖∇L‖",
        quantity=quantity("l2"),
        twins=(
            Twin("the L-infinity norm's KKT points", quantity=quantity("linf"), shrink=False),
            Twin("the L1 norm's KKT points", quantity=quantity("l1"), shrink=False),
            *twins,
        ),
        share=1 / 8,
        horizon=-0.25,
        **fields,
    )


CLAIMS = (
    claim(
        "kkt-multiclass",
        "a squared-ReLU network of three classes",
        TrainedKKT,
        problem=three_classes,
        loss="cross_entropy",
        model=NETWORK,
    ),
    claim(
        "kkt-relu",
        "a ReLU network whose pattern settles",
        SettledKKT,
        problem=lambda: st.one_of(obtuse(), obtuse(), points()),
        loss="exponential",
        model=RELU,
    ),
)
