"""Methods that `verify.identify` is asked of: some of known norm, and every optimizer of optax at its defaults."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import optax
from optax import contrib

from benchmarks.soundness.problems import sign_and_normalised
from verify import optimizers
from verify.identification.shares import WEIGHTED
from verify.optimizers import PowerDecay
from verify.optimizers.calling import Optimizer

NONE = "none"
"""The truth of a method that maximises the margin of none of the norms that are tried."""

_STEP = PowerDecay(0.1, 1 / 2)
_RATE = 1e-3  # the learning rate of those that have no default
_FAN = "steepest descent with steps t^-1/2 (Fan et al. 2025)"
_LATE = "gradients vanish beside eps (Wang et al. 2022)"
_SCALAR = "every step goes along the gradient, which in the end is that of a sum of exponentials (Soudry et al. 2018)"
_DECAYS = "weights come to rest where decay and the gradient, far below eps, balance, as in ridge regression"
_SIGNS = "signs of the gradient, or of its average, within a step size of it"


@dataclass(frozen=True)
class Method:
    """An optimizer, the norm whose margin it maximises in the end, and why that is known.

    truth: the norm's name, `NONE`, or None where it is not known.
    """

    name: str
    optimizer: Callable[[], Optimizer]
    truth: str | None
    why: str


def _of_norm(
    name: str, truth: str | None, why: str, make: Callable[..., Optimizer], *args: Any, **options: Any
) -> Method:
    return Method(name, lambda: make(*args, **options), truth, why)


def _mixture(step: Any) -> Optimizer:
    return optax.chain(sign_and_normalised(), optax.scale_by_learning_rate(step))


def _descents() -> Iterator[Method]:
    for norm in ("l1.5", "l3", "schatten1.5", "schatten3"):
        yield _of_norm(f"steepest-{norm}", norm, _FAN, optimizers.steepest_descent, _STEP, norm)


KNOWN = (
    _of_norm("sign-gd", "linf", _FAN, optimizers.sign_gd, _STEP),
    _of_norm("signum", "linf", "Fan et al. 2025", optimizers.steepest_descent, _STEP, "linf", b1=0.9),
    _of_norm("lion", "linf", "its update is a sign of an average", optax.lion, _STEP, weight_decay=0.0),
    _of_norm("adam-no-eps", "linf", "Zhang et al. 2024", optimizers.adam, _STEP, b2=0.95),
    _of_norm("rmsprop-no-eps", "linf", "Zhang et al. 2024, b1 = 0", optimizers.rmsprop, _STEP, b2=0.95),
    _of_norm("normalised-gd", "l2", "Nacson et al. 2019", optimizers.normalised_gd, _STEP),
    _of_norm("momentum-ngd", "l2", "Fan et al. 2025", optimizers.steepest_descent, _STEP, "l2", b1=0.9),
    _of_norm("coordinate-descent", "l1", _FAN, optimizers.coordinate_descent, _STEP),
    *_descents(),
    _of_norm("spectral-descent", "spectral", _FAN, optimizers.spectral_descent, _STEP),
    _of_norm("muon-exact", "spectral", "Fan et al. 2025", optimizers.spectral_descent, _STEP, b1=0.9),
    _of_norm("nuclear-descent", "nuclear", _FAN, optimizers.nuclear_descent, _STEP),
    _of_norm("gradient-descent", "l2", "Soudry et al. 2018", optimizers.gradient_descent, 0.5),
    _of_norm("rmsprop-eps", "l2", _LATE, optimizers.rmsprop, 0.01, eps=1e-3),
    _of_norm("adagrad-no-eps", WEIGHTED, "Qian, Qian 2019", optimizers.adagrad, 0.1),
    _of_norm("sign-and-normalised", NONE, "steepest in |w|_inf + |w|_2's dual, none of these", _mixture, _STEP),
)
"""Those of known norm."""

_OPTAX: dict[str, tuple[str, str]] = (
    dict.fromkeys(("sgd", "optimistic_gradient_descent", "polyak_sgd", "dog", "dowg"), ("l2", _SCALAR))
    | dict.fromkeys(("sign_sgd", "signum", "lion"), ("linf", _SIGNS))
    | dict.fromkeys(("adam", "nadam", "adamax", "radam", "rmsprop", "adabelief"), ("l2", _LATE))
    | {"novograd": ("l2", "one matrix is one layer: its step is the gradient times a number")}
    | {"adagrad": (WEIGHTED, "its sum of squares comes to rest (Wang et al. 2021)")}
    | dict.fromkeys(("amsgrad", "sm3", "madgrad"), (WEIGHTED, "largest squares, or sums of squares, come to rest"))
    | dict.fromkeys(("adamw", "nadamw", "adamaxw"), (NONE, _DECAYS))
)


def _of_optax() -> Iterator[Method]:
    """Whatever takes a learning rate and nothing else that has no default; parts of optimizers are none."""
    for module in (optax, contrib):
        for name, make in sorted(vars(module).items()):
            made_here = inspect.isfunction(make) or isinstance(make, functools.partial)  # nadam is one
            if name.startswith(("_", "scale_by_")) or not made_here:
                continue
            parameters = inspect.signature(make).parameters.values()
            required = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
            rate = any(p.name in ("learning_rate", "max_learning_rate") for p in parameters)
            if rate and required in ([], ["learning_rate"]):
                truth, why = _OPTAX.get(name, (None, "not known"))
                given: dict[str, Any] = dict.fromkeys(required, _RATE)  # found by their names, which no type knows
                yield _of_norm(f"optax-{name}", truth, why, make, **given)


METHODS = (*KNOWN, *_of_optax())
"""All of them."""
