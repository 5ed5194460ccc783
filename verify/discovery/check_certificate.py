"""Check a certificate of a claim about a margin in exact arithmetic, with nothing but Python's standard library.

Usage: python check_certificate.py CERTIFICATE.json

The file says which dataset, which norm and which weights a run ended with. Of a refutation are checked, in rational
numbers:

1. `lower`: the witness separates the data, with at least that margin over its norm;
2. `upper`: the multipliers are on the simplex, and the dual norm of their combination of data vectors is at most that:
   by duality no weights have a larger normalised margin;
3. both of the run's weights, after so many steps and after at least twice as many, have a normalised margin of at most
   `reached`, below `lower`: they fall short of the maximal margin by the share `short` or more;
4. what the second ones fall short by is at least `kept` times what the first ones do;
5. the digest is that of the claim's words, and they name the same norm. (Who exchanges words and digest is not seen.)

Of a tight case, which comes near to an explicit bound, 1, 2 and 5 are checked, and in place of 3 and 4

- `reached`: the weights' normalised margin lies between these two numbers, so that their gap to the maximal one lies
  between the two of `gap`;
- `share`: the gap lies between these shares of the bound's value.

Numbers are texts such as "-3/4", labels whole numbers. What is not checked is that the optimizer gives these weights:
run it; and that a bound's formula has this value: evaluate it. A law hides a constant, so that no single run can
contradict one; `kept` says how far this run is from following it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from fractions import Fraction
from math import isqrt
from typing import Any

FORMAT, TIGHT = "margin-certificate-1", "tight-certificate-1"
BITS = 160  # of the roots that enclose an l2 norm
Vector = list[Fraction]


class Wrong(Exception):
    """What of a certificate is not so, in a sentence."""


def digest(claim: dict[str, Any]) -> str:
    """Of the claim's words, as one line of JSON with sorted keys."""
    text = json.dumps(claim, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def root(square: Fraction) -> tuple[Fraction, Fraction]:
    """Rationals that enclose the root."""
    scale = 1 << BITS
    whole = isqrt(square.numerator * scale**2 // square.denominator)
    exact = Fraction(whole, scale)
    return (exact, exact) if exact**2 == square else (exact, Fraction(whole + 1, scale))


def norm(v: Vector, name: str) -> tuple[Fraction, Fraction]:
    """The norm of a vector, from below and from above."""
    if name == "l2":
        return root(sum((a * a for a in v), Fraction(0)))
    found = max(map(abs, v)) if name == "linf" else sum(map(abs, v), Fraction(0))
    return found, found


def vectors(x: list[Vector], y: list[int], classes: int) -> list[Vector]:
    """The data vectors, whose inner products with the flattened weights are the margins.

    Binary (classes = 0): `y_i x_i`. Else `(e_{y_i} - e_c) x_i^T`, for each point and each other class c in turn.
    """
    if not classes:
        return [[label * a for a in row] for row, label in zip(x, y, strict=True)]
    found = []
    for row, label in zip(x, y, strict=True):
        for c in range(classes):
            if c != label:
                sign = {label: 1, c: -1}
                found.append([sign.get(k, 0) * a for k in range(classes) for a in row])
    return found


def margin(rows: list[Vector], w: Vector) -> Fraction:
    """The least inner product."""
    return min(sum((a * b for a, b in zip(row, w, strict=True)), Fraction(0)) for row in rows)


def check(certificate: dict[str, Any]) -> list[str]:
    """What was checked, a sentence each; raises `Wrong` where something is not so."""
    if certificate.get("format") not in (FORMAT, TIGHT):
        raise Wrong(f"The format is {certificate.get('format')!r}, not {FORMAT!r} or {TIGHT!r}.")
    name = certificate["norm"]
    dual = {"l1": "linf", "l2": "l2", "linf": "l1"}[name]
    rows = _rows(certificate["data"])
    lower, upper = _fraction(certificate["lower"]), _fraction(certificate["upper"])
    witness, multipliers = _fractions(certificate["witness"]), _fractions(certificate["multipliers"])
    if not 0 < lower <= upper:
        raise Wrong(f"The bracket [{lower}, {upper}] is none.")
    size = norm(witness, name)
    if not size[0] > 0 or margin(rows, witness) < lower * size[1]:
        raise Wrong("The witness does not have the margin that is said of it.")
    if min(multipliers) < 0 or sum(multipliers) != 1 or len(multipliers) != len(rows):
        raise Wrong("The multipliers are not on the simplex.")
    combined = [
        sum((m * row[j] for m, row in zip(multipliers, rows, strict=True)), Fraction(0)) for j in range(len(rows[0]))
    ]
    if norm(combined, dual)[1] > upper:
        raise Wrong("The multipliers do not prove the upper end of the bracket.")
    told = [f"The maximal {name} margin lies in [{float(lower):.12g}, {float(upper):.12g}]."]
    if certificate["format"] == TIGHT:
        told += _tight(certificate, rows, lower, upper)
    else:
        first, second = (_run(run, rows, name, lower, upper) for run in certificate["runs"])
        told += [first, second, _kept(certificate, rows, lower, upper)]
    if digest(certificate["claim"]) != certificate["digest"]:
        raise Wrong("The digest is not that of the claim's words.")
    if certificate["claim"]["norm"] != name:
        raise Wrong("The claim's words name another norm.")
    return [*told, f"The claim's words are those of the digest {certificate['digest'][:12]}."]


def _rows(data: dict[str, Any]) -> list[Vector]:
    """The data vectors of points with labels 1 and -1 (classes = 0), or from 0 to classes - 1."""
    x, y, classes = [_fractions(row) for row in data["x"]], data["y"], data["classes"]
    if type(classes) is not int or classes < 0 or classes == 1:
        raise Wrong(f"There are {classes!r} classes: 0 where labels are 1 and -1, else two or more.")
    allowed = range(classes) if classes else (1, -1)
    if any(type(label) is not int or label not in allowed for label in y):
        raise Wrong("A label is none of those that there are.")
    return vectors(x, y, classes)


def _run(run: dict[str, Any], rows: list[Vector], name: str, lower: Fraction, upper: Fraction) -> str:
    weights, reached, steps = _fractions(run["weights"]), _fraction(run["reached"]), _steps(run)
    found = margin(rows, weights)
    size = norm(weights, name)[0 if found > 0 else 1]
    if not size or found > reached * size:
        raise Wrong(f"The weights after {steps:g} steps have a larger margin than is said.")
    # The maximal margin is anywhere in its bracket: a negative share of it is least where it is largest.
    short = 1 - reached / (lower if reached > 0 else upper)
    if short != _fraction(run["short"]) or short <= 0:
        raise Wrong(f"The weights after {steps:g} steps do not fall short by what is said.")
    return f"The weights after {steps:g} steps fall short of it by {float(short):.6g} of it or more."


def _tight(certificate: dict[str, Any], rows: list[Vector], lower: Fraction, upper: Fraction) -> list[str]:
    run, bound = certificate["run"], certificate["bound"]
    low, high = _fractions(run["reached"])
    steps = _steps(run)
    weights = _fractions(run["weights"])
    found, sizes = margin(rows, weights), norm(weights, certificate["norm"])
    # A margin is divided by the larger size at its least where it is positive, by the smaller one where it is not.
    if not sizes[0] or low * sizes[found > 0] > found or high * sizes[found <= 0] < found:
        raise Wrong(f"The margin of the weights after {steps:g} steps does not lie where it is said to.")
    unit = [upper, lower] if certificate["relative"] else [Fraction(1)] * 2
    gap = [(lower - high) / unit[0], (upper - low) / unit[1]]
    if _fractions(run["gap"]) != gap:
        raise Wrong("The gap is not what the margins leave.")
    value = _fraction(bound["value"])
    if value <= 0 or _fractions(certificate["share"]) != [each / value for each in gap]:
        raise Wrong("The gap is not that share of the bound.")
    held = "keeps" if gap[1] <= value else "breaks" if gap[0] > value else "may break"
    least, most = (float(each / value) for each in gap)
    return [
        f"After {steps:g} steps the gap to it lies in [{float(gap[0]):.9g}, {float(gap[1]):.9g}].",
        f"It {held} the bound {json.dumps(bound['text'], ensure_ascii=False)}, whose value there is said to be "
        f"{float(value):.9g}: it is {least:.9g} to {most:.9g} of that.",
    ]


def _kept(certificate: dict[str, Any], rows: list[Vector], lower: Fraction, upper: Fraction) -> str:
    first, second = certificate["runs"]
    if _steps(second) < 2 * _steps(first):
        raise Wrong("The second run is not twice as long as the first one.")
    weights = _fractions(first["weights"])
    found = margin(rows, weights)
    # What the first weights fall short by at the most.
    sizes = norm(weights, certificate["norm"])
    most = 1 - (found / sizes[1] / upper if found > 0 else found / sizes[0] / lower)
    kept = _fraction(certificate["kept"])
    if not 0 < kept * most <= _fraction(second["short"]):
        raise Wrong("What the weights fall short by has fallen by more than is said.")
    return f"Of what the first ones fall short by, the second ones keep {float(kept):.6g} or more."


def _fraction(text: Any) -> Fraction:
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]+(/[0-9]+)?", text):
        raise ValueError(f"{str(text)[:40]!r} is no number as it is written here, such as '-3/4'")
    return Fraction(text)


def _fractions(texts: Any) -> Vector:
    if not isinstance(texts, list):
        raise ValueError(f"{str(texts)[:40]!r} is no list of numbers")
    return [_fraction(text) for text in texts]


def _steps(run: dict[str, Any]) -> float:
    steps = run["steps"]
    if type(steps) not in (int, float) or not steps > 0:
        raise ValueError(f"{str(steps)[:40]!r} is no number of steps")
    return float(steps)


def _constant(text: str) -> float:
    raise ValueError(f"{text} is no number")


def main(arguments: list[str]) -> int:
    """0 where everything is so, 1 where something is not, 2 where there is no certificate."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python check_certificate.py CERTIFICATE.json\n")
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            certificate = json.load(file, parse_constant=_constant)
            told = check(certificate)
    except Wrong as error:
        sys.stdout.write(f"NOT PROVED: {error}\n")
        return 1
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError,
    ) as error:  # fmt: skip
        sys.stderr.write(f"{arguments[0]} is no certificate ({type(error).__name__}: {error}).\n")
        return 2
    only = "; the bound's value is only said" if certificate["format"] == TIGHT else ""
    sys.stdout.write("\n".join([*told, f"PROVED, of these weights{only}; not that the optimizer gives them."]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
