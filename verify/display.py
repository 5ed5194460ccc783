"""How runs and flows are drawn and told in a notebook; `solvers.display` has what all results share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from solvers.display import axes_for
from solvers.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from solvers.certificates import Reference

Curves = Mapping[str, Float[np.ndarray, "b r"]]


def draw_run(
    ax: Axes | None,
    log_time: Float[np.ndarray, " r"],
    margins: Curves,
    references: Reference | Iterable[Reference],
    *,
    in_log: bool,
) -> Axes:
    """Draw normalised margins by norm, or the relative gaps to references where there are any; give the axes.

    references: for each norm that is to be drawn as many as datasets, in their order.
    Raises `InputError` where a norm was not recorded, or has another number of references, and where there is no norm.
    """
    if not margins:
        raise InputError("The run recorded no norm, so there is no margin to draw: name one in `norms`.")
    from reports.margins import draw_gaps, draw_margins
    from solvers.certificates import Reference

    given = [references] if isinstance(references, Reference) else list(references)
    axes = axes_for(ax)
    if given:
        draw_gaps(axes, log_time, gaps(margins, given), in_log=in_log)
    else:
        draw_margins(axes, log_time, margins, in_log=in_log)
    return axes


def gaps(margins: Curves, references: Sequence[Reference]) -> dict[str, Float[np.ndarray, "b r"]]:
    """What normalised margins fall short of the maximal ones, divided by these, for the norms of the references.

    Raises `InputError` as `draw_run` does.
    """
    found = {}
    for norm in dict.fromkeys(reference.norm.name for reference in references):
        if norm not in margins:
            raise InputError(f"The run did not record the norm {norm!r}: name it in `norms`.")
        upper = np.array([reference.upper for reference in references if reference.norm.name == norm])
        if len(upper) != len(margins[norm]):
            raise InputError(
                f"There are {len(upper)} references in {norm} for {len(margins[norm])} datasets: give one for each."
            )
        found[norm] = 1 - margins[norm] / upper[:, None]
    return found


def ends(margins: Curves) -> list[tuple[str, ...]]:
    """Of each norm the last normalised margin that is known: its median over the datasets, the least, the largest."""
    rows: list[tuple[str, ...]] = []
    for norm, curves in margins.items():
        known = np.isfinite(curves).any(axis=1)
        last = [curve[np.isfinite(curve)][-1] for curve in curves[known]]
        figures: Any = (np.median(last), min(last), max(last)) if last else ()
        rows.append((norm, *(f"{figure:.6g}" for figure in figures)) if last else (norm, "–", "–", "–"))
    return rows


COLUMNS = ("norm", "normalised margin at the end (median)", "least", "largest")
"""The head of the table of `ends`."""
