"""Calls a command as a terminal does."""

import pytest

from verify.cli import app


class Caller:
    """Calls `verify` with arguments; gives the exit code, and what it printed and complained of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int = 80):
        self.monkeypatch, self.capsys = monkeypatch, capsys
        monkeypatch.setenv("COLUMNS", str(columns))

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self.monkeypatch.setattr("sys.argv", ["verify", *arguments])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        captured = self.capsys.readouterr()
        code = stopped.value.code or 0
        assert isinstance(code, int)
        return code, captured.out, captured.err


def one_sentence(err: str) -> str:
    """What was complained of, which must be one sentence without a traceback."""
    assert err.startswith("verify: ")
    assert len(err.strip().splitlines()) == 1
    return err
