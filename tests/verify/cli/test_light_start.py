"""Help and the list of claims wait for no library that computes or draws."""

import subprocess
import sys

import pytest

HEAVY = ("jax", "optax", "diffrax", "scipy", "cvxpy", "matplotlib", "sklearn")
TOLD = """
import contextlib, io, sys
sys.argv = ["verify", *{arguments!r}]
from verify.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main()
print([name for name in {heavy!r} if name in sys.modules])
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("list",),
        ("list", "muon", "--kind", "rate", "--wide"),
        ("list", "--json"),
        ("show", "fan2025/muon"),
        ("check", "--help"),
        ("gallery", "--help"),
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(arguments):
    script = TOLD.format(arguments=arguments, heavy=HEAVY)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert ended.stdout.strip().splitlines()[-1] == "[]"
