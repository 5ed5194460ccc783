"""Norms of several arrays together: a norm for each layer of a network, combined with weights.

With weights `c_l` and norms `||.||_l` of the layers `w_l` it is `max_l c_l ||w_l||_l`, `sum_l c_l ||w_l||_l` or
`sqrt(sum_l (c_l ||w_l||_l)^2)`. The hybrid norms that Muon-Signum and Muon-Adam follow are maxima: spectral norms of
the matrices, L-infinity norms of the other arrays (Gronich, Vardi 2026, arXiv:2602.16340).

A `Layered` names the norms; `on` puts them on layers of known shapes, and what comes of that is a norm of the flat
vector of all of them, in their order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, cast

from solvers.errors import InputError
from solvers.norms import Array, Norm, norm

if TYPE_CHECKING:
    import cvxpy as cp

Combine = Literal["max", "sum", "l2"]
_EXPONENTS = {"max": math.inf, "sum": 1.0, "l2": 2.0}
_MATRICES, _OTHERS = "matrices", "others"


@dataclass(frozen=True, init=False)
class Layered:
    """A norm for each layer, combined.

    matrices, others: the norms of layers with two axes and of all others; `others` is by default the norm of matrices,
    and of a Schatten norm the L2 norm, which it is on a single column. combine: `max`, `sum` or `l2`. layers: norms of
    single layers, by name. weights: factors `c_l`, positive, by a layer's name, or by `matrices` and `others`; 1 by
    default.

    Raises `InputError` for an unknown norm or way to combine, and for weights that are not positive.
    """

    matrices: Norm
    others: Norm
    combine: Combine
    layers: Mapping[str, Norm]
    weights: Mapping[str, float]

    def __init__(
        self,
        matrices: str | Norm,
        others: str | Norm | None = None,
        *,
        combine: Combine = "max",
        layers: Mapping[str, str | Norm] | None = None,
        weights: Mapping[str, float] | None = None,
    ):
        if combine not in _EXPONENTS:
            raise InputError(f"Norms of layers cannot be combined by {combine!r}: use one of {', '.join(_EXPONENTS)}.")
        first = norm(matrices)
        second = norm(others) if others is not None else norm("l2") if first.matrix_only else first
        for name, weight in (weights or {}).items():
            if not 0 < weight < math.inf:
                raise InputError(f"The weight of {name} in a norm of layers is {weight!r}: give a positive number.")
        given = {name: norm(each) for name, each in (layers or {}).items()}
        parts = {"matrices": first, "others": second, "combine": combine, "layers": MappingProxyType(given)}
        for part, value in (parts | {"weights": MappingProxyType(dict(weights or {}))}).items():
            object.__setattr__(self, part, value)

    def __hash__(self) -> int:
        named = (tuple(sorted(part.items(), key=lambda item: item[0])) for part in (self.layers, self.weights))
        return hash((self.matrices, self.others, self.combine, *named))

    @property
    def name(self) -> str:
        """What it is called in tables: `max(spectral, others linf)`."""
        parts = [f"{self._weight(_MATRICES)}{self.matrices.name}"]
        other = f"{self._weight(_OTHERS)}{self.others.name}"
        if other != parts[0]:
            parts.append(f"{_OTHERS} {other}")
        named = sorted((self.layers.keys() | self.weights.keys()) - {_MATRICES, _OTHERS})
        parts += [
            f"{each} {self._weight(each)}{self.layers[each].name if each in self.layers else ''}" for each in named
        ]
        return f"{self.combine}({', '.join(part.strip() for part in parts)})"

    def __str__(self) -> str:
        return self.name

    def _weight(self, name: str) -> str:
        weight = self.weights.get(name, 1.0)
        return "" if weight == 1 else f"{weight:g} "

    def on(self, shapes: Mapping[str, tuple[int, ...]]) -> FlatNorm:
        """The norm of the flat vector of layers of these shapes, by name, in their order.

        Raises `InputError` for the name of a layer that there is not, and for a norm of matrices on what is none.
        """
        known = {*shapes, _MATRICES, _OTHERS}
        if unknown := [name for name in (*self.layers, *self.weights) if name not in known]:
            raise InputError(f"There is no layer {unknown[0]!r} for a norm: the layers are {', '.join(shapes)}.")
        parts, first = [], 0
        for name, shape in shapes.items():
            kind, geometry = (_MATRICES, self.matrices) if len(shape) == 2 else (_OTHERS, self.others)
            geometry = self.layers.get(name, geometry)
            if geometry.matrix_only and len(shape) != 2:
                raise InputError(
                    f"The layer {name} has {len(shape)} axes, and the {geometry.name} norm is of matrices: give "
                    "others=, an entry-wise norm."
                )
            size = math.prod(shape)
            weight = self.weights.get(name, self.weights.get(kind, 1.0))
            parts.append(Part(first, first + size, tuple(shape), geometry, float(weight)))
            first += size
        return FlatNorm(self.name, tuple(parts), self.combine)


@dataclass(frozen=True)
class Part:
    """Where a layer stands in a flat vector, its shape, its norm and the norm's weight."""

    begin: int
    end: int
    shape: tuple[int, ...]
    norm: Norm
    weight: float

    def of(self, flat: Any) -> Any:
        """The layer."""
        return flat[self.begin : self.end].reshape(self.shape)


@dataclass(frozen=True)
class FlatNorm:
    """A norm of flat vectors `[p]` that is made of norms of their parts; numpy and jax arrays alike."""

    name: str
    parts: tuple[Part, ...]
    combine: Combine

    kind = "layered"
    matrix_only = False

    def __str__(self) -> str:
        return self.name

    def value(self, w: Array, *, inline: bool = False) -> Array:
        """The norm of `w [p]`."""
        xp = w.__array_namespace__()
        sizes = xp.stack([part.weight * part.norm.value(part.of(w), inline=inline) for part in self.parts])
        return Norm("entrywise", _EXPONENTS[self.combine]).value(sizes)

    def dual_value(self, g: Array, *, inline: bool = False) -> Array:
        """The dual norm of `g [p]`: of the layers' dual norms over their weights, in the dual of how they combine."""
        return self._outer.dual_value(self._duals(g, inline))

    def direction(self, g: Array, *, inline: bool = False) -> Array:
        """The steepest direction, a maximiser `[p]` of `<g, u>` over `||u|| <= 1`; 0 at `g = 0`."""
        xp = g.__array_namespace__()
        shares = self._outer.direction(self._duals(g, inline))
        if self.combine == "max":  # a layer of zero gradient has the direction 0 already
            shares = xp.ones_like(shares)
        directions = [part.norm.direction(part.of(g), inline=inline).reshape(-1) for part in self.parts]
        scaled = [shares[i] / part.weight * u for i, (part, u) in enumerate(zip(self.parts, directions, strict=True))]
        return xp.concat(scaled)

    def dual_expression(self, g: cp.Expression) -> cp.Expression:
        """The dual norm of a cvxpy expression `[p]`, as a convex expression."""
        import cvxpy as cp

        duals = [
            part.norm.dual.expression(_shaped(g[part.begin : part.end], part)) / part.weight for part in self.parts
        ]
        return cp.pnorm(cp.hstack(duals), cast(Any, self._outer.dual.p))

    @property
    def _outer(self) -> Norm:
        return Norm("entrywise", _EXPONENTS[self.combine])

    def _duals(self, g: Array, inline: bool) -> Array:
        xp = g.__array_namespace__()
        return xp.stack([part.norm.dual_value(part.of(g), inline=inline) / part.weight for part in self.parts])


def _shaped(layer: Any, part: Part) -> Any:
    if len(part.shape) != 2:
        return layer
    import cvxpy as cp

    return cp.reshape(layer, part.shape, order="C")


_WRITTEN = re.compile(r"(max|sum|l2)\((.+)\)")
_WEIGHT = re.compile(r"\d*\.?\d+(?:e[+-]?\d+)?")


def parsed(text: str) -> Norm | Layered:
    """A norm by its name, of layers too: `max(spectral, others linf)`, `l2(2 spectral, others 0.5 linf, first l2)`.

    Raises `InputError` for what is none.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return norm(text)
    norms: dict[str, Norm] = {}
    weights: dict[str, float] = {}
    for i, part in enumerate(found[2].split(",")):
        name, *words = [*([] if i else [_MATRICES]), *part.split()] or [""]
        if words and _WEIGHT.fullmatch(words[0]):
            weights[name] = float(words.pop(0))
        if len(words) > 1 or not (words or (i and name in weights)):
            raise InputError(
                f"The norm of layers {text!r} cannot be read at {part.strip()!r}: write it like max(spectral, "
                "others 0.5 linf), the norm of matrices first."
            )
        if words:
            norms[name] = norm(words[0])
    matrices, others = norms.pop(_MATRICES), norms.pop(_OTHERS, None)
    return Layered(matrices, others, combine=cast(Combine, found[1]), layers=norms, weights=weights)


def flat_norm(spec: str | Norm | Layered, shapes: Mapping[str, tuple[int, ...]]) -> Norm | FlatNorm:
    """A norm of the flat vector of layers of these shapes: an entry-wise one is that of all entries together.

    Raises `InputError` for a norm of matrices, which has to be told what it means for several layers.
    """
    if isinstance(spec, Layered):
        return spec.on(shapes)
    found = norm(spec)
    if found.kind != "entrywise":
        raise InputError(
            f"The {found.name} norm is no norm of several layers: combine it, as in "
            f"solvers.Layered({found.name!r}, combine='max')."
        )
    return found
