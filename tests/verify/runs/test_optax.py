"""Every optimizer of optax and optax.contrib, found by introspection: it runs, or is refused in one sentence."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax import contrib

from solvers.errors import InputError
from verify.datasets import Dataset
from verify.optimizers import sign_gd
from verify.optimizers.calling import calling
from verify.optimizers.homogeneity import check_optimizer
from verify.runs.simulation import run

X = np.random.default_rng(0).normal(size=(17, 3))  # not padded, so that padding needs no probe
DATA = Dataset(X, np.where(X @ [1.0, 2.0, -1.0] > 0, 1, -1))

# What required arguments are given, by their names. A new release that asks for another one fails below.
INNER = optax.sgd(0.1)
BY_VALUE = ((), ("value",), ("value", "grad", "value_fn"))
AWAY = optax.chain(contrib.normalize(), optax.sgd(0.05))
GIVEN: dict[str, Any] = dict.fromkeys(("learning_rate", "step_size", "eta", "clipping", "l2_norm_clip"), 0.1)
GIVEN |= dict.fromkeys(("inner", "opt", "optimizer", "base_optimizer", "fast_optimizer", "tx"), INNER)
GIVEN |= dict.fromkeys(("decay", "gamma", "slow_step_size", "max_delta", "threshold", "max_norm"), 0.5)
GIVEN |= dict.fromkeys(("sync_period", "every_k_schedule", "max_consecutive_errors", "noise_multiplier"), 3)
GIVEN |= dict.fromkeys(("max_backtracking_steps", "max_linesearch_steps", "seed"), 3)
GIVEN |= {
    "adv_optimizer": AWAY,
    "f": lambda g, w=None: -g,
    "freeze_mask": False,
    "inner_factory": optax.sgd,
    "mask": True,
    "measure": jnp.abs,
    "measure_name": "size",
    "param_labels": "all",
    "should_transform_fn": lambda step: step % 2 == 0,
    "step_size_fn": lambda t: 0.1,
    "transforms": {"all": INNER},
}
PER_EXAMPLE = "give one that takes the gradient of the mean loss, not the gradients of single examples"
REFUSED = {"dpsgd": PER_EXAMPLE, "differentially_private_aggregate": PER_EXAMPLE}


def _required(make: Callable[..., Any]) -> list[str]:
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(make).parameters.values()
    return [p.name for p in parameters if p.default is p.empty and p.kind not in kinds]


def _factories() -> dict[str, Callable[..., Any]]:
    """Whatever returns a transformation, by its annotation or when it is tried."""
    found: dict[str, Callable[..., Any]] = {}
    for module in (optax, contrib):
        for name, make in sorted(vars(module).items()):
            if name.startswith("_") or not (inspect.isfunction(make) or make is optax.MultiSteps):
                continue
            returned = inspect.signature(make).return_annotation
            if "GradientTransformation" in str(returned) or (returned is inspect.Signature.empty and _makes(make)):
                found[name] = make
    return found


def _made(make: Callable[..., Any]) -> Any:
    if make in (optax.chain, optax.named_chain):
        return optax.chain(INNER) if make is optax.chain else optax.named_chain(("all", INNER))
    made = make(**{name: GIVEN[name] for name in _required(make)})
    return made(learning_rate=0.1) if "inner_factory" in _required(make) else made


def _makes(make: Callable[..., Any]) -> bool:
    try:
        check_optimizer(_made(make))
    except Exception:
        return False
    return True


FACTORIES = _factories()
WHOLE = [name for name in FACTORIES if not name.startswith("scale_by_")]  # these are parts of optimizers


def test_the_walk_meets_those_that_are_known():
    assert {"adam", "lbfgs", "lookahead", "MultiSteps", "sophia", "schedule_free", "dog"} <= set(FACTORIES)
    assert set(REFUSED) <= set(FACTORIES)


@pytest.mark.filterwarnings("ignore:Specifying a key", "ignore::DeprecationWarning")
def test_parts_of_optimizers_can_be_called_or_are_refused_too():
    parts = FACTORIES.keys() - set(WHOLE)
    assert "scale_by_adam" in parts
    refused = set()
    for name in parts:
        try:
            assert calling(_made(FACTORIES[name]), (3,)).asks in BY_VALUE
        except InputError:
            refused.add(name)
    assert refused == {"scale_by_muon"}  # of matrices


@pytest.fixture
def hasty_compiler() -> Iterator[None]:
    """Compiled programs that are run for a few steps need not be fast."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


# Optax asks for keys by a warning as yet.
@pytest.mark.usefixtures("hasty_compiler")
@pytest.mark.filterwarnings("ignore:Specifying a key", "ignore::DeprecationWarning")
@pytest.mark.parametrize("name", WHOLE)
def test_each_runs_or_is_refused_in_one_sentence(name: str):
    optimizer = _made(FACTORIES[name])
    if name in REFUSED:
        with pytest.raises(InputError, match=REFUSED[name]) as caught:
            run(optimizer, DATA, steps=1)
        assert "\n" not in str(caught.value)
        return
    result = run(optimizer, DATA, steps=1)
    assert result.horizon[0] == -1
    assert np.isfinite(result.weights[0]).all()
    assert np.isfinite(result.log_loss).all()


# What is recorded is what a plain loop comes to


def _loss(w: jax.Array) -> jax.Array:
    return jnp.mean(jnp.logaddexp(0.0, -DATA.signed @ w))


def _value(value: jax.Array, w: jax.Array) -> dict[str, Any]:
    return {"value": value}


def _nothing(value: jax.Array, w: jax.Array) -> dict[str, Any]:
    return {}


SCHEDULE_FREE = contrib.schedule_free_sgd()
LOOPS: dict[str, tuple[Any, Callable[..., Any], Callable[..., Any]]] = {
    "polyak": (optax.polyak_sgd(), _value, lambda state, w: w),
    "momo_adam": (contrib.momo_adam(0.1), _value, lambda state, w: w),
    "sophia": (contrib.sophia(0.1), lambda value, w: {"obj_fn": _loss}, lambda state, w: w),
    "lbfgs": (
        optax.lbfgs(linesearch=optax.scale_by_backtracking_linesearch(4)),
        lambda value, w: {"value": value, "grad": jax.grad(_loss)(w), "value_fn": _loss},
        lambda state, w: w,
    ),
    "SAM in one step": (
        contrib.sam(INNER, AWAY, opaque_mode=True),
        lambda value, w: {"grad_fn": lambda w, _: jax.grad(_loss)(w)},
        lambda state, w: w,
    ),
    "schedule-free": (SCHEDULE_FREE, _nothing, contrib.schedule_free_eval_params),
    "noisy": (optax.chain(optax.add_noise(0.01, 0.55, 0), INNER), _nothing, lambda state, w: w),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_run_is_what_a_plain_loop_comes_to(name: str):
    optimizer, asked, measured = LOOPS[name]
    result = run(optimizer, DATA, steps=3)
    w = jnp.zeros(3)
    state = optimizer.init(w)
    for _ in range(result.time[-1]):
        value, g = jax.value_and_grad(_loss)(w)
        update, state = optimizer.update(g, state, w, **asked(value, w))
        w = w + update
    w = measured(state, w)
    np.testing.assert_allclose(result.weights[0], w, rtol=1e-10)
    assert result.log_loss[0, -1] == pytest.approx(float(jnp.log(_loss(w))), rel=1e-10)


# In the log domain, and up to the horizon


@pytest.mark.parametrize(
    ("optimizer", "moments"),
    [
        (optax.lookahead(sign_gd(100.0), 2, 0.5), None),
        (contrib.schedule_free(optax.sign_sgd(100.0), 100.0), None),
        (optax.adam(100.0, eps=0, mu_dtype=jnp.bfloat16), jnp.bfloat16),
    ],
    ids=["lookahead", "schedule-free", "bfloat16"],
)
def test_scale_free_methods_are_exact_far_beyond_the_range_of_their_gradients(optimizer: Any, moments: Any):
    """From a start at which the gradient is `e^-2000`, as from zero: on one point the direction is the same."""
    dataset = Dataset([[1.0, 0.5]], [1])
    start = np.array([2000.0, 0.0])
    near = run(optimizer, dataset, loss="exponential", steps=20)
    far = run(optimizer, dataset, loss="exponential", steps=20, w0=[start])
    assert far.exact
    assert far.horizon[0] == -1
    np.testing.assert_allclose(
        far.weights[0] - start, near.weights[0], rtol=float(jnp.finfo(moments).eps) if moments else 1e-9
    )


def test_methods_that_need_values_end_at_a_horizon():
    result = run(contrib.momo(1e6), Dataset([[1.0, 0.5]], [1]), loss="exponential", steps=20, w0=[np.array([800.0, 0])])
    assert not result.exact
    assert result.horizon[0] == 0
    np.testing.assert_array_equal(result.weights[0], [800, 0])


def test_the_gap_budget_is_that_of_the_measured_weights():
    """The path of lookahead's slow weights on one point: they go straight, so that it is their length."""
    result = run(optax.lookahead(sign_gd(0.1), 2, 0.5), Dataset([[1.0, 1.0]], [1]), steps=20, budget=True)
    np.testing.assert_allclose(result.path["l2"], result.norms["l2"], rtol=1e-12)
    np.testing.assert_allclose(result.norms["l2"][0, -1], 0.1 * np.sqrt(2) * (result.time[-1] // 2), rtol=1e-12)
