"""Compiling in haste: where it is known, and only where nobody has said otherwise."""

import gc
import os

import jax
import jax.numpy as jnp
import numpy as np

from verify import haste, xla


def test_flags_are_asked_for(monkeypatch):
    monkeypatch.setattr(xla, "version", lambda name: "0.10.2")
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.setattr(haste, "collect_rarely", lambda: None)
    haste.hasten()
    assert os.environ["XLA_FLAGS"].split()[1:] == [
        "--xla_cpu_use_fusion_emitters=false",
        "--xla_cpu_parallel_codegen_split_count=1",
        "--xla_backend_optimization_level=1",
    ]


def test_what_there_is_is_no_longer_searched_for_garbage(monkeypatch):
    found = []
    monkeypatch.setattr(gc, "freeze", lambda: found.append("frozen"))
    monkeypatch.setattr(gc, "set_threshold", lambda *thresholds: found.append(thresholds))
    haste.collect_rarely()
    frozen, thresholds = found
    assert frozen == "frozen"
    assert all(new > old for new, old in zip(thresholds, (700, 10, 10), strict=True))


def test_an_unknown_version_gets_no_options(monkeypatch):
    monkeypatch.setattr(xla, "version", lambda name: "99.0.0")
    assert haste.with_care() is None


def test_the_installed_version_takes_the_options_and_computes_the_same():
    x = jnp.linspace(0.1, 3.0, 50)

    def f(x):
        return jnp.sqrt(x) / (1 + jnp.exp(-x))

    careful = jax.jit(f, compiler_options=haste.with_care())(x)
    np.testing.assert_allclose(careful, jax.jit(f)(x), rtol=1e-14)
