"""Whether the limits of SignGD's direction on networks are KKT points of the L-infinity margin.

Setting: a network that is homogeneous and smooth (two layers of squared ReLU, twelve neurons), separable binary data of
three or four points in the plane, mean exponential loss, steps `0.05 (t+1)^-0.7`.
Algorithm: `θ ← θ - η_t sign ∇L(θ)`, in place of the sign flow.
Claim: conjectured: where the direction settles its limit is that of a KKT point of
`min ½‖θ‖∞²  s.t.  y_i f(θ, x_i) ≥ 1`, so that the KKT gap, `solvers.kkt_gap`, tends to 0. One that levels off above a
fifth, there and at ten times the horizon, refutes it. Runs are left out that do not separate the data, or whose
direction still turns by a fifth in the last decade of steps.
Reference: asked after Tsilivis, Gronich, Kempe, Vardi (2024), who prove KKT points for norms that are smooth enough
(Corollary 3.8.1), and of the sign flow what they call generalised ones.
"""

from properties.gronich2026.test_networks import NETWORK, points
from properties.papers import TSILIVIS_2024
from verify import Dataset, Limit, laws
from verify.claims.question import question
from verify.optimizers import PowerDecay, sign_gd
from verify.problems.networks.trained import TrainedKKT


def belongs(dataset: Dataset) -> bool:
    """Of three or four points in the plane, no longer than 4 and no shorter than a quarter, on which a run can end."""
    lengths = (dataset.x**2).sum(axis=1) ** 0.5
    return dataset.d == 2 and 3 <= dataset.n <= 4 and bool(((lengths >= 0.25) & (lengths <= 4)).all())


QUESTIONS = (
    question(
        "sign-flow-kkt",
        "Are the limits of SignGD's direction on networks KKT points of the L-infinity margin?",
        "SignGD on a squared-ReLU network: where the direction settles the KKT gap in L-infinity tends to 0.",
        paper=TSILIVIS_2024,
        where="Theorem 3.8 and Corollary 3.8.1",
        refuted="no: the direction settles elsewhere",
        kind=Limit(0.2, laws.power(0.3)),
        problem=points,
        optimizer=sign_gd(PowerDecay(0.05, 0.7)),
        optimizer_text="SignGD, η = 0.05 (t+1)^-0.7",
        loss="exponential",
        model=NETWORK,
        quantity=TrainedKKT("linf"),
        admits=belongs,
        steps=6_000,
    ),
)
