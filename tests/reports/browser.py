"""A headless Chromium over the DevTools protocol's pipe: no driver whose version must fit, no port, no other package.

The browser reads commands from file descriptor 3 and writes answers and events to 4, each a JSON text that ends in a
NUL byte. That is all that selenium or playwright would be needed for here.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def executable() -> str | None:
    """The path of an installed Chromium or Chrome, or None; a bash is needed to start it."""
    return next(filter(None, map(shutil.which, NAMES)), None) if shutil.which("bash") else None


class Browser:
    """One page of a browser of its own, with a profile of its own in `folder`."""

    def __init__(self, folder: Path, seconds: float = 60.0):
        path = executable()
        assert path is not None
        self.seconds = seconds
        self.messages: list[str] = []  # what the page wrote to its console, and what it threw
        self._ids = itertools.count(1)
        self._buffer = b""
        commands, self._write = os.pipe()
        self._read, answers = os.pipe()
        # The shell gives the pipes their numbers, whatever ours are; a plain sh knows no number above 9.
        start = [
            "bash",
            "-c",
            f'exec "$@" 3<&{commands} 4>&{answers}',
            "bash",
            path,
            *_FLAGS,
            f"--user-data-dir={folder}",
        ]
        self._process = subprocess.Popen(
            start, pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(commands)
        os.close(answers)
        self._session: str | None = None
        try:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser."""
        os.close(self._write)  # a browser whose pipe ends ends as well
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command, and return its result. Raises RuntimeError if the browser refuses it."""
        number = next(self._ids)
        command = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            command["sessionId"] = self._session
        os.write(self._write, json.dumps(command).encode() + b"\0")
        answer = self._wait(lambda message: message.get("id") == number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def open(self, url: str) -> None:
        """Load a page, and wait until it is there."""
        self.messages.clear()
        self.call("Page.navigate", url=url)
        self._wait(lambda message: message.get("method") == "Page.loadEventFired")

    def size(self, width: int, height: int = 900) -> None:
        """Give the window a size in CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, scheme: str = "light", medium: str = "") -> None:
        """Prefer a colour scheme, "light" or "dark"; on a medium, "screen" or "print", even where it is another."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=medium, features=features)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page. Raises RuntimeError if it throws."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def _wait(self, wanted: Any) -> dict[str, Any]:
        end = time.monotonic() + self.seconds
        while True:
            while b"\0" in self._buffer:
                text, self._buffer = self._buffer.split(b"\0", 1)
                message = json.loads(text)
                self._note(message)
                if wanted(message):
                    return message
            if not select.select([self._read], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError(f"The browser has not answered for {self.seconds} s.")
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise RuntimeError("The browser has ended before it answered.")
            self._buffer += piece

    def _note(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.messages.append(str(told["exceptionDetails"]))
        elif message.get("method") == "Runtime.consoleAPICalled":
            self.messages.append(f"console.{told['type']}: {told['args']}")
        elif message.get("method") == "Log.entryAdded":
            self.messages.append(f"{told['entry']['level']}: {told['entry']['text']}")
