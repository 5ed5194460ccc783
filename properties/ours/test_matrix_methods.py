"""Shampoo with moving averages follows the spectral norm; nuclear descent on single points is normalised descent.

Setting: separable data with k classes, weights W [k, d] from zero, mean cross-entropy, decreasing steps; full batches
of Shampoo, else batches of one point, each once an epoch in a new random order.
Algorithm: Shampoo with averages in its preconditioners and without ε, `W ← W - η L^(-1/4) G R^(-1/4)`,
`L ← β L + (1 - β) G Gᵀ`, `R ← β R + (1 - β) Gᵀ G`; nuclear descent, `W ← W - η u vᵀ` with the leading singular vectors
of the gradient, and the same of its moving average (NucGD).
Claim: of Shampoo, which without averages is spectral descent, it is a conjecture, observed here: its spectral margin
tends to the maximal one. Derived of nuclear descent: the gradient of a single point is `(p - e_y) xᵀ`, of rank one, so
that without momentum steepest descent in the nuclear, L2 and spectral norm are the same method, step by step; with
momentum on m batches an epoch it keeps `γ - 4 (1 - β) (m - 1) B` of the maximal nuclear margin γ, by the bound of
`kim2026/momentum-margin-linear`, which holds in any norm; B is the largest spectral norm of a margin's gradient.
Reference: this program, 2026. Shampoo's conjecture comes from what `verify.identify` says of it, which is the spectral
norm; with sums of all gradients in place of averages it is another method, see `ours/shampoo-sums`.
"""

import functools
from dataclasses import dataclass
from functools import partial

import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import strategies as st

from properties.bernstein2024.test_shampoo import Sums, root
from properties.kim2026.test_reshuffled_margin import MODERATE, Shortfall, few, linear
from properties.ours.test_newton_schulz import METHODS, two_values
from properties.papers import OURS
from verify import Bound, Dataset, Limit, Promise, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay, descend
from verify.problems.laboratory import Laboratory
from verify.problems.margins import ensembles
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject, norm_of, run_of, varied

STEPS, LONG, MEMORY = PowerDecay(0.1, 1 / 2), PowerDecay(0.3, 1 / 2), 0.95
B1 = 0.998
QUINTIC = METHODS["muon"][1]


@functools.cache
def averaged_shampoo(step_size: PowerDecay) -> optax.GradientTransformation:
    """Shampoo with moving averages."""

    def init(params):
        k, d = params.shape
        return Sums(jnp.zeros((k, k)), jnp.zeros((d, d)))

    def update(updates, state, params=None):
        g = updates
        left, right = (MEMORY * a + (1 - MEMORY) * b for a, b in zip(state, (g @ g.T, g.T @ g), strict=True))
        return root(left) @ g @ root(right), Sums(left, right)

    return descend(optax.GradientTransformation(init, update), step_size)


def drawn() -> st.SearchStrategy[Dataset]:
    """Half of them are data on which the spectral norm's maximiser has no large L2 margin."""
    return st.one_of(
        two_values(QUINTIC),
        strategies.multiclass(max_points=6, max_features=3, flavours=MODERATE, gamma_bounds=(1.0, 4.0)),
    )


SHAMPOO = OURS.claim(
    "shampoo-averages",
    "on Shampoo with moving averages",
    "Shampoo with moving averages maximises the spectral margin",
    "Shampoo, averages of GGᵀ and GᵀG, no ε, steps t^-1/2: the spectral margin tends to the maximal one.",
    read=Read.OBSERVED,
    kind=Limit(0.1, laws.power(1 / 2)),
    problem=drawn,
    optimizer=averaged_shampoo(LONG),
    optimizer_text=f"Shampoo, averages with β = {MEMORY}, no ε, η = 0.3 (t+1)^-1/2",
    loss="cross_entropy",
    norm="spectral",
    twins=(Twin("the L2 margin", norm="l2", shrink=False),),
    horizon=-0.5,
    share=1 / 4,
)


@dataclass(frozen=True)
class Apart:
    """How far the runs of two optimizers on the same batches are apart, by their normalised margins over γ.

    other: the second one.
    """

    others: tuple[optax.GradientTransformation, ...]
    name: str = "difference of the normalised margins"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """In the claim's norm, at every recorded time."""
        norm, it = norm_of(subject), run_of(subject, sampled=True)
        runs = [ensembles.run(each, lab) for each in (it, *(varied(it, {"optimizer": other}) for other in self.others))]
        (_, log_time, one, notes), *rest = (ensembles.recorded(run, norm) for run in runs)
        apart = np.max([np.abs(one - two) for _, _, two, _ in rest], axis=0)
        references = lab.references(norm)
        gamma = np.array([r.lower for r in references])
        certified = np.array([r.certified for r in references])
        floor = np.zeros(len(gamma))
        return Measurement(log_time, apart / gamma[:, None], floor, certified, lab.datasets, gamma, notes)


def reshuffled(name: str, title: str, statement: str, *twins: Twin, **fields):
    return OURS.claim(
        name,
        "on reshuffled batches",
        title,
        statement,
        read=Read.DERIVED,
        loss="cross_entropy",
        norm="nuclear",
        sampling="reshuffled",
        batch=1,
        twins=twins,
        **fields,
    )


NUCLEAR = optimizers.nuclear_descent(STEPS)
CLAIMS = (
    SHAMPOO,
    reshuffled(
        "nuclear-single-points",
        "On single points nuclear, normalised and spectral descent are one method",
        "Steepest descent on single points, no momentum: in the nuclear, L2 and spectral norm it takes the same steps.",
        Twin("batches of two points", batch=2, shrink=False),
        Twin("SignGD", quantity=Apart((optimizers.sign_gd(STEPS),)), shrink=False),
        kind=Bound.constant(1e-6),
        problem=lambda: st.one_of(few(), two_values(QUINTIC)),  # of two classes all gradients have rank one
        promise=Promise.TIGHT,
        optimizer=NUCLEAR,
        optimizer_text="nuclear descent on single points, reshuffled, η = 0.1 (t+1)^-1/2",
        quantity=Apart((optimizers.normalised_gd(STEPS), optimizers.spectral_descent(STEPS))),
        share=1 / 8,
        horizon=-1.5,
    ),
    reshuffled(
        "nuclear-momentum",
        "NucGD with momentum on reshuffled batches keeps γ - 4 (1 - β) (m - 1) B",
        "NucGD with momentum, m reshuffled batches: if ρ = γ - 4 (1-β) (m-1) B > 0, liminf margin/‖W‖_* ≥ ρ.",
        Twin("no momentum", optimizer=NUCLEAR, shrink=False),
        kind=Limit(0.05, laws.power(1 / 4)),
        problem=few,
        optimizer=optimizers.steepest_descent(STEPS, "nuclear", b1=B1),
        optimizer_text=f"NucGD with β = {B1} on single points, reshuffled, η = 0.1 (t+1)^-1/2",
        quantity=Shortfall(partial(linear, B1)),
        share=1 / 4,
    ),
)
