"""Mirror descent with a power of a p-norm maximises the margin in that norm.

Setting: separable binary data, mean logistic loss L, zero initial weights.
Object: the flow `d∇ψ(w)/dt = -∇L(w)` with `ψ = ‖w‖_p^p / p`, p of 1.5 and 3, in place of small steps.
Claim: the normalised margin in the p-norm tends to the maximal one.
Reference: Sun, Ahn, Thrampoulidis, Azizan (2022), read in a secondary source, of mirror descent with small steps and
the exponential loss.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import SUN_2022
from verify import Claim, Dataset, Limit, Read, Twin, laws, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.mirror_flows import MirrorGap, power


@st.composite
def uneven(draw: st.DrawFn) -> Dataset:
    """One point with a small and a large entry, on which the norms have maximisers that are far apart."""
    x = np.array([[draw(st.integers(2, 3)), draw(st.integers(7, 10))]], float)
    return scaled_to_unit_rows(Dataset(x, np.ones(1, int), "uneven"))


def problem() -> st.SearchStrategy[Dataset]:
    drawn = strategies.binary(unit_rows=True, max_points=3, max_features=3, flavours=["gaussian"])
    return st.one_of(drawn, uneven())


def claim(p: float, other: float) -> Claim:
    def gap(norm: float) -> MirrorGap:
        return MirrorGap(power(p), f"l{norm:g}", 1e3)

    return SUN_2022.claim(
        f"limit-{p:g}",
        "limit",
        f"Mirror descent with ‖w‖_{p:g}^{p:g} maximises the l{p:g} margin",
        f"The mirror flow of ‖w‖_{p:g}^{p:g}/{p:g}: the l{p:g} margin's relative gap tends to 0.",
        read=Read.SECONDARY,
        kind=Limit(0.01, laws.inverse_log()),
        problem=problem,
        optimizer_text=f"mirror flow of ‖w‖_{p:g}^{p:g}/{p:g} in log time",
        loss="logistic",
        norm=f"l{p:g}",
        quantity=gap(p),
        twins=(
            Twin(f"the l{other:g} margin", quantity=gap(other), shrink=False),
            Twin("the L2 margin", quantity=gap(2.0), shrink=False),
        ),
        real=("iris:0-vs-rest",),
        share=1 / 5,
    )


CLAIMS = claim(1.5, 3.0), claim(3.0, 1.5)
