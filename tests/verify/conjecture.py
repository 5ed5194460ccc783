"""The text of a conjecture file, true or false, for the tests of the plugin and of the command line."""

TEXT = """
from verify import Claim, Limit, Twin, laws, strategies
from verify.claims import Paper
from verify.optimizers import PowerDecay, sign_gd

CLAIM = Claim(
    id="conjectures/{name}",
    title="SignGD's {norm} margin",
    statement="SignGD maximises the {norm} margin.",
    source="conjecture",
    paper=Paper("conjectures", "nobody", "notes", 2025),
    kind=Limit(0.05, laws.power(1 / 2)),
    problem=lambda: strategies.binary(max_points=2, max_features=3, flavours=["integers"]),
    optimizer=sign_gd(PowerDecay(1.0, 0.5)),
    optimizer_text="SignGD, steps t^-1/2",
    loss="exponential",
    norm="{norm}",
    twins=({twins}),
    real=({real}),
)


def test_conjecture(theorem):
    theorem(CLAIM)
"""


def text(name: str, norm: str, twins: str, real: str = "") -> str:
    return TEXT.format(name=name, norm=norm, twins=twins, real=real)


TRUE = text("true", "linf", 'Twin("L2 for L-infinity", norm="l2"),')
FALSE = text("false", "l2", 'Twin("L1 for L2", norm="l1"),')
NO_TWIN = text("no-twin", "linf", "")
TRUE_TWIN = text("true-twin", "linf", 'Twin("a looser tolerance", kind=Limit(0.1, laws.power(1 / 2))),')
