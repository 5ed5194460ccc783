"""Curves made up from the theory of the deficit: `|W| = S`, `D` bounded or growing like `S`, a budget above the gap."""

from dataclasses import replace

import numpy as np

from verify.datasets import Dataset
from verify.problems.deficit import Curves
from verify.problems.quantity import Measurement

GAMMA = np.linspace(0.5, 2.0, 20)


def curves(a: float = 0.5, plateau: float = 0.0, size: float = 1.0, until: float = 2e4, budget: float = 2.0) -> Curves:
    """Twenty datasets with steps `t^-a`: a deficit of `size`, a plateau of the relative gap, a budget above the gap."""
    log_time = np.log(np.unique(np.round(10 ** np.arange(0.4, np.log10(1.1 * until), 1 / 12))))
    s = np.tile((np.exp(log_time) ** (1 - a) - 1) / (1 - a) + 1, (20, 1))
    gap = GAMMA[:, None] * (size * np.linspace(0.5, 1.5, 20)[:, None] / s + plateau)
    misaligned = GAMMA[:, None] * plateau * s
    return Curves(log_time, gap, GAMMA, s, s, budget * gap, misaligned, 1e-12 * GAMMA, np.ones(20, bool))


def crawling(until: float = 2e4) -> Curves:
    """A gap that stands still while `S` grows like `log t`, with aligned updates and a budget like `1/S`."""
    c = curves(until=until)
    s = np.tile(10 + c.log_time, (20, 1))
    gap = np.tile(0.02 * GAMMA[:, None], (1, len(c.log_time)))
    return replace(c, gap=gap, size=s, path=s, budget=2 * GAMMA[:, None] / s, misaligned=np.zeros_like(s))


def unexplained(c: Curves) -> Curves:
    """The same, of which the updates' misalignment is not known."""
    return replace(c, misaligned=np.full(c.gap.shape, np.nan))


def measured(c: Curves) -> Measurement:
    """The relative gap of these curves."""
    points = [Dataset([[1, 2]], [1])] * len(c.gamma)
    return Measurement(c.log_time, c.gap / c.gamma[:, None], c.floor / c.gamma, c.judged, points, c.gamma, scale=c)
