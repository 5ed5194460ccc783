"""With momentum and falling steps, networks in steps tend to KKT points of the margin in the method's own norm.

Setting: a network that is homogeneous of degree L in its parameters and smooth (two layers of squared ReLU, L = 3),
separable binary data, mean exponential loss; steps `η_t` of infinite sum that are `o(t^(1/L-1))`: here `t^-0.7`, and
`t^-0.8` of Adam.
Algorithm: steepest descent along a moving average of the gradients, without stability constants: MomentumGD in the L2
norm of all parameters, Signum in L-infinity, Muon in the larger of the spectral norm of the matrix and the L2 norm of
the last layer, Muon-Signum with its L-infinity norm in place of that; and Adam without ε, which follows L-infinity.
Claim: where the direction converges, with a positive margin, its limit is that of a KKT point of
`min ½‖θ‖²  s.t.  y_i f(θ, x_i) ≥ 1` in that norm. What is measured is the KKT gap, `solvers.kkt_gap`.
Assumptions: that the direction converges is assumed in the theorems too, and measured first: runs are left out, and
counted, that do not separate the data or whose direction still turns by a fifth in the last decade of steps.
Tried: twelve neurons with small start parameters, and three points on the unit circle. The entry-wise norms are told
apart from the method's own; norms of layers that differ in the last layer alone mostly are not, on so few neurons.
Muon-Adam, which the paper treats too, is left out: with four neurons, on eight datasets of up to four points, its
direction still turned on two after 20 000 steps, one was not separated, and on four the gap stood above 0.1.
Reference: Gronich, Vardi (2026), as commonly stated; Theorem 3.2 is on steepest descent without momentum, Corollary 3.4
on layers with the same step size, whose norm is the largest of theirs.
"""

from collections.abc import Callable

import numpy as np
import optax
from hypothesis import strategies as st

from properties.papers import GRONICH_2026
from solvers import Layered
from verify import Claim, Dataset, Limit, Read, Twin, laws
from verify.models import two_layer
from verify.optimizers import PowerDecay, adam, steepest_descent
from verify.problems.networks.trained import TrainedKKT

B1 = 0.9
NETWORK = two_layer(12, scale=0.1)
ALL, MUON, HYBRID = Layered("l2", combine="l2"), Layered("spectral"), Layered("spectral", "linf")
Spec = str | Layered
Method = Callable[[PowerDecay], optax.GradientTransformation]


@st.composite
def points(draw) -> Dataset:
    """Three points on the unit circle, 60 degrees apart at least, with any labels: all runs share one program."""
    gaps = draw(st.lists(st.integers(4, 10), min_size=2, max_size=2))
    angles = np.pi / 12 * (draw(st.integers(0, 23)) + np.array([0, gaps[0], gaps[0] + gaps[1]]))
    labels = draw(st.lists(st.sampled_from([1, -1]), min_size=3, max_size=3))
    return Dataset(np.stack([np.cos(angles), np.sin(angles)], axis=1), np.array(labels), name="circle")


def claim(name: str, what: str, eta0: float, method: Method, norm: Spec, *others: str, a: float = 0.7) -> Claim:
    return GRONICH_2026.claim(
        f"{name}-network",
        "on Adam" if name == "adam" else "on momentum steepest descent",
        f"{what} on a network tends to KKT points of the margin in {norm}",
        f"{what}, steps t^-{a}, on a squared-ReLU network: where the direction settles the KKT gap in {norm} "
        "tends to 0.",
        read=Read.STATED,
        kind=Limit(0.1, laws.power(0.3)),  # what the start leaves behind fades like 1/‖θ‖
        problem=points,
        optimizer=method(PowerDecay(eta0, a)),
        optimizer_text=f"{what}, β = 0.9, η = {eta0:g} (t+1)^-{a}",
        loss="exponential",
        model=NETWORK,
        quantity=TrainedKKT(norm),
        twins=tuple(
            Twin(f"the {other} norm's KKT points", quantity=TrainedKKT(other), shrink=False) for other in others
        ),
        share=1 / 8,
        horizon=0.0 if name == "signum" else -0.25,  # the gap in L-infinity is the last to fall
    )


def momentum(norm: Spec) -> Method:
    return lambda steps: steepest_descent(steps, norm, b1=B1)


CLAIMS = (
    claim("momentum-gd", "MomentumGD", 0.3, momentum(ALL), "l2", "linf"),
    claim("signum", "Signum", 0.05, momentum("linf"), "linf", "l1", "l2"),
    # Its second moments underflow where the path is long: steps fall faster, so that a longer horizon adds less to it.
    claim("adam", "Adam without ε, β₂ = 0.95,", 0.1, lambda steps: adam(steps, B1, 0.95), "linf", "l1", "l2", a=0.8),
    claim("muon", "Muon with the exact polar factor", 0.2, momentum(MUON), MUON, "l1"),
    claim("muon-signum", "Muon-Signum", 0.1, momentum(HYBRID), HYBRID, "l1", "l2"),
)
