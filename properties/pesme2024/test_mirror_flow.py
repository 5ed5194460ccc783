"""Mirror flow goes to the maximal margin of the shape that its potential has at infinity.

Setting: separable binary data, mean logistic loss L, zero initial weights.
Object: the flow `d∇ψ(w)/dt = -∇L(w)` for the hyperbolic entropy `Σ w_j arcsinh(w_j) - √(w_j² + 1)` and `Σ cosh w_j`;
gradient flow of the diagonal linear network `w = u² - v²` from `u = v = ½`, which is that of a hyperbolic entropy.
Claim: the relative gap to the maximal margin tends to 0, in the norm whose ball the scaled sets of ψ tend to: L1 for
the entropy and the network, L-infinity for the cosines.
Reference: Pesme, Dragomir, Flammarion (2024), Theorem 2, read in a secondary source; it has no rate. That the network
is an entropy's flow is derived: `u_j v_j` stays 1/4, so that `dw_j/dt = -4 √(w_j² + 1/4) (∇L)_j`.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import PESME_2024
from verify import Claim, Dataset, Limit, Read, Twin, laws, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.mirror_flows import COSH, MirrorGap, Potential, diagonal_network, hyperbolic_entropy


@st.composite
def single(draw: st.DrawFn) -> Dataset:
    """One point with a smaller and a larger entry, on which all three norms have maximisers that are far apart."""
    x = np.array([draw(st.sampled_from([(2, 5), (3, 7), (4, 9), (5, 12)]))], float)
    return scaled_to_unit_rows(Dataset(x, np.ones(1, int), "single"))


def problem() -> st.SearchStrategy[Dataset]:
    drawn = strategies.binary(unit_rows=True, max_points=3, max_features=3, flavours=["integers", "gaussian"])
    return st.one_of(drawn, single())


def claim(name: str, potential: Potential, norm: str, end: float, *wrong: str, read: Read = Read.SECONDARY) -> Claim:
    shown = {"l1": "L1", "l2": "L2", "linf": "L-infinity"}
    return PESME_2024.claim(
        name,
        "Theorem 2",
        f"Mirror flow of the {potential.name}: the {shown[norm]} margin tends to the maximal one",
        f"The flow of the {potential.name} from zero: the {shown[norm]} margin's relative gap tends to 0.",
        read=read,
        kind=Limit(0.05, laws.inverse_log()),
        problem=problem,
        optimizer_text=f"flow of the {potential.name} in log time",
        loss="logistic",
        norm=norm,
        quantity=MirrorGap(potential, norm, end),
        twins=tuple(Twin(f"{shown[n]} for {shown[norm]}", quantity=MirrorGap(potential, n, end)) for n in wrong),
        real=("iris:0-vs-rest",),
        share=1 / 5,
    )


CLAIMS = (
    claim("hyperbolic-entropy", hyperbolic_entropy(1.0), "l1", 1e5, "l2", "linf"),
    claim("diagonal-network", diagonal_network(0.5), "l1", 1e4, "l2", "linf"),
    claim("cosh", COSH, "linf", 200.0, "l2", "l1"),
)
