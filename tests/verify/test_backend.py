"""Devices: which there are, where work goes, and how cores are shared out."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

from solvers.errors import InputError
from verify import backend
from verify.backend import devices, let_go_of_programs, mapped, power_of_two, working_on


@pytest.mark.parametrize(("size", "least", "expected"), [(1, 1, 1), (5, 1, 8), (8, 1, 8), (9, 1, 16), (3, 64, 64)])
def test_powers_of_two(size, least, expected):
    assert power_of_two(size, least) == expected


def test_the_engine_computes_in_float64():
    assert jnp.ones(1).dtype == jnp.float64


def test_work_goes_to_the_chosen_platform_and_back():
    before = devices()
    last = jax.devices("cpu")[-1]
    with working_on("cpu"):
        assert {device.platform for device in devices()} == {"cpu"}
        assert jnp.ones(1).devices() == {jax.devices("cpu")[0]}
    with jax.default_device(last), working_on(None):
        assert jnp.ones(1).devices() == {last}
    assert devices() == before


def test_a_device_that_is_not_here_is_refused():
    with pytest.raises(InputError, match=r"There is no 'tpu' device here: use cpu"):
        working_on("tpu")


@pytest.mark.parametrize(("workers", "share"), [("1", 1), ("2", 2), ("999", 999)])
def test_every_core_has_a_device_shared_out_among_the_workers_of_xdist(workers, share):
    # In a process of its own: this one's devices are fixed, and it may be a worker itself.
    code = "import verify.backend, jax; print(jax.local_device_count())"
    environment = os.environ | {"PYTEST_XDIST_WORKER_COUNT": workers}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert int(ran.stdout) == max(1, len(os.sched_getaffinity(0)) // share)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not count mappings")
def test_programs_are_let_go_of_before_a_process_runs_out_of_mappings():
    factor = jnp.asarray(2.0)
    programs = [jax.jit(lambda x, i=i: jnp.sin(x) * i + factor) for i in range(20)]
    want = [float(program(1.0)) for program in programs]
    before = mapped()
    assert 0 < before < 1
    assert not let_go_of_programs(share=1.0)
    assert mapped() >= before
    assert let_go_of_programs(share=before / 2)
    assert mapped() < before
    assert [float(program(1.0)) for program in programs] == want


def test_where_mappings_are_not_counted_nothing_is_let_go_of(monkeypatch, tmp_path):
    monkeypatch.setattr(backend, "_MAPS", tmp_path / "maps")
    assert mapped() == 0.0
    assert not let_go_of_programs(share=0.0)


@pytest.mark.parametrize(
    ("count", "given", "own", "expected"),
    [(1, None, None, "1"), (2, None, None, "4"), (2, "3", None, "3"), (2, "1", "1", "4"), (2, "3", "1", "3")],
)
def test_one_device_has_one_thread_and_several_have_more_unless_the_user_says_how_many(
    monkeypatch, count, given, own, expected
):
    """own: what a process that started this one had said."""
    said = {"NPROC": given, "VERIFY_SAID_NPROC": own}
    environment = {name: value for name, value in said.items() if value is not None}
    monkeypatch.setattr(os, "environ", environment)
    backend._give_threads(count)
    assert environment["NPROC"] == expected


MANY = """
import numpy as np
from verify import Dataset, run
from verify.optimizers import sign_gd
y, rng = np.arange(16) % 8, np.random.default_rng(0)
datasets = [Dataset(4 * np.eye(8)[y] + rng.normal(size=(16, 8)), y, classes=8) for _ in range(96)]
print(len(run(sign_gd(0.1), datasets, steps=100, norms=["spectral", "nuclear"]).weights))
"""


@pytest.mark.parametrize("shared", [None, "1000"])
def test_many_decompositions_end(shared):
    """On several devices, of which each would wait for ever with one thread, and on one; on one core there is one."""
    environment = {k: v for k, v in os.environ.items() if k not in ("NPROC", "PYTEST_XDIST_WORKER_COUNT")}
    environment |= {} if shared is None else {"PYTEST_XDIST_WORKER_COUNT": shared}
    ran = subprocess.run([sys.executable, "-c", MANY], env=environment, capture_output=True, text=True, timeout=120)
    assert ran.stdout == "96\n", ran.stderr[-400:]
