"""What full-batch Adam minimises: its bias, which penalises the gradient's perturbed one-norm or its opposite.

Setting: one loss E, `‖v‖_{1,ε} = Σ √(v_j² + ε)`. Algorithm: Adam with ε inside the root after bias correction.
Claims: Adam stays within C h² of `θ' = -(∇E + bias)/√((∇E)² + ε)`, even though its first steps' other weights are
left out, with
`bias_j = h/2 {(1+β)/(1-β) - (1+ρ)/(1-ρ) + (1+ρ)/(1-ρ) ε/((∂_j E)²+ε)} ∂_j‖∇E‖_{1,ε}`. For small ε this is
`h/2 {(1+β)/(1-β) - (1+ρ)/(1-ρ)} ∂_j‖∇E‖₁`, for large ε `h/(4√ε) (1+β)/(1-β) ∂_j‖∇E‖²`. So for small ε the one-norm is
penalised where β ≥ ρ and its opposite where ρ > β, for large ε the two-norm always; and for β = ρ and ε → 0 there is no
bias. For small ε gradients must keep away from zero along the run.
Reference: Cattaneo, Klusowski, Shigida (2024), equations (2.2) and (2.3) and Table 1; the limits' formulas are derived.
"""

from functools import partial

import pytest
from hypothesis import strategies as st

from properties.papers import CATTANEO_2024
from verify import Claim, Order, Separation, Twin, optimizers
from verify.problems.backward.bias import BiasLimit, Penalty, table
from verify.problems.backward.distances import FullBatchEquation
from verify.problems.backward.settings import FULL_BATCH, AdamSetting, settings

SECOND = Order(1.85, 2.15)
full_batch = partial(settings, orders=((0,),), decays=FULL_BATCH)
early = partial(full_batch, eps=(1e-12,), time=(0.1, 0.2))  # ε far below squared gradients
late = partial(full_batch, eps=(1e8,), time=(500.0, 1000.0))  # far above; steps are then as small as 1/√ε
EQUAL = st.integers(4, 17).map(lambda i: (i / 20, i / 20))
SMALL, LARGE, NONE = (1.0, 1.0, 1.0, 0.0), (1.0, 1.0, 0.0, 0.0), (0.0, 1.0, 1.0, 1.0)
AWAY = 0.1  # from zero, for gradients of size 1
DIGITS = AdamSetting(loss="digits", beta=0.8, rho=0.6, eps=0.01, time=0.3, name="digits")


def both_regimes() -> st.SearchStrategy[AdamSetting]:
    return st.one_of(early("bilinear"), late("bilinear"))


def false(wrong: str, quantity, **changes) -> Twin:
    return Twin(wrong, quantity=quantity, shrink=False, **changes)


def claim(name: str, title: str, statement: str, problem, quantity, twins: tuple[Twin, ...], **changes) -> Claim:
    fields = {
        "id": f"cattaneo2024/{name}",
        "title": title,
        "statement": statement,
        "source": "Cattaneo, Klusowski, Shigida 2024, equations (2.2) and (2.3)",
        "paper": CATTANEO_2024,
        "kind": SECOND,
        "problem": problem,
        "optimizer": optimizers.adam(0.01, 0.6, 0.8, 0.1, eps_inside_root=True, bias_correction=True),
        "optimizer_text": "full-batch Adam with drawn β, ρ and ε, inside the root",
        "loss": "bilinear",
        "norm": "linf",
        "quantity": quantity,
        "twins": twins,
        "share": 1 / 8,
    }
    return Claim(**(fields | changes))


def bias(loss: str, **changes) -> Claim:
    return claim(
        f"bias-{loss}",
        f"Full-batch Adam follows its bias, {loss.replace('-', ' ')}",
        "Over a fixed time full-batch Adam stays within C h² of θ' = -(∇E + bias)/√((∇E)² + ε).",
        partial(full_batch, loss, time=(0.25, 0.5)),
        FullBatchEquation(),
        (
            false("the bias' sign flipped", FullBatchEquation((-1.0, 1.0, 1.0, 1.0))),
            false("β and ρ exchanged", FullBatchEquation(swapped=True)),
            false("without the term of ε", FullBatchEquation(SMALL)),
            false("h for h/2", FullBatchEquation((2.0, 1.0, 1.0, 1.0))),
        ),
        loss=loss,
        **changes,
    )


def regime(name: str, title: str, problem, wording, least: float, twins: dict[str, FullBatchEquation]) -> Claim:
    return claim(
        f"{name}-eps",
        title,
        f"With {name} ε Adam stays within C h² of the equation whose bias is that limit's.",
        problem,
        FullBatchEquation(wording, least=least),
        tuple(false(wrong, quantity) for wrong, quantity in twins.items()),
        source="Cattaneo, Klusowski, Shigida 2024, Table 1; the formula derived",
        share=1 / 4,
    )


def limit(name: str, large: bool, statement: str, quantity, twins: dict[str, BiasLimit]) -> Claim:
    return claim(
        f"bias-limit-{name}",
        f"The bias for {name} ε",
        statement,
        partial(full_batch, "tanh"),
        quantity,
        tuple(false(wrong, each) for wrong, each in twins.items()),
        kind=Order(0.95, 1.05, variable="1/ε" if large else "ε"),
        source="Cattaneo, Klusowski, Shigida 2024, Table 1; the formula derived",
        loss="tanh",
    )


CLAIMS = (
    bias("bilinear"),
    bias("least-squares"),
    bias("logistic", real=(DIGITS,)),
    bias("tanh"),
    regime(
        "small",
        "With small ε Adam follows E + h/2 {(1+β)/(1-β) - (1+ρ)/(1-ρ)} ‖∇E‖₁",
        partial(early, "bilinear"),
        SMALL,
        AWAY,
        {
            "the bias' sign flipped": FullBatchEquation((-1.0, 1.0, 1.0, 0.0), least=AWAY),
            "the bias for large ε": FullBatchEquation(LARGE, least=AWAY),
            "no bias": FullBatchEquation(NONE, least=AWAY),
        },
    ),
    regime(
        "large",
        "With large ε Adam follows E + h/(4√ε) (1+β)/(1-β) ‖∇E‖²",
        partial(late, "bilinear"),
        LARGE,
        0.0,
        {
            "the bias' sign flipped": FullBatchEquation((-1.0, 1.0, 0.0, 0.0)),
            "the bias for small ε": FullBatchEquation(SMALL),
            "no bias": FullBatchEquation(NONE),
        },
    ),
    claim(
        "no-bias",
        "With β = ρ and ε → 0 there is no bias",
        "For β = ρ and small ε Adam stays within C h² of the sign flow itself.",
        partial(early, "bilinear", decays=EQUAL),
        FullBatchEquation(NONE, least=AWAY),
        (false("ρ larger than β", FullBatchEquation(NONE, other=True, least=AWAY)),),
        source="Cattaneo, Klusowski, Shigida 2024, Table 1",
        share=1 / 4,
    ),
    limit(
        "small",
        False,
        "As ε falls, bias/h tends to ½ {(1+β)/(1-β) - (1+ρ)/(1-ρ)} H sign(∇E), like ε/min (∂_j E)².",
        BiasLimit(large=False, first=1.0, second=1.0),
        {"(1+β)/(1-β) alone": BiasLimit(False, 1.0, 0.0), "β and ρ exchanged": BiasLimit(False, -1.0, -1.0)},
    ),
    limit(
        "large",
        True,
        "As ε grows, bias/h tends to (1+β)/(1-β)/(4√ε) ∇‖∇E‖², like max (∂_j E)²/ε.",
        BiasLimit(large=True, first=1.0, second=0.0),
        {"with (1+ρ)/(1-ρ) as well": BiasLimit(True, 1.0, 1.0), "2√ε for 4√ε": BiasLimit(True, 2.0, 0.0)},
    ),
    claim(
        "penalty",
        "Small ε: the one-norm is penalised for β ≥ ρ and its opposite for ρ > β; large ε: the two-norm",
        "After a fixed time Adam's perturbed one-norm of ∇E is below that of the equation without bias, or above it "
        "where ρ > β and ε is small.",
        both_regimes,
        Penalty(table, AWAY),
        (
            false("small ε penalises the one-norm for ρ > β too", Penalty(lambda first, large: 1, AWAY)),
            false("large ε penalises the opposite for ρ > β", Penalty(lambda first, large: table(first, False), AWAY)),
            false("small ε penalises the opposite for β ≥ ρ", Penalty(lambda first, large: 1 if large else -1, AWAY)),
        ),
        kind=Separation(0.0, "(‖∇E‖_{1,ε} with bias / without - 1) / h ≤ 0, signs turned as the table says"),
        source="Cattaneo, Klusowski, Shigida 2024, Table 1",
        share=1 / 4,
    ),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_bias(theorem, claim):
    theorem(claim)
