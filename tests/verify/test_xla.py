"""Flags of XLA: asked for where they are known, never over the user's own, and with them products are right."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from verify import backend as backend
from verify import xla


@pytest.mark.parametrize(
    ("version", "given", "expected"),
    [
        ("0.10.2", None, "--a=1 --b=x"),
        ("0.10.2", "--xla_dump_to=here", "--xla_dump_to=here --a=1 --b=x"),
        ("0.10.2", "--b=y --c", "--b=y --c --a=1"),
        ("0.10.2", "a file of flags", "a file of flags"),
        ("99.0.0", None, None),
        ("99.0.0", "--b=y", "--b=y"),
    ],
)
def test_flags_are_set_where_they_are_known_and_nobody_has_set_them(monkeypatch, version, given, expected):
    monkeypatch.setattr(xla, "version", lambda name: version)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    if given is not None:
        monkeypatch.setenv("XLA_FLAGS", given)
    xla.ask({"a": "1", "b": "x"})
    assert os.environ.get("XLA_FLAGS") == expected


@pytest.mark.parametrize(
    ("version", "flags", "wrong"),
    [
        ("0.10.1", "", False),
        ("0.10.2", "", True),
        ("0.11.2", "", True),
        ("0.12.0", "", True),
        ("0.10.2", "--xla_cpu_experimental_ynn_fusion_type=", False),
    ],
)
def test_a_version_that_is_wrong_is_known_unless_somebody_has_seen_to_it(monkeypatch, version, flags, wrong):
    monkeypatch.setattr(xla, "version", lambda name: version)
    monkeypatch.setenv("XLA_FLAGS", flags)
    monkeypatch.setattr(xla, "_late", [])
    assert xla.computes_wrongly() is wrong
    xla.compute_rightly()
    assert xla.may_be_late() is wrong
    assert not xla.computes_wrongly()


def test_products_with_constant_zeros_are_zero():
    """Without the flag jaxlib 0.10.2 to 0.12.0 make NaN of them, in many compilations."""
    x = np.random.default_rng(0).normal(size=(192, 12, 64))
    kept = np.eye(3)[np.arange(12) % 3]

    def margins(x, kept):
        z = x @ jnp.zeros((3, 64)).T
        return jnp.sum(z * kept, axis=-1, keepdims=True) - z

    for _ in range(8):
        found = jax.jit(jax.vmap(lambda *each: margins(*each)))(x, np.broadcast_to(kept, (192, 12, 3)))
        assert (np.asarray(found) == 0).all()


@pytest.mark.parametrize("n", [16_385, 20_000])
def test_many_products_of_small_matrices_are_each_rows_own(n):
    """Without the flag jaxlib 0.10.2 gives rows past the 16 384th what belongs to others."""
    x = np.arange(3.0 * n).reshape(n, 3)
    matrix = jnp.eye(3)
    found = jax.jit(jax.vmap(lambda row: jnp.sum((matrix @ row) ** 2)))(x)
    np.testing.assert_allclose(found, np.sum(x * x, axis=1), rtol=1e-14)


LATE = """
import warnings, jax, jax.numpy as jnp
jnp.ones(2)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    {}
    import verify.backend
print([str(each.message) for each in seen])
"""


@pytest.mark.parametrize("before", ["", "from verify.haste import hasten; hasten()"])
def test_a_user_who_began_without_the_flag_is_warned(before):
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    ran = subprocess.run(
        [sys.executable, "-c", LATE.format(before)], env=environment, capture_output=True, text=True, check=True
    )
    late = "jax was at work before verify was imported" in ran.stdout
    assert late is xla.known(xla._WRONG), ran.stdout


def test_this_process_computes_rightly():
    assert not xla.computes_wrongly()
