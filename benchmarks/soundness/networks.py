"""Networks in steps: of which norm's margin problem they tend to KKT points."""

from __future__ import annotations

from benchmarks.soundness.entry import Entry, Said, false, group, true
from properties.gronich2026.test_networks import NETWORK, points
from solvers import Layered
from solvers.norms import Norm
from verify.claims.kinds import Limit
from verify.laws import power
from verify.optimizers import PowerDecay, steepest_descent
from verify.problems.networks.trained import TrainedKKT

_Spec = str | Norm | Layered
_TENDS = Limit(0.1, power(0.3))  # what the start leaves behind fades like 1/‖θ‖
_THEOREM = "Gronich, Vardi 2026, Theorem 3.2: steps t^-.7 have an infinite sum and are o(t^-2/3)"
_OTHER = "on few data is a KKT point of its own norm one of this norm, too"


def _follows(norm: _Spec) -> Said:
    return true(_THEOREM, quantity=TrainedKKT(norm), what=f"tends to KKT points in {norm}")


def _misses(norm: _Spec) -> Said:
    return false(_OTHER, quantity=TrainedKKT(norm), what=f"tends to KKT points in {norm}")


def _network(name: str, eta0: float, norm: _Spec, *others: str) -> tuple[Entry, ...]:
    """Steepest descent in a norm of all parameters or of layers, without momentum."""
    return group(
        name, f"steepest descent in {norm} on squared ReLU, η = {eta0:g} t^-.7",
        _follows(norm), *(_misses(other) for other in others),
        optimizer=steepest_descent(PowerDecay(eta0, 0.7), norm), loss="exponential", model=NETWORK, kind=_TENDS,
        problem=points, share=1 / 8,
    )  # fmt: skip


ENTRIES = (
    *_network("network-signs", 0.05, "linf", "l1", "l2"),
    *_network("network-normalised", 0.3, Layered("l2", combine="l2"), "linf"),
    *_network("network-spectral-signs", 0.1, Layered("spectral", "linf"), "l1", "l2"),
)
