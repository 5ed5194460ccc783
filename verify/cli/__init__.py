"""The command line, one module a command.

Each imports what it needs when it is called, so that help is there at once.
"""

from __future__ import annotations


def main() -> None:
    """Entry point: bad input is one sentence on standard error, and exit code 2."""
    from verify.cli.app import main
    from verify.haste import hasten

    hasten()
    main()


__all__ = ["main"]
