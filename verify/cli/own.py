"""What a user names of their own: an optimizer or a loss, as `FILE.py:NAME` or `module.NAME`."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from solvers.errors import InputError
from verify.claims.catalogue import raised
from verify.cli.common import values_of
from verify.sources import AsWritten

if TYPE_CHECKING:
    from verify.losses import Loss

DECAY = ("eta0", "a", "t0")
"""The numbers of a `PowerDecay`, as options of an optimizer of the library."""
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
# Margins that a loss of one's own is asked for, and one at which any loss is below 1.
_MARGINS, _FAR = ((0.5,), (2.0,)), 700.0


class Named(NamedTuple):
    """What was named: the value, and the file of a `FILE.py:NAME`, or of a module of the current folder."""

    value: Any
    file: Path | None


def is_own(text: str) -> bool:
    """Whether a text is of one of the two forms, rather than a name of the library."""
    return ".py:" in text or bool(_DOTTED.fullmatch(text))


def named(text: str, what: str) -> Named:
    """What a text of one of the two forms names. what: in words, for the sentences.

    A module is looked for in the current folder first. Raises `InputError` where there is no such thing, and where the
    file or module cannot be run.
    """
    if text.endswith(".py"):
        raise InputError(f"{text} is a file, which may hold many things: give {text}:NAME for the {what}.")
    if ".py:" in text:
        path, _, name = text.rpartition(":")
        module = of_file(Path(path), what)
        if not hasattr(module, name):
            raise InputError(f"{path} defines no {name!r}: {_offered(module, name, what)}.")
        return Named(getattr(module, name), Path(path))
    if not _DOTTED.fullmatch(text):
        raise InputError(f"There is no {what} {text!r}: give FILE.py:NAME, or a dotted name.")
    return _of_module(text, what)


def optimizer_of(name: str, options: Sequence[str]) -> Any:
    """An optimizer: of this library by name, or one's own, with `key=value` options.

    One's own is an optax transformation, which takes no options, or a function of them that makes one. Raises
    `InputError` where there is none, and where it does not take the options.
    """
    from verify.optimizers.homogeneity import check_optimizer
    from verify.optimizers.methods import OPTIMIZERS

    values = values_of(options)
    if name in OPTIMIZERS:
        return _of_library(name, values)
    found = own_optimizer(name)
    if is_transformation(found.value):
        if values:
            raise InputError(f"{name} is an optimizer already: leave its options ({', '.join(values)}) away.")
        return found.value
    try:
        made = found.value(**values)
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's function may raise
        words = raised(error, found.file)
        if isinstance(error, TypeError):
            raise InputError(
                f"The optimizer {name} does not take these options ({words}): set them with -o."
            ) from error
        raise InputError(
            f"The optimizer {name} cannot be made ({words}): mend what makes it, or its options."
        ) from error
    made = check_optimizer(made)
    for key, value in values.items():
        if isinstance(value, str):
            _try_text(name, made, key, value)
    return made


class Maker(NamedTuple):
    """What makes an optimizer of step sizes.

    make: from step sizes to an optax transformation; or a transformation, which has its own. step_size: the one that
    was given, None where none was. parameter: by which name the step sizes are given, None where they are not.
    """

    make: Any
    step_size: Any
    parameter: str | None


def maker_of(name: str, options: Sequence[str]) -> Maker:
    """As `optimizer_of`, but with its step sizes still to be given: the first argument of one's own function.

    A weight decay is 0 unless it is given: it bounds the weights, and no margin is maximised in the limit.
    """
    from verify.optimizers.methods import OPTIMIZERS

    values = values_of(options)
    if name in OPTIMIZERS:
        return _library_maker(name, values)
    found = own_optimizer(name)
    names = [] if is_transformation(found.value) else parameters_of(found.value)
    if not names:
        return Maker(optimizer_of(name, options), None, None)
    if "weight_decay" in names[1:]:
        values.setdefault("weight_decay", 0.0)
    step_size = values.pop(names[0], None)
    if isinstance(step_size, str | bool):
        raise InputError(f"The step sizes {names[0]}={step_size} are none: give a number, or a formula of t.")

    def make(step_size: Any) -> Any:
        try:
            return found.value(step_size, **values)
        except InputError:
            raise
        except (Exception, SystemExit) as error:  # whatever a user's function may raise
            words = raised(error, found.file)
            raise InputError(
                f"The optimizer {name} cannot be made of step sizes, its first argument, and these options ({words}): "
                "set them with -o."
            ) from error

    return Maker(make, step_size, names[0])


def _library_maker(name: str, values: dict[str, Any]) -> Maker:
    from verify.optimizers.step_sizes import PowerDecay

    decay = {key: values.pop(key) for key in DECAY if key in values}
    if decay and "step_size" in values:
        raise InputError(f"step_size and {', '.join(decay)} both give the step sizes of {name}: choose one of them.")
    step_size = PowerDecay(**({"eta0": 0.1, "a": 0.5} | decay)) if decay else values.pop("step_size", None)
    if isinstance(step_size, str | bool):
        raise InputError(f"The step sizes step_size={step_size} are none: give a number, or a formula of t.")
    return Maker(lambda steps: _of_library(name, {**values, "step_size": steps}), step_size, "step_size")


def parameters_of(make: Any) -> list[str]:
    """The names of a function's parameters, or a guess for what is not written in Python."""
    try:
        return [*inspect.signature(make).parameters]
    except (TypeError, ValueError):
        return ["step_size"]


def own_optimizer(name: str) -> Named:
    """What an optimizer's name that is not the library's stands for: a transformation, or what makes one."""
    from verify.optimizers.methods import OPTIMIZERS

    if not is_own(name):
        known = ", ".join(OPTIMIZERS)
        raise InputError(f"There is no optimizer {name!r}: use one of {known}, FILE.py:NAME, or optax.lion, say.")
    found = named(name, "optimizer")
    if not callable(found.value) and not is_transformation(found.value):
        kind = type(found.value).__name__
        raise InputError(f"{name} is of type {kind} and no optimizer: give an optax transformation, or its maker.")
    return found


def is_transformation(value: Any) -> bool:
    """Whether it is an optax transformation, and not the class of one."""
    parts = (getattr(value, "init", None), getattr(value, "update", None))
    return not isinstance(value, type) and all(map(callable, parts))


def loss_of(text: str) -> str | Loss:
    """A loss: of this library by name, which is left to the engine, or one's own.

    One's own is a `verify.losses.Loss`, or a function that `verify.losses.own_loss` takes. Raises `InputError` for what
    is neither, and for a function whose values are no logarithms of a loss.
    """
    if not is_own(text):
        return text
    from verify.losses import Loss, own_loss

    found = named(text, "loss")
    if isinstance(found.value, Loss):
        return found.value
    if not callable(found.value):
        kind = type(found.value).__name__
        raise InputError(
            f"{text} is of type {kind} and no loss: give the logarithm of one, as a function of the margins."
        )
    _check_loss(text, found)
    return own_loss(Path(text.replace(".py:", ".")).name, cast(Any, found.value))


@contextmanager
def failures_told(*texts: str) -> Iterator[None]:
    """Where one of the texts names something of a user's own, whatever it raises becomes one sentence."""
    from verify.errors import ClusterError, FlowError, TrajectoryError

    own = [text for text in texts if is_own(text)]
    try:
        yield
    except (InputError, TrajectoryError, FlowError, ClusterError):
        raise
    except Exception as error:
        if not own:
            raise
        file = next((Path(text.rpartition(":")[0]) for text in own if ".py:" in text), None)
        words = raised(error, file)
        raise InputError(f"{' or '.join(own)} cannot be run ({words}): mend it, or use another.") from error


def _of_library(name: str, values: dict[str, Any]) -> Any:
    from verify.optimizers.methods import OPTIMIZERS
    from verify.optimizers.step_sizes import PowerDecay

    decay = {key: values.pop(key) for key in DECAY if key in values}
    if decay and "step_size" in values:
        raise InputError(f"step_size and {', '.join(decay)} both give the step sizes of {name}: choose one of them.")
    values.setdefault("step_size", PowerDecay(**({"eta0": 0.1, "a": 0.5} | decay)))
    try:
        return OPTIMIZERS[name](**values)
    except TypeError as error:
        raise InputError(f"The optimizer {name} does not take these options ({error}): set them with -o.") from error


def _try_text(name: str, made: Any, key: str, value: str) -> None:
    """Raises `InputError` where an optimizer that was given a text cannot make a step: it wanted a number."""
    from verify.optimizers.calling import calling

    try:
        calling(made, (2, 2))
    except InputError as error:
        raise InputError(f"The optimizer {name} cannot use {key}={value}: give {key} as a number.") from error


def _check_loss(text: str, found: Named) -> None:
    import jax.numpy as jnp

    try:
        near, far = (jnp.asarray(found.value(jnp.asarray(z, jnp.float64))) for z in (_MARGINS, ((_FAR,),)))
    except Exception as error:  # whatever a user's function may raise
        raise InputError(f"The loss {text} cannot be run ({raised(error, found.file)}): mend it.") from error
    if near.shape != (2,) or far.shape != (1,):
        raise InputError(
            f"The loss {text} gives {near.shape} for margins (2, 1): give one value a sample, such as -z[..., 0]."
        )
    if not float(far[0]) < 0 or not float(near[1]) < float(near[0]):
        raise InputError(
            f"The loss {text} is no logarithm of a loss that falls to 0: give log loss, such as -z[..., 0]."
        )


# --- files and modules --------------------------------------------------------------------------------------------


def of_file(path: Path, what: str) -> ModuleType:
    """A Python file as a module; its folder is looked in for what it imports."""
    if path.suffix != ".py" or not path.is_file():
        raise InputError(f"{path} is no Python file: give the path of one that defines the {what}.")
    folder = str(path.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    # A name that is taken, jax.py say, must not hide what stands under it.
    name = path.stem if path.stem not in sys.modules else f"{path.stem} of {folder}"
    spec = importlib.util.spec_from_file_location(name, path, loader=AsWritten(name, str(path.absolute())))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever a user's file may raise
        del sys.modules[name]
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be run ({raised(error, path)}): mend it.") from error
    return module


def _of_module(text: str, what: str) -> Named:
    """What a dotted name stands for, of which the longest part that can be imported is the module."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    parts = text.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = _imported(".".join(parts[:length]), text, what)
        if module is None:
            continue
        value: Any = module
        for part in parts[length:]:
            if not hasattr(value, part):
                raise InputError(f"There is no {what} {text!r}: {_offered(module, part, what)}.")
            value = getattr(value, part)
        return Named(value, _local(module))
    raise InputError(f"There is no {what} {text!r}: give FILE.py:NAME, or a dotted name such as optax.lion.")


def _imported(name: str, text: str, what: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return None
        raise InputError(f"The {what} {text} cannot be imported ({raised(error, None)}): install that.") from error
    except (Exception, SystemExit) as error:  # whatever a user's module may raise
        raise InputError(f"The {what} {text} cannot be imported ({raised(error, None)}): mend it.") from error


def _local(module: ModuleType) -> Path | None:
    """The file of a module that lies in the current folder, by the first part of its name."""
    head = Path.cwd() / module.__name__.partition(".")[0]
    file = getattr(module, "__file__", None)
    return Path(file) if file and (head.is_dir() or head.with_suffix(".py").is_file()) else None


def _offered(module: ModuleType, name: str, what: str) -> str:
    """What of a module may have been meant: names like the one that was given, else those that it defines."""
    public = {each: value for each, value in vars(module).items() if not each.startswith("_")}
    close = difflib.get_close_matches(name, public, 5)
    own = [each for each, value in public.items() if _defines(module, value)]
    shown = textwrap.shorten(", ".join(close or own), 80, placeholder=" and more")
    return f"choose from {shown}" if shown else f"define the {what} at its top level"


def _defines(module: ModuleType, value: Any) -> bool:
    """Whether a module's value is not imported, as far as one can tell."""
    if isinstance(value, type | FunctionType):
        return value.__module__ == module.__name__
    return not isinstance(value, ModuleType) and type(value).__module__ != "__future__"
