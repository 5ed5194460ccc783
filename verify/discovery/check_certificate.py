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
- `share`: the gap lies between these shares of the bound's value;
- where the claim's words state the bound in n, k, t, γ, B and sums of η, and η is a power of t in them: that value, and
  on which side of the bound the gap is, with roots and logarithms between rational numbers.

Where the words name SignGD, normalised or plain gradient descent with such steps and a usual loss, and the certificate
says `replayed`, the steps are taken again from zero weights, twice, with 50 and with 80 decimal digits: both give the
weights that it has. That is arithmetic of many digits and no proof; but it is of the method in the words, and not of
a program.

Numbers are texts such as "-3/4", labels whole numbers. Where no steps are replayed it is not checked that the optimizer
gives these weights: run it. Where the words are none of these it is not checked that a bound has its value: evaluate
it. A law hides a constant, so that no single run can contradict one; `kept` says how far this run is from following it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import isqrt
from typing import Any, NamedTuple

FORMAT, TIGHT = "margin-certificate-1", "tight-certificate-1"
BITS = 160  # of the roots that enclose an l2 norm
DIGITS = 50, 80  # with which steps are replayed
ALIKE = Decimal("1e-20")  # of the weights, by which the two may differ
ROUNDED = Decimal("1e-6")  # by which those of a program may
ROUNDING = Fraction(1, 10**9)  # of a bound's value, as a program computes it
TINY = Fraction(1, 10**40)  # by which roots, logarithms and sums of as many terms are rounded, at most
MOST = 200_000  # steps times data vectors that are replayed
Vector = list[Fraction]
Range = tuple[Fraction, Fraction]  # between which a number is


class Wrong(Exception):
    """What of a certificate is not so, in a sentence."""


class Unread(Exception):
    """A formula has a part that is not known here."""


class Method(NamedTuple):
    """`w <- w + size (t+1)^-decay u`: u is minus the gradient's sign, minus the gradient over its l2 norm ("unit") or
    minus the gradient ("plain"); other directions, "", are not replayed here.
    """

    direction: str
    size: Fraction
    decay: Fraction
    loss: str


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


DIRECTIONS = {
    "signgd": "sign", "steepest descent in the linf norm": "sign", "steepest descent in the l2 norm": "unit",
    "normalised gd": "unit", "normalised gradient descent": "unit", "gradient descent": "plain",
}  # fmt: skip
LOSSES = "exponential", "log_exponential", "logistic", "cross_entropy", "pairwise_logistic"
NUMBER = r"([0-9]+(?:\.[0-9]+)?)(?:/([0-9]+))?"
UNIT_STEPS = "gradient descent with unit steps on the log of the mean exponential loss"


def method_of(words: dict[str, str]) -> Method | None:
    """The method that a claim's words name; None where its step sizes are no power of t in them."""
    about = words["about"].lower()
    if about == UNIT_STEPS and words["loss"] == "log_exponential":
        about = "gradient descent, η = 1"
    found = re.fullmatch(rf"([^,]+), η = {NUMBER}(?: \(t\+1\)\^+-{NUMBER})?", about)
    if found is None:
        return None
    name, *numbers = found.groups()
    direction = DIRECTIONS.get(name.removeprefix("normalised ") if "steepest" in name else name, "")
    size, decay = (Fraction(a or "0") / Fraction(b or "1") for a, b in (numbers[:2], numbers[2:]))
    return Method(direction if words["loss"] in LOSSES else "", size, decay, words["loss"])


def replay(method: Method, data: dict[str, Any], rows: list[Vector], ends: list[int]) -> list[list[Decimal]]:
    """The weights after so many steps each, in decimal arithmetic."""
    if max(ends) * len(rows) > MOST:
        raise Wrong("The steps are too many to be replayed.")
    first, second = (list(walk(method, data, rows, ends, digits)) for digits in DIGITS)
    if max(map(apart, first, second)) > ALIKE:
        raise Wrong("The steps cannot be replayed: the weights depend on how many digits one computes with.")
    return second


def walk(
    method: Method, data: dict[str, Any], rows: list[Vector], ends: list[int], digits: int
) -> Iterator[list[Decimal]]:
    """The weights after so many steps each, with so many digits."""
    rivals, points = (data["classes"] or 2) - 1, len(data["x"])
    context = Context(prec=digits)
    with localcontext(context):
        table, size, decay = [decimals(row) for row in rows], *decimals([method.size, method.decay])
        w = [Decimal(0)] * len(table[0])
        for t in range(1, max(ends) + 1):
            z = [sum(map(context.multiply, row, w), Decimal(0)) for row in table]
            slopes = [s for i in range(0, len(z), rivals) for s in slopes_of(method.loss, z[i : i + rivals])]
            whole = sum(slopes) if method.loss == "log_exponential" else Decimal(points)
            parts = [
                [s * a / whole for s, a in zip(slopes, column, strict=True)] for column in zip(*table, strict=True)
            ]
            u = [sum(part, Decimal(0)) for part in parts]
            if method.direction == "sign":
                # What is left of parts that cancel is rounding.
                least = [Decimal(10) ** -(digits // 2) * sum(map(abs, part), Decimal(0)) for part in parts]
                u = [Decimal((a > b) - (a < -b)) for a, b in zip(u, least, strict=True)]
            elif method.direction == "unit":
                length = sum((a * a for a in u), Decimal(0)).sqrt()
                u = [a / length for a in u]
            step = size * Decimal(t) ** -decay
            w = [a + step * b for a, b in zip(w, u, strict=True)]
            if t in ends:
                yield w


def slopes_of(loss: str, z: list[Decimal]) -> list[Decimal]:
    """`-d loss / d z_j` of a point with these margins, one for each rival."""
    behind = [(-a).exp() for a in z]
    if loss.endswith("exponential"):
        return behind
    if loss == "pairwise_logistic":
        return [a / (1 + a) for a in behind]
    return [a / (1 + sum(behind)) for a in behind]


def decimals(values: Vector) -> list[Decimal]:
    """The numbers, rounded as the arithmetic at hand does."""
    return [Decimal(v.numerator) / Decimal(v.denominator) for v in values]


def apart(a: list[Decimal], b: list[Decimal]) -> Decimal:
    """The largest difference of two vectors' entries, over the largest entry."""
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) / max(map(abs, b))


def evaluate(text: str, given: dict[str, Range]) -> Range:
    """Between which numbers a formula of sums, products, quotients, squares and logarithms of what is given lies.

    `½ B² Σ η²` is a product, and in `ln n(k-1)` the logarithm is of both. Raises `Unread` for anything else.
    """
    tokens = [*re.findall(r"Σ η²|Σ η|ln|[0-9.]+|\S", text), ""]
    given = given | {"½": (Fraction(1, 2), Fraction(1, 2))}

    def total() -> Range:
        low, high = product()
        while tokens[0] in ("+", "-"):
            plus, (least, most) = tokens.pop(0) == "+", product()
            low, high = (low + least, high + most) if plus else (low - most, high - least)
        if low < 0:
            raise Unread("a number that may be negative")
        return low, high

    def product() -> Range:
        low, high = factor()
        while tokens[0] not in ("", "+", "-", ")", "/"):
            least, most = factor()
            low, high = low * least, high * most
        if tokens[0] == "/":
            tokens.pop(0)
            least, most = factor()
            if not least or tokens[0] not in ("", "+", "-", ")"):  # what a/b c means is not known
                raise Unread(text)
            low, high = low / most, high / least
        return low, high

    def factor() -> Range:
        token = tokens.pop(0)
        if token == "(":
            found = total()
            if tokens.pop(0) != ")":
                raise Unread(text)
        elif token == "ln":
            found = factor()
            while tokens[0] == "(":
                least, most = factor()
                found = found[0] * least, found[1] * most
            found = logarithm(found)
        elif re.fullmatch(r"[0-9]+(\.[0-9]+)?", token):
            found = Fraction(token), Fraction(token)
        elif token in given:
            found = given[token]
        else:
            raise Unread(token)
        while tokens[0] == "²":
            tokens.pop(0)
            found = found[0] ** 2, found[1] ** 2
        return found

    found = total()
    if tokens != [""]:
        raise Unread(text)
    return found


def logarithm(a: Range) -> Range:
    """The natural logarithm of a number of 1 or more."""
    if a[0] < 1:
        raise Unread("ln of what may be below 1")
    with localcontext(Context(prec=DIGITS[0])):
        low, high = (Fraction(each.ln()) for each in decimals(list(a)))
    return max(low - TINY, Fraction(0)), high + TINY


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
    if certificate.get("replayed") is True:
        told.append(replayed(certificate))
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
    if certificate["relative"] is not certificate["claim"]["quantity"].startswith("relative "):
        raise Wrong("The gap is not the one of the claim's words, which say whether it is relative.")
    value = _fraction(bound["value"])
    if value <= 0 or _fractions(certificate["share"]) != [each / value for each in gap]:
        raise Wrong("The gap is not that share of the bound.")
    inside = bound_of(certificate, rows)
    low, high = inside or (value, value)
    if not low * (1 - ROUNDING) <= value <= high * (1 + ROUNDING):
        raise Wrong(f"The words' bound lies in [{float(low):.9g}, {float(high):.9g}], and not where it is said to.")
    held = "keeps" if gap[1] <= low else "breaks" if gap[0] > high else "may break"
    how = "is said to be" if inside is None else "is, by the claim's words,"
    least, most = (float(each / value) for each in gap)
    return [
        f"After {steps:g} steps the gap to it lies in [{float(gap[0]):.9g}, {float(gap[1]):.9g}].",
        f"It {held} the bound {json.dumps(bound['text'], ensure_ascii=False)}, whose value there {how} "
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


def bound_of(certificate: dict[str, Any], rows: list[Vector]) -> Range | None:
    """Between which numbers the bound of the claim's words is; None where the words are none that are read here."""
    words, data = certificate["claim"], certificate["data"]
    if certificate["bound"]["text"] != words["law"]:
        raise Wrong("The bound is not that of the claim's words.")
    dual = {"l1": "linf", "l2": "l2", "linf": "l1"}[certificate["norm"]]
    sizes = [norm(row, dual) for row in rows]
    counts = {"n": len(data["x"]), "k": data["classes"] or 2, "t": _steps(certificate["run"])}
    given = {
        **{name: (Fraction(count), Fraction(count)) for name, count in counts.items()},
        "γ": (_fraction(certificate["lower"]), _fraction(certificate["upper"])),
        "B": (max(low for low, _ in sizes), max(high for _, high in sizes)),
    }
    method = method_of(words)
    if method is not None and counts["t"] <= MOST:
        given |= _sums(method, int(_steps(certificate["run"])))
    try:
        return evaluate(words["law"], given)
    except Unread:
        return None


def _sums(method: Method, steps: int) -> dict[str, Range]:
    """The sums of the step sizes and of their squares."""
    with localcontext(Context(prec=DIGITS[0])):
        size, decay = decimals([method.size, method.decay])
        taken = [size * Decimal(t) ** -decay for t in range(1, steps + 1)]
        sums = {"Σ η": Fraction(sum(taken)), "Σ η²": Fraction(sum(each * each for each in taken))}
    return {name: (each * (1 - TINY), each * (1 + TINY)) for name, each in sums.items()}


def replayed(certificate: dict[str, Any]) -> str:
    """That the steps of the words give these weights, in a sentence; raises `Wrong` where they do not."""
    method = method_of(certificate["claim"])
    if method is None or not method.direction:
        raise Wrong("The claim's words name no steps that can be replayed.")
    data, runs = certificate["data"], certificate.get("runs") or [certificate["run"]]
    if not all(_steps(run).is_integer() for run in runs):
        raise Wrong("The steps are not whole, and cannot be replayed.")
    ends = [int(_steps(run)) for run in runs]
    found = replay(method, data, _rows(data), ends)
    with localcontext(Context(prec=DIGITS[1])):
        worst = max(apart(decimals(_fractions(run["weights"])), each) for run, each in zip(runs, found, strict=True))
    if worst > ROUNDED:
        raise Wrong(f"The steps of the words give other weights, which differ by {float(worst):.3g} of their size.")
    return (
        f"The steps of the words, taken again from zero weights with {DIGITS[0]} and with {DIGITS[1]} digits, give "
        f"these weights to {float(worst):.1e} of their size."
    )


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


def verdict(certificate: dict[str, Any]) -> str:
    """What a certificate that was checked proves, and what it does not."""
    proved = "PROVED, of these weights"
    if certificate["format"] == TIGHT and bound_of(certificate, _rows(certificate["data"])) is None:
        proved += "; the bound's value is only said"
    if certificate.get("replayed") is True:
        return f"{proved}; that the optimizer gives them was computed again, not proved."
    return f"{proved}; not that the optimizer gives them."


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
    sys.stdout.write("\n".join([*told, verdict(certificate)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
