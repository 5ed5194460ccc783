"""Which share of the maximal spectral margin Muon keeps on single points, with as much momentum as is usual.

Setting: separable data of n points in up to three classes, `‖x_i‖ ≤ 1`, mean cross-entropy, steps `(t+1)^-1/3`,
`W_0 = 0`; one point a step, in a new random order every epoch.
Algorithm: Muon with the exact polar factor, `W ← W - η U`, `M ← β M + (1 - β) G_i`, U the polar factor of M, β = 0.95.
Claim: conjectured: nine tenths of the maximal spectral margin γ are kept in the end; on drawn data all of it is, it
seems (`ours/muon-single-points`). Proved is `γ - 4 (1 - β) (n - 1) B`, B the largest nuclear norm of a margin's
gradient (`ours/muon-reshuffled`), which is no more than zero on most data; without momentum nothing is kept on some.
What is measured is the gap less its fall over the last decade of steps.
Reference: asked after Kim, Song, Yun (2026), Corollary B.12.
"""

from properties.kim2026.test_reshuffled_margin import MODERATE
from properties.open.test_soap import LevelGap, belongs
from properties.papers import KIM_2026
from verify import optimizers, strategies
from verify.claims.kinds import Separation
from verify.claims.question import question
from verify.datasets.dataset import scaled_to_unit_rows
from verify.optimizers import PowerDecay

B1, LOST = 0.95, 0.1

QUESTIONS = (
    question(
        "muon-single-points",
        "Does Muon with β = 0.95 on reshuffled single points keep nine tenths of the maximal spectral margin?",
        "Muon with β = 0.95 on reshuffled single points: nine tenths of the maximal spectral margin are kept.",
        paper=KIM_2026,
        where="Corollary B.12",
        refuted="no: on some data it keeps less",
        known="γ - 4 (1 - β) (n - 1) B are kept, by ours/muon-reshuffled.",
        kind=Separation(LOST, "the gap, less its fall in a decade, ends below 0.1"),
        problem=lambda: strategies.multiclass(max_classes=3, max_points=5, max_features=3, flavours=MODERATE),
        optimizer=optimizers.spectral_descent(PowerDecay(1.0, 1 / 3), b1=B1),
        optimizer_text="Muon with β = 0.95 on single points, reshuffled, η = (t+1)^-1/3",
        loss="cross_entropy",
        norm="spectral",
        sampling="reshuffled",
        batch=1,
        quantity=LevelGap(),
        prepare=scaled_to_unit_rows,
        admits=belongs,
        steps=4_000,
    ),
)
