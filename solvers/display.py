"""How results show themselves in a notebook: as plain data, as a piece of HTML, and on matplotlib axes.

Whoever has a result to show, here or above, calls these from its `to_dict`, `_repr_html_` and `plot`. Neither
matplotlib nor jinja2 is imported before one of them is called.
"""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from solvers.errors import InputError

if TYPE_CHECKING:
    from jinja2 import Template
    from matplotlib.axes import Axes

    from solvers.certificates import Reference

_HTML = """\
<div>
<p><strong>{{ heading }}</strong></p>
{%- if words %}
<p style="max-width: 50em">{{ words }}</p>
{%- endif %}
{%- if rows %}
<table>
{%- if columns %}
<thead><tr>{% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
{%- endif %}
<tbody>
{%- for row in rows %}
<tr><th scope="row" style="text-align: left">{{ row[0] }}</th>
{%- for cell in row[1:] %}<td style="text-align: left">{{ cell }}</td>{% endfor %}</tr>
{%- endfor %}
</tbody>
</table>
{%- endif %}
</div>"""
_MOST = 40  # entries of weights that have a tick each


def plain(value: Any) -> Any:
    """A value as JSON has it: None, booleans, numbers, texts, lists and dictionaries.

    value: of these, or an array, a mapping, a sequence, a dataclass or a named tuple of them. NaN becomes None and an
    infinity "inf" or "-inf": `numpy.array(found, dtype=float)` reads them back as what they were.
    Raises `TypeError` for anything else.
    """
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and (named := getattr(value, "_asdict", None)):
        return plain(named())
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return plain_fields(value)
    raise TypeError(f"a {type(value).__name__} is no plain value")


def plain_fields(value: Any, **instead: Any) -> dict[str, Any]:
    """The fields of a dataclass as plain data. instead: other values for some of them, and values beside them."""
    held = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in instead}
    return {name: plain(item) for name, item in (held | instead).items()}


def html(heading: str, words: str = "", rows: Sequence[Sequence[str]] = (), columns: Sequence[str] = ()) -> str:
    """A heading, a sentence and a table as HTML, to be shown in a notebook's own style.

    rows: the first cell of each names it. columns: the table's head, one name a cell; may be left out.
    """
    return _template().render(heading=heading, words=words, rows=rows, columns=columns)


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined).from_string(_HTML)


def axes_for(ax: Axes | None) -> Axes:
    """These axes; without any those of a new figure, which a notebook shows."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1]


def draw_reference(reference: Reference, ax: Axes | None, of: str) -> Axes:
    """The bars of `Reference.plot`."""
    if of not in ("weights", "multipliers"):
        raise InputError(f"A reference has no {of!r} to plot: give of='weights' or of='multipliers'.")
    axes = axes_for(ax)
    values = reference.weights.T if of == "weights" else reference.multipliers
    columns = values.reshape(len(values), -1)  # a row for each feature, or each point
    places, width = np.arange(len(columns)), 0.8 / columns.shape[1]
    for j, column in enumerate(columns.T):
        offset = (j - (columns.shape[1] - 1) / 2) * width
        axes.bar(places + offset, column, width, label=f"class {j}" if columns.shape[1] > 1 else None)
    if len(places) <= _MOST:
        axes.set_xticks(places)
    if columns.shape[1] > 1:
        axes.legend()
    axes.axhline(0, color="grey", linewidth=0.8)
    axes.set_xlabel("feature" if of == "weights" else "point")
    axes.set_ylabel("weight of the maximiser" if of == "weights" else "multiplier")
    axes.set_title(f"maximal {reference.norm.name} margin {reference.lower:.6g}")
    return axes
