"""The experiment on the order of the modified equation, in small."""

import numpy as np
import pytest

from reports import panels
from solvers.errors import InputError
from verify.gallery import EXPERIMENTS, cattaneo2024_order
from verify.gallery.cattaneo2024_order import EQUATIONS, ORDERS, Parameters

SMALL = Parameters(draws=2, beta=0.2, rho=0.6)


@pytest.fixture(scope="module")
def results() -> dict:
    found: dict = {}
    for name, part in cattaneo2024_order.parts(SMALL, 0).items():
        found[name] = part(found)
    return found


def test_orders(results):
    rows = {row[0]: row[1:] for row in cattaneo2024_order.find(SMALL, results).rows}
    assert list(rows) == list(EQUATIONS)
    assert rows["the equation"] == pytest.approx([2, 2, 2], abs=0.05)
    assert rows["without the h-term"] == pytest.approx([1, 1, 1], abs=0.05)
    assert all(max(row) < 1.3 for name, row in rows.items() if name.startswith("false"))


def test_drawing(results):
    drawing = cattaneo2024_order.find(SMALL, results).drawing
    assert len(drawing["curves"]) == 3 * len(EQUATIONS)
    assert panels.whole(drawing) is not None


def test_it_is_registered_and_checks_its_parameters():
    assert EXPERIMENTS["cattaneo2024-order"] is cattaneo2024_order.EXPERIMENT
    with pytest.raises(InputError, match="beta and rho that differ"):
        Parameters(beta=0.5, rho=0.5)


def test_the_alternative_text_tells_the_orders_that_were_found():
    h = np.array([0.1, 0.05, 0.025])
    distance = {name: [(3 * h).tolist()] for name in ORDERS}
    part = {"h": h.tolist(), "distance": distance, "floor": 1e-12}
    found = cattaneo2024_order.find(Parameters(draws=1), dict.fromkeys(EQUATIONS, part))
    assert "order 1.00 to 1.00" in found.sentences[0]
    assert "slope 1.0 or more" in found.alternative
