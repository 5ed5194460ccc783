"""The command `verify new`: a file with a conjecture, ready to be tried, that says at each line what to change."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from solvers.errors import InputError
from verify.claims.catalogue import import_name, raised
from verify.cli.common import Options, out, values_of
from verify.cli.own import is_own, is_transformation, loss_of, named, own_optimizer, parameters_of
from verify.cli.run import LOSS, OPTIMIZER
from verify.cli.written import conjecture_folder, write_conjecture_text

_DECAY = "PowerDecay(0.1, 1 / 2)"
# Few digits and no power of ten: of 1e999999999 the fraction would be built.
_EXPONENT = re.compile(r"-?(\d{1,9}|\d{0,9}\.\d{1,9}|\d{1,9}/0*[1-9]\d{0,8})", re.ASCII)
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
    optimizer: Annotated[str | None, typer.Option(help=f"{OPTIMIZER} By default steepest descent.")] = None,
    option: Options = None,
    norm: Annotated[str, typer.Option(help="The norm whose margin is maximised: l1, l2, linf, spectral, ...")] = "linf",
    rate: Annotated[str, typer.Option(help="The exponent of the rate at which the gap falls, such as -1/2.")] = "-1/2",
    tolerance: Annotated[
        float | None, typer.Option(help="Claim no rate, only that the relative gap ends below this.")
    ] = None,
    loss: Annotated[str, typer.Option(help=LOSS)] = "logistic",
    multiclass: Annotated[bool, typer.Option("--multiclass", help="Draw data with classes instead of +1/-1.")] = False,
    own: Annotated[
        list[Own] | None, typer.Option(help="Write one of your own into the file, to be edited; may be given again.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Where to: by default properties/conjectures where it is, else here; beside what is named of your own."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a file with a conjecture of your own, ready to be tried by pytest or `verify check`.

    Examples: verify new lion_linf --optimizer optax.lion --norm linf --rate -1/2;
    verify new mine_l2 --optimizer mine.py:my_opt -o step_size="0.1*(t+1)**-0.5" --norm l2;
    verify new my_method --own optimizer --own data --folder notes
    """
    path = write_conjecture(
        name, own=own or (), optimizer=optimizer, options=option or (), norm=norm, rate=rate, tolerance=tolerance,
        loss=loss, multiclass=multiclass, folder=folder, force=force,
    )  # fmt: skip
    for line in (
        f"Wrote {path}: say in it what you believe. Try it by one of",
        f"  pytest {path} --profile=quick",
        f"  verify check {path} --profile quick",
    ):
        out.print(line, highlight=False, markup=False, soft_wrap=True)


def write_conjecture(
    name: str,
    *,
    optimizer: str | None,
    options: Sequence[str],
    norm: str,
    rate: str,
    loss: str,
    multiclass: bool,
    folder: Path | None,
    force: bool,
    own: Sequence[Own] = (),
    tolerance: float | None = None,
    logarithm: bool = True,
) -> Path:
    """Write the file `test_<name>.py` with a conjecture, as `verify new` does, and give its path.

    logarithm: whether the law t^-1/2 has the factor log t that is proved with it.
    Raises `InputError` for a file that is there already and not to be overwritten, and for what does not go together.
    """
    name = _identifier(name)
    own_one, own_loss = _imported(optimizer, "optimizer"), _imported(loss, "loss")
    folder = _folder(folder, _besides(own_one, own_loss))
    path = folder / f"test_{name}.py"
    if path.exists() and not force:
        raise InputError(f"{path} exists already: choose another name, or overwrite it with --force.")
    law = _law(rate, tolerance, logarithm)
    text = _text(name, _Parts(frozenset(own), optimizer, options, norm, law, loss, multiclass, own_one, own_loss))
    write_conjecture_text(path, text)
    return path


def beside(optimizer: str, loss: str) -> Path | None:
    """The folder in which a conjecture must lie, since it imports what is the user's own; None where nothing is."""
    found = _besides(_imported(optimizer, "optimizer"), _imported(loss, "loss"))
    return _folder(None, found) if found else None


def _besides(*imported: _Imported | None) -> list[Path]:
    return [each.beside for each in imported if each and each.beside]


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
    own_optimizer: _Imported | None
    own_loss: _Imported | None


class _Imported(NamedTuple):
    """Something that is not the library's: its value, its module, its expression, and the folder it is imported from
    where that is one of the user's."""

    value: Any
    module: str
    expression: str
    beside: Path | None


def _imported(text: str | None, what: str) -> _Imported | None:
    """What an optimizer's or a loss' name stands for, and None for one of the library."""
    from verify.optimizers.methods import OPTIMIZERS

    if text is None or text in OPTIMIZERS or (what == "loss" and not is_own(text)):
        return None
    found = own_optimizer(text) if what == "optimizer" else named(text, what)
    module, attribute = text.replace(".py:", ".").rsplit(".", 1)
    beside = None
    if found.file is not None:
        module, beside = import_name(found.file)
        if not all(part.isidentifier() for part in module.split(".")):
            raise InputError(f"{found.file} cannot be imported by its name: rename it to a Python identifier.")
    return _Imported(found.value, module, f"{module}.{attribute}", beside)


def _folder(asked: Path | None, beside: Sequence[Path]) -> Path:
    """Where the file goes: what it imports of the user's own lies beside it."""
    if len({folder.resolve() for folder in beside}) > 1:
        raise InputError("The optimizer and the loss lie in two folders, and the conjecture beside both: move one.")
    if beside and asked is not None and asked.resolve() != beside[0].resolve():
        raise InputError(f"What the conjecture imports lies in {beside[0]}: leave --folder away, or move it there.")
    if beside:
        return Path() if beside[0].resolve() == Path.cwd().resolve() else beside[0]
    return conjecture_folder(asked)


def _identifier(name: str) -> str:
    found = name.removeprefix("test_")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", found) or keyword.iskeyword(found):
        raise InputError(f"The name {name!r} is no Python identifier of plain letters: write for example lion_linf.")
    return found


def _law(rate: str, tolerance: float | None, logarithm: bool) -> _Law:
    if tolerance is not None:
        if not 0 < tolerance < 1:
            raise InputError(f"The tolerance is {tolerance}: give a share of the margin between 0 and 1, such as 0.05.")
        return _Law(f"Limit({tolerance!r}, laws.power(1 / 2))", "Limit", f"the relative gap falls below {tolerance!r}")
    power = exponent_of(rate)
    number = f"{power.numerator}" if power.denominator == 1 else f"{power.numerator} / {power.denominator}"
    # The law that is proved for steps t^-1/2 has a logarithm.
    more, words = (", log=1", " log t") if logarithm and power == Fraction(1, 2) else ("", "")
    return _Law(f"Rate(laws.power({number}{more}))", "Rate", f"the gap to the maximum is O(t^-{power}{words})")


def exponent_of(rate: str) -> Fraction:
    """The exponent of a law `t^-p`, positive, of a text such as -1/2; raises `InputError` for what is none."""
    power = -Fraction(rate) if _EXPONENT.fullmatch(rate) else Fraction(0)
    if power <= 0:
        raise InputError(f"The rate {rate!r} is no exponent of t at which a gap falls: write for example --rate -1/2.")
    return power


def _check_together(parts: _Parts) -> None:
    """Raises `InputError` for names that are unknown, or that exclude each other."""
    import solvers.norms
    from verify import losses

    if parts.own_loss is None:
        losses.loss(parts.loss)
    elif Own.loss in parts.own:
        raise InputError("The loss is to be your own, and one is named: leave --loss or --own loss away.")
    else:
        loss_of(parts.loss)
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
    loss = _loss(parts)
    call, called, steps_text = _optimizer(parts, norm, shown)
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
            imports=_imports(parts, call, loss),
            optimizer=call,
            optimizer_text=f"{called}{steps_text}",
            problem="data" if Own.data in own else f"strategies.{'multiclass' if parts.multiclass else 'binary'}",
            loss=loss,
            norm=norm,
            norm_name=shown,
            rival=_RIVALS.get(shown, "linf"),
            law=parts.law,
        )
        + "\n"
    )


def _optimizer(parts: _Parts, norm: str, shown: str) -> tuple[str, str, str]:
    """The optimizer as an expression and in words, and its step sizes in words."""
    from verify.optimizers.methods import OPTIMIZERS
    from verify.optimizers.step_sizes import PowerDecay

    steps, steps_text = ("steps", ", steps of my own") if Own.steps in parts.own else (_DECAY, ", η = 0.1 (t+1)^-1/2")
    if Own.optimizer in parts.own:
        return f"my_optimizer({steps})", "My optimizer", steps_text
    name = parts.optimizer
    if name is None:
        return f"optimizers.steepest_descent({steps}, {norm})", f"Steepest descent in the {shown} norm", steps_text
    values = values_of(parts.options)
    imported = parts.own_optimizer
    make = OPTIMIZERS[name] if imported is None else imported.value
    call = f"optimizers.{name}" if imported is None else imported.expression
    called = name if imported is None or imported.beside is None else imported.expression
    if is_transformation(make):
        if values or Own.steps in parts.own:
            raise InputError(
                f"{name} is an optimizer already, with its step sizes: leave options and --own steps away."
            )
        return call, called, ""
    names, first = parameters_of(make), PowerDecay(0.1, 1 / 2)
    # Weight decay bounds the weights, and then no margin is maximised in the limit.
    if "weight_decay" in names:
        values.setdefault("weight_decay", 0.0)
    if names and names[0] in values and Own.steps not in parts.own:
        first = values.pop(names[0])
        steps, steps_text = _literal(first), f", η = {getattr(first, 'text', first)}"
    _check_made(name, make, (first,) if names else (), values)
    settings = [*([steps] if names else []), *(f"{key}={_literal(value)}" for key, value in values.items())]
    return f"{call}({', '.join(settings)})", called, steps_text if names else ""


def _check_made(name: str, make: Any, steps: tuple[Any, ...], values: dict[str, Any]) -> None:
    """Raises `InputError` where the function makes no optimizer of step sizes and options."""
    from verify.optimizers.homogeneity import check_optimizer

    try:
        made = make(*steps, **values)
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's function may raise
        words = f"does not take a step size and these options ({raised(error, None)})"
        raise InputError(f"The optimizer {name} {words}: set them with -o.") from error
    check_optimizer(made)


def _loss(parts: _Parts) -> str:
    """The loss as an expression."""
    from verify.losses import Loss

    if Own.loss in parts.own:
        return "LOSS"
    if parts.own_loss is None:
        return f'"{parts.loss}"'
    expression = parts.own_loss.expression
    return expression if isinstance(parts.own_loss.value, Loss) else f'own_loss("{expression}", {expression})'


def _literal(value: Any) -> str:
    if hasattr(value, "text"):
        return f"Formula({json.dumps(value.text)})"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _imports(parts: _Parts, call: str, loss: str) -> str:
    """The import lines, sorted as import sorters want them."""
    own = parts.own
    plain = {each.module for each in (parts.own_optimizer, parts.own_loss) if each}
    plain |= {"optax"} if Own.optimizer in own else set()
    plain |= {"cvxpy as cp", "numpy as np"} if Own.norm in own else set()
    plain |= {"numpy as np"} if Own.data in own else set()
    plain |= {"jax.numpy as jnp"} if own & {Own.optimizer, Own.steps} else set()
    lines = [f"import {each}" for each in sorted(plain)]
    lines += ["from hypothesis import strategies as st"] if Own.data in own else []
    names = [parts.law.imported, "Twin", *(["Dataset"] if Own.data in own else [])]
    modules = ["conjecture", "laws", *(["optimizers"] if call.startswith("optimizers.") else [])]
    modules += [] if Own.data in own else ["strategies"]
    ours = ["from solvers import OwnNorm"] if Own.norm in own else []
    ours += [f"from verify import {', '.join(sorted(names) + modules)}"]
    needed = ["log_sum_exp", "own_loss"] if Own.loss in own else ["own_loss"] if loss.startswith("own_loss(") else []
    ours += [f"from verify.losses import {', '.join(needed)}"] if needed else []
    steps = [name for name in ("Formula", "PowerDecay") if f"{name}(" in call]
    ours += [f"from verify.optimizers import {', '.join(steps)}"] if steps else []
    return "\n".join([*lines, *([""] if lines else []), *ours])
