"""Headless Chromium, driven through its own pipe: real keys and clicks, and what the page did."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def chromium(tool):
    """The browser by the first of its names that is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None) or tool("chromium")


class Browser:
    """One page in a browser; commands and events are those of the DevTools protocol."""

    def __init__(self, reader: int, writer: int) -> None:
        self._input, self._output = os.fdopen(writer, "wb"), os.fdopen(reader, "rb")
        self._number = 0
        self._session: str | None = None
        self._rest = b""
        self.requests: list[str] = []
        self.console: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Give a command and wait for its answer; events in between are taken down."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._input.write(json.dumps(message).encode() + b"\0")
        self._input.flush()
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = os.read(self._output.fileno(), 1 << 20)
            assert block, "the browser went away"
            self._rest += block
        text, _, self._rest = self._rest.partition(b"\0")
        told = json.loads(text)
        if told.get("method") == "Network.requestWillBeSent":
            self.requests.append(told["params"]["request"]["url"])
        if told.get("method") in {"Runtime.consoleAPICalled", "Runtime.exceptionThrown"}:
            self.console.append(json.dumps(told["params"]))
        if told.get("method") == "Log.entryAdded":
            self.console.append(told["params"]["entry"]["text"])
        return told

    def open(self, page: Path) -> None:
        """Go to a page, and wait until it is loaded."""
        self.send("Page.navigate", url=page.as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def value(self, expression: str) -> Any:
        """What an expression is worth in the page."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def click(self, selector: str) -> None:
        """Click into the middle of an element."""
        box = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', inline: 'center'});"
            " const b = e.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2] })()"
        )
        place = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, **place)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        for letter in text:
            self.send("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            self.send("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def press(self, key: str) -> None:
        """Press a key by its name."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        text = {"Enter": "\r", " ": " "}.get(key, "")
        more = {"text": text} if text else {}
        told = {"key": key, "windowsVirtualKeyCode": codes[key]}
        self.send("Input.dispatchKeyEvent", type="keyDown", **told, **more)
        self.send("Input.dispatchKeyEvent", type="keyUp", **told)

    def screenshot(self, path: Path) -> None:
        """The window as PNG."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        """Let go of the pipe."""
        self._input.close()
        self._output.close()

    def pdf(self) -> bytes:
        """The page as it is printed."""
        told = self.send("Page.printToPDF", preferCSSPageSize=True)
        return base64.b64decode(told["data"])


@contextmanager
def browser(tool, folder: Path, size: tuple[int, int] = (1280, 900)) -> Iterator[Browser]:
    """A browser that can look up no host, with its profile in a folder."""
    to_browser, from_us = os.pipe()
    to_us, from_browser = os.pipe()
    words = [
        *(chromium(tool), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"),
        *("--remote-debugging-pipe", f"--window-size={size[0]},{size[1]}"),
        f"--user-data-dir={folder}/profile",
    ]
    # the browser reads from 3 and writes to 4
    moved = f"exec 3<&{to_browser} 4>&{from_browser}; exec " + ' "$@"'
    process = subprocess.Popen(
        ["/bin/bash", "-c", moved, "bash", *words],
        pass_fds=(to_browser, from_browser),
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        made = Browser(to_us, from_us)
        yield made
        made.close()
    finally:
        process.terminate()
        process.wait(timeout=60)
