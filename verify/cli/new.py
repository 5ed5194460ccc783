"""The command `verify new`: a file with a conjecture, ready to be tried, that says at each line what to change."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from solvers.errors import InputError
from verify.cli.common import Options, maker_of, out, values_of

_HOME = Path("properties/conjectures")
_DECAY = "PowerDecay(0.1, 1 / 2)"
# By norm: a norm whose margin most drawn datasets tell apart from its own.
_RIVALS = {"linf": "l2", "l3": "l1"}


class Own(StrEnum):
    """What of a conjecture may be the user's own, and is written out in the file."""

    optimizer = "optimizer"
    steps = "steps"
    norm = "norm"
    loss = "loss"
    data = "data"


def new(
    name: Annotated[str, typer.Argument(help="The conjecture's name, a Python identifier such as lion_linf.")],
    optimizer: Annotated[
        str | None,
        typer.Option(help="sign_gd, adam, ... or a dotted name such as optax.lion. By default steepest descent."),
    ] = None,
    option: Options = None,
    norm: Annotated[str, typer.Option(help="The norm whose margin is maximised: l1, l2, linf, spectral, ...")] = "linf",
    rate: Annotated[str, typer.Option(help="The exponent of the rate at which the gap falls, such as -1/2.")] = "-1/2",
    tolerance: Annotated[
        float | None, typer.Option(help="Claim no rate, only that the relative gap ends below this.")
    ] = None,
    loss: Annotated[str, typer.Option(help="exponential, logistic, cross_entropy, ...")] = "logistic",
    multiclass: Annotated[bool, typer.Option("--multiclass", help="Draw data with classes instead of +1/-1.")] = False,
    own: Annotated[
        list[Own] | None, typer.Option(help="Write one of your own into the file, to be edited; may be given again.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where to: by default properties/conjectures where it is, else here.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a file with a conjecture of your own, ready to be tried by pytest or `verify check`.

    Examples: verify new lion_linf --optimizer optax.lion --norm linf --rate -1/2;
    verify new my_method --own optimizer --own data --folder notes
    """
    name = _identifier(name)
    folder = folder or (_HOME if _HOME.is_dir() else Path())
    path = folder / f"test_{name}.py"
    if path.exists() and not force:
        raise InputError(f"{path} exists already: choose another name, or overwrite it with --force.")
    parts = _Parts(frozenset(own or ()), optimizer, option or (), norm, _law(rate, tolerance), loss, multiclass)
    text = _text(name, parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): give another --folder.") from error
    for line in (
        f"Wrote {path}: say in it what you believe. Try it by one of",
        f"  pytest {path} --profile=quick",
        f"  verify check {path} --profile quick",
    ):
        out.print(line, highlight=False, markup=False, soft_wrap=True)


class _Law(NamedTuple):
    """What is claimed of the gap: the expression of the claim's kind, its class, and words."""

    kind: str
    imported: str
    words: str


class _Parts(NamedTuple):
    """What was asked for."""

    own: frozenset[Own]
    optimizer: str | None
    options: Sequence[str]
    norm: str
    law: _Law
    loss: str
    multiclass: bool


def _identifier(name: str) -> str:
    found = name.removeprefix("test_")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", found) or keyword.iskeyword(found):
        raise InputError(f"The name {name!r} is no Python identifier of plain letters: write for example lion_linf.")
    return found


def _law(rate: str, tolerance: float | None) -> _Law:
    if tolerance is not None:
        if not 0 < tolerance < 1:
            raise InputError(f"The tolerance is {tolerance}: give a share of the margin between 0 and 1, such as 0.05.")
        return _Law(f"Limit({tolerance!r}, laws.power(1 / 2))", "Limit", f"the relative gap falls below {tolerance!r}")
    try:
        power = abs(Fraction(rate))
    except (ValueError, ZeroDivisionError):
        power = Fraction(0)
    if not power:
        raise InputError(f"The rate {rate!r} is no exponent of t: write for example --rate -1/2.")
    number = f"{power.numerator}" if power.denominator == 1 else f"{power.numerator} / {power.denominator}"
    # The law that is proved for steps t^-1/2 has a logarithm.
    more, words = (", log=1", " log t") if power == Fraction(1, 2) else ("", "")
    return _Law(f"Rate(laws.power({number}{more}))", "Rate", f"the gap to the maximum is O(t^-{power}{words})")


def _check_together(parts: _Parts) -> None:
    """Raises `InputError` for names that are unknown, or that exclude each other."""
    import solvers.norms
    from verify import losses

    losses.loss(parts.loss)
    geometry = solvers.norms.norm(parts.norm)
    if geometry.matrix_only and not parts.multiclass:
        raise InputError(f"The norm {geometry.name} needs a weight matrix: add --multiclass.")
    if Own.data in parts.own and parts.multiclass:
        raise InputError("The data of your own are written with labels +1/-1: leave --multiclass away, and edit them.")
    if Own.optimizer in parts.own and (parts.optimizer or parts.options):
        raise InputError("The optimizer is to be your own: leave --optimizer and its options away.")
    if parts.options and not parts.optimizer:
        raise InputError("There are options of an optimizer, but none is named: add --optimizer.")


def _text(name: str, parts: _Parts) -> str:
    import solvers.norms

    _check_together(parts)
    own = parts.own
    shown = "weighted-l2" if Own.norm in own else solvers.norms.norm(parts.norm).name
    norm = "NORM" if Own.norm in own else f'"{shown}"'
    steps, steps_text = ("steps", "steps of my own") if Own.steps in own else (_DECAY, "η = 0.1 (t+1)^-1/2")
    call, called, module = _optimizer(parts, steps, norm, shown)
    # Steepest descent was named with its norm.
    whose = "its" if parts.optimizer is None and Own.optimizer not in own else f"the {shown}"
    import jinja2

    environment = jinja2.Environment(loader=jinja2.PackageLoader("verify.cli"), undefined=jinja2.StrictUndefined)
    return (
        environment.get_template("conjecture.py.j2").render(
            id=name.lower().replace("_", "-"),
            title=f"{called} maximises {whose} margin",
            own={str(each) for each in own},
            bare=not own & {Own.optimizer, Own.steps},
            imports=_imports(parts, module, optimizers=call.startswith("optimizers.")),
            optimizer=call,
            optimizer_text=f"{called}, {steps_text}",
            problem="data" if Own.data in own else f"strategies.{'multiclass' if parts.multiclass else 'binary'}",
            loss="LOSS" if Own.loss in own else f'"{parts.loss}"',
            norm=norm,
            norm_name=shown,
            rival=_RIVALS.get(shown, "linf"),
            law=parts.law,
        )
        + "\n"
    )


def _optimizer(parts: _Parts, steps: str, norm: str, shown: str) -> tuple[str, str, str]:
    """The optimizer as an expression and in words, and the module to import for it, if any."""
    from verify.optimizers.homogeneity import check_optimizer
    from verify.optimizers.methods import OPTIMIZERS
    from verify.optimizers.step_sizes import PowerDecay

    if Own.optimizer in parts.own:
        return f"my_optimizer({steps})", "My optimizer", "optax"
    name = parts.optimizer
    if name is None:
        return f"optimizers.steepest_descent({steps}, {norm})", f"Steepest descent in the {shown} norm", ""
    make, values = maker_of(name), values_of(parts.options)
    # Weight decay bounds the weights, and then no margin is maximised in the limit.
    if "weight_decay" in inspect.signature(make).parameters:
        values.setdefault("weight_decay", 0.0)
    try:
        check_optimizer(make(PowerDecay(0.1, 1 / 2), **values))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"The optimizer {name} does not take a step size and these options ({error}): set them with -o."
        ) from error
    settings = "".join(f", {key}={_literal(value)}" for key, value in values.items())
    call = f"optimizers.{name}" if name in OPTIMIZERS else name
    return f"{call}({steps}{settings})", name, "" if name in OPTIMIZERS else name.rpartition(".")[0]


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _imports(parts: _Parts, module: str, *, optimizers: bool) -> str:
    """The import lines, sorted as import sorters want them."""
    own = parts.own
    plain = {module} - {""}
    plain |= {"cvxpy as cp", "numpy as np"} if Own.norm in own else set()
    plain |= {"numpy as np"} if Own.data in own else set()
    plain |= {"jax.numpy as jnp"} if own & {Own.optimizer, Own.steps} else set()
    lines = [f"import {each}" for each in sorted(plain)]
    lines += ["from hypothesis import strategies as st"] if Own.data in own else []
    names = [parts.law.imported, "Twin", *(["Dataset"] if Own.data in own else [])]
    modules = ["conjecture", "laws", *(["optimizers"] if optimizers else [])]
    modules += [] if Own.data in own else ["strategies"]
    ours = ["from solvers import OwnNorm"] if Own.norm in own else []
    ours += [f"from verify import {', '.join(sorted(names) + modules)}"]
    ours += ["from verify.losses import log_sum_exp, own_loss"] if Own.loss in own else []
    ours += [] if Own.steps in own else ["from verify.optimizers import PowerDecay"]
    return "\n".join([*lines, *([""] if lines else []), *ours])
