"""Mini-batches cure Adam and AdamW of memorising noise, on the two-layer CNN, at the same horizon from the same start.

Setting: as in `test_cnn`, n samples in batches of B, drawn epoch by epoch without replacement.
Claims: with the whole data in each step the test error is at least ½ - o(1). With batches of B the training error is 0
too, and the test error o(1): for Adam if n/B is large beside its memory (Θ(log 1/ε) for constant β), for AdamW with a
decoupled λ from Ω̃(B²/n ∧ 1) to Õ(1) if n/B = ω(s σ_p ∨ n^½). A weight on noise is seen once in n/B steps, and decay
undoes in the others what that one did; the feature is seen in all of them. (Without any decay fewer neurons are turned
against the feature than with the full batch, and most starts still generalise; nor does a memoryless method need more
than n/B = 2, or α > 0 to fail with the full batch. Those are no false twins.)
Tried: Adam with β = (0, 0) and sign descent, n = 6, B = 2 (with n = 8 and these steps the full batch does not fail on
some starts); AdamW with n from 48 to 64, B = 2, s σ_p from 7 to 8, λ from 0.2 to 1, and β whose memory is short beside
an epoch: of 30 starts with n = 48, 1 was not cured with (0.9, 0.9), 11 with (0.9, 0.99), 16 with (0.9, 0.999). In the
settings of AdamW n > s σ_p, which `test_cnn` excludes: its weights rest in a box of size 1/λ, not at a stationary
point, and there the full batch fails all the same. AdamW has no objective whose gradient could be small: only errors
are claimed of it. Looked at: all T from 0.6/η to 3/η for the full batch, 3/η for batches.
Reference: Tang et al. (2025, arXiv 2510.11354), Theorem 4.2 (Adam), Theorems 4.4 and 4.5 (AdamW); orders as there.
"""

from dataclasses import replace

import optax
import pytest

from properties.papers import ZOU_2023
from verify import Claim, Separation, Twin
from verify.problems.cnn.runs import SIGN, STEPS, Way
from verify.problems.cnn.separation import SeparationShortfall
from verify.problems.cnn.settings import settings

HELD = Separation(
    1.0,
    "½ - o(1) ≤ test error of the full batch, that of mini-batches = o(1), training errors 0: over their tolerances",
)
FORGETFUL = Way("adam", (0.0, 0.0))
ADAMW = Way("adamw")
SHORT = ((0.5, 0.5), (0.0, 0.9), (0.0, 0.0))
"""Constants of AdamW whose memory is at most 10 steps, beside the 24 to 32 of an epoch."""


def claim(
    name: str, title: str, full: Way, problem, text: str, twins: dict, count: int = STEPS, share: float = 1 / 16
) -> Claim:
    quantity = SeparationShortfall(fails=full, learns=replace(full, batch=2), count=count)
    return Claim(
        id=f"zou2023/{name}",
        title=title,
        statement="Same start and horizon: training errors 0; test error ≥ ½ - o(1) with the full batch, o(1) with "
        "mini-batches.",
        source="Tang et al. 2025, Theorems 4.2, 4.4 and 4.5 (after Zou, Cao, Li, Gu 2023)",
        paper=ZOU_2023,
        kind=HELD,
        problem=problem,
        optimizer=optax.identity(),
        optimizer_text=text,
        loss="cross_entropy",
        norm="l2",
        quantity=quantity,
        twins=tuple(Twin(wrong, quantity=replace(quantity, **false), shrink=False) for wrong, false in twins.items()),
        share=share,
    )


CLAIMS = (
    claim(
        "minibatch-adam",
        "Mini-batches cure Adam of memorising, CNN",
        FORGETFUL,
        lambda: settings(n=(6,), betas=((0.0, 0.0),)),
        "Adam, β = (0, 0), full batch and B = 2",
        {
            "full batch and mini-batches exchanged": {
                "fails": replace(FORGETFUL, batch=2),
                "learns": FORGETFUL,
                "first": 2,
            },
            "a memory longer than an epoch": {"learns": Way("adam", (0.9, 0.99), 2), "first": 4},
            "the full batch twice": {"learns": FORGETFUL, "first": 2},
        },
    ),
    claim(
        "minibatch-sign",
        "Mini-batches cure sign descent of memorising, CNN",
        SIGN,
        lambda: settings(n=(6,)),
        "sign descent, full batch and B = 2",
        {
            "the full batch twice": {"learns": SIGN, "first": 2},
            "full batch and mini-batches exchanged": {"fails": replace(SIGN, batch=2), "learns": SIGN, "first": 2},
            "no feature noise (α = 0)": {"alpha": 0.0, "first": 2},
        },
    ),
    claim(
        "minibatch-adamw",
        "Mini-batches cure AdamW of memorising, CNN",
        ADAMW,
        lambda: settings(n=(48, 56, 64), alpha=(0.5, 0.6), strength=28.0, reach=0.0, betas=SHORT),
        "AdamW, β of short memory, λ from 0.2 to 1, full batch and B = 2",
        {
            "half of the data in a step": {"learns": replace(ADAMW, batch=24), "n": 48, "first": 2},
            "n/B < s σ_p": {"n": 8, "first": 2},
            "the full batch twice": {"learns": ADAMW, "first": 2},
            "no feature noise (α = 0)": {"alpha": 0.0, "first": 2},
        },
        count=300,
        share=1 / 32,
    ),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_minibatch(theorem, claim):
    theorem(claim)
