"""What full-batch Adam minimises: its bias, which penalises the gradient's perturbed one-norm or its opposite.

Setting: one loss E, `‖v‖_{1,ε} = Σ √(v_j² + ε)`.
Algorithm: Adam with ε inside the root after bias correction.
Claim: Adam stays within C h² of `θ' = -(∇E + bias)/√((∇E)² + ε)`, even though its first steps' other weights are
left out, with
`bias_j = h/2 {(1+β)/(1-β) - (1+ρ)/(1-ρ) + (1+ρ)/(1-ρ) ε/((∂_j E)²+ε)} ∂_j‖∇E‖_{1,ε}`. For small ε this is
`h/2 {(1+β)/(1-β) - (1+ρ)/(1-ρ)} ∂_j‖∇E‖₁`, for large ε `h/(4√ε) (1+β)/(1-β) ∂_j‖∇E‖²`. So for small ε the one-norm is
penalised where β ≥ ρ and its opposite where ρ > β, for large ε the two-norm always; and for β = ρ and ε → 0 there is no
bias. For small ε gradients must keep away from zero along the run. With ε outside the root the same holds with
`|∂_j E| + ε` for the root and for `(∂_j E)² + ε`, and the norm is the sum of `|v_j| - ε log(1 + |v_j|/ε)`.
Reference: Cattaneo, Klusowski, Shigida (2024), equations (2.2) and (2.3) and Table 1; the limits' formulas and the bias
with ε outside the root are derived.
"""

from functools import partial

from hypothesis import strategies as st

from properties.papers import CATTANEO_2024
from verify import Claim, Order, Promise, Read, Separation, Twin
from verify.problems.backward.bias import BiasLimit, Penalty, table
from verify.problems.backward.distances import FullBatchEquation
from verify.problems.backward.settings import FULL_BATCH, AdamSetting, settings

full_batch = partial(settings, orders=((0,),), decays=FULL_BATCH)
early = partial(full_batch, eps=(1e-12,), time=(0.1, 0.2))  # ε far below squared gradients
late = partial(full_batch, eps=(1e8,), time=(500.0, 1000.0))  # far above; steps are then as small as 1/√ε
EQUAL = st.integers(4, 17).map(lambda i: (i / 20, i / 20))
SMALL, LARGE, NONE = (1.0, 1.0, 1.0, 0.0), (1.0, 1.0, 0.0, 0.0), (0.0, 1.0, 1.0, 1.0)
AWAY = partial(FullBatchEquation, least=0.1)  # from zero, for gradients of size 1
PENALTY = partial(Penalty, least=0.1)
DIGITS = AdamSetting(loss="digits", beta=0.8, rho=0.6, eps=0.01, time=0.3, name="digits")


def both_regimes() -> st.SearchStrategy[AdamSetting]:
    # A third each: of the pairs together a third has β > ρ, so that one case in six would tell of small ε there.
    longer = FULL_BATCH.filter(lambda decays: decays[0] > decays[1])  # a row of the table
    shorter = FULL_BATCH.filter(lambda decays: decays[0] < decays[1])  # its other row
    return st.one_of(early("bilinear", decays=longer), early("bilinear", decays=shorter), late("bilinear"))


def false(wrong: str, quantity: FullBatchEquation | BiasLimit | Penalty) -> Twin:
    return Twin(wrong, quantity=quantity, shrink=False)


derived = partial(
    CATTANEO_2024.claim,
    read=Read.DERIVED,
    optimizer_text="full-batch Adam with drawn β, ρ and ε, inside the root",
    norm="linf",
)
followed = partial(derived, promise=Promise.UPPER, kind=Order(1.85, 2.15))


def bias(loss: str, **changes) -> Claim:
    return followed(
        f"bias-{loss}",
        "equations (2.2) and (2.3)",
        f"Full-batch Adam follows its bias, {loss.replace('-', ' ')}",
        "Over a fixed time full-batch Adam stays within C h² of θ' = -(∇E + bias)/√((∇E)² + ε).",
        problem=partial(full_batch, loss, time=(0.25, 0.5)),
        quantity=FullBatchEquation(),
        twins=(
            false("the bias' sign flipped", FullBatchEquation((-1.0, 1.0, 1.0, 1.0))),
            false("β and ρ exchanged", FullBatchEquation(swapped=True)),
            false("without the term of ε", FullBatchEquation(SMALL)),
            false("h for h/2", FullBatchEquation((2.0, 1.0, 1.0, 1.0))),
        ),
        share=1 / 8,
        **changes,
    )


def outside(loss: str, **changes) -> Claim:
    of = partial(FullBatchEquation, outside=True)
    return followed(
        f"bias-outside-{loss}",
        "after equations (2.2) and (2.3), ε outside the root",
        f"Full-batch Adam with ε outside the root follows its bias, {loss.replace('-', ' ')}",
        "With ε outside the root Adam stays within C h² of θ' = -(∇E + bias)/(|∇E| + ε), the bias with |∂_j E| + ε.",
        problem=partial(full_batch, loss, time=(0.25, 0.5)),
        quantity=of(),
        twins=(
            false("the bias' sign flipped", of((-1.0, 1.0, 1.0, 1.0))),
            false("β and ρ exchanged", of(swapped=True)),
            false("without the term of ε", of(SMALL)),
            false("ε inside the root of the equation", of(moved=True)),
        ),
        share=1 / 8,
        **changes,
    )


SMALL_EPS = followed(
    "small-eps",
    "Table 1, small ε",
    "With small ε Adam follows E + h/2 {(1+β)/(1-β) - (1+ρ)/(1-ρ)} ‖∇E‖₁",
    "With small ε Adam stays within C h² of the equation whose bias is that limit's.",
    problem=partial(early, "bilinear"),
    quantity=AWAY(SMALL),
    twins=(
        false("the bias' sign flipped", AWAY((-1.0, 1.0, 1.0, 0.0))),
        false("the bias for large ε", AWAY(LARGE)),
        false("no bias", AWAY(NONE)),
    ),
    share=1 / 4,
)
LARGE_EPS = followed(
    "large-eps",
    "Table 1, large ε",
    "With large ε Adam follows E + h/(4√ε) (1+β)/(1-β) ‖∇E‖²",
    "With large ε Adam stays within C h² of the equation whose bias is that limit's.",
    problem=partial(late, "bilinear"),
    quantity=FullBatchEquation(LARGE),
    twins=(
        false("the bias' sign flipped", FullBatchEquation((-1.0, 1.0, 0.0, 0.0))),
        false("the bias for small ε", FullBatchEquation(SMALL)),
        false("no bias", FullBatchEquation(NONE)),
    ),
    share=1 / 4,
)
NO_BIAS = followed(
    "no-bias",
    "Table 1, β = ρ",
    "With β = ρ and ε → 0 there is no bias",
    "For β = ρ and small ε Adam stays within C h² of the sign flow itself.",
    problem=partial(early, "bilinear", decays=EQUAL),
    quantity=AWAY(NONE),
    twins=(false("ρ larger than β", AWAY(NONE, other=True)),),
    share=1 / 4,
)
SMALL_LIMIT = derived(
    "bias-limit-small",
    "Table 1, the limit of small ε",
    "The bias for small ε",
    "As ε falls, bias/h tends to ½ {(1+β)/(1-β) - (1+ρ)/(1-ρ)} H sign(∇E), like ε/min (∂_j E)².",
    kind=Order(0.95, 1.05, variable="ε"),
    problem=partial(full_batch, "tanh"),
    quantity=BiasLimit(large=False, first=1.0, second=1.0),
    twins=(
        false("(1+β)/(1-β) alone", BiasLimit(large=False, first=1.0, second=0.0)),
        false("β and ρ exchanged", BiasLimit(large=False, first=-1.0, second=-1.0)),
    ),
    share=1 / 8,
)
LARGE_LIMIT = derived(
    "bias-limit-large",
    "Table 1, the limit of large ε",
    "The bias for large ε",
    "As ε grows, bias/h tends to (1+β)/(1-β)/(4√ε) ∇‖∇E‖², like max (∂_j E)²/ε.",
    kind=Order(0.95, 1.05, variable="1/ε"),
    problem=partial(full_batch, "tanh"),
    quantity=BiasLimit(large=True, first=1.0, second=0.0),
    twins=(
        false("with (1+ρ)/(1-ρ) as well", BiasLimit(large=True, first=1.0, second=1.0)),
        false("2√ε for 4√ε", BiasLimit(large=True, first=2.0, second=0.0)),
    ),
    share=1 / 8,
)
PENALISED = derived(
    "penalty",
    "Table 1",
    "Small ε: the one-norm is penalised for β ≥ ρ and its opposite for ρ > β; large ε: the two-norm",
    "After a fixed time Adam's perturbed one-norm of ∇E is below that of the equation without bias, or above it "
    "where ρ > β and ε is small.",
    kind=Separation(0.0, "(‖∇E‖_{1,ε} with bias / without - 1) / h ≤ 0, signs turned as the table says"),
    problem=both_regimes,
    norm=None,
    quantity=PENALTY(table),
    twins=(
        false("small ε penalises the one-norm for ρ > β too", PENALTY(lambda first, large: 1)),
        false("large ε penalises the opposite for ρ > β", PENALTY(lambda first, large: table(first, False))),
        false("small ε penalises the opposite for β ≥ ρ", PENALTY(lambda first, large: 1 if large else -1)),
    ),
    share=1 / 2,
)

CLAIMS = (
    bias("bilinear"),
    bias("least-squares"),
    bias("logistic", real=(DIGITS,)),
    bias("tanh"),
    outside("bilinear"),
    outside("least-squares"),
    outside("logistic", real=(DIGITS,)),
    outside("tanh"),
    SMALL_EPS,
    LARGE_EPS,
    NO_BIAS,
    SMALL_LIMIT,
    LARGE_LIMIT,
    PENALISED,
)
