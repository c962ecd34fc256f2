"""A headless browser for tests: Chromium over its debugging pipe, with the standard library alone.

    with Browser.start() as page:
        page.open(path, "#overlays=boxes")
        assert page.value("document.body.dataset.shown") == "3"
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome-headless-shell")
MISSING = "no browser found (install chromium, or set BROWSER_PROGRAM=/path/to/chromium)"


def browser_program() -> str | None:
    """The browser to test with: BROWSER_PROGRAM, or the first one on the path."""
    named = os.environ.get("BROWSER_PROGRAM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page of a headless browser. Commands wait for their answers; errors of the page's scripts are kept in `errors`."""

    def __init__(self, program: str, profile: str) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()

        def as_three_and_four() -> None:  # where the browser looks for its pipe
            one, other = os.dup(to_browser), os.dup(from_browser)
            os.dup2(one, 3)
            os.dup2(other, 4)

        self._process = subprocess.Popen(
            [program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking",
             f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=as_three_and_four, close_fds=False,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._profile, self._buffer, self._number, self._session = profile, b"", 0, None
        self.errors: list[str] = []
        self.asked: list[str] = []
        """Addresses that the page asked for, other than its own file and data in it."""
        target = next(t for t in self.send("Target.getTargets")["targetInfos"] if t["type"] == "page")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    @classmethod
    def start(cls) -> Browser:
        """Start the browser that is there. Raises LookupError without one."""
        program = browser_program()
        if program is None:
            raise LookupError(MISSING)
        return cls(program, tempfile.mkdtemp(prefix="bestiary-browser-"))

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the browser and remove its profile."""
        try:
            self._session = None
            self.send("Browser.close", wait=5)
            self._process.wait(10)
        except (OSError, TimeoutError, RuntimeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(10)
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)

    def send(self, method: str, wait: float = 60.0, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol and its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        until = time.monotonic() + wait
        while True:
            answer = self._message(until)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
            self._note(answer)

    def _message(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self._read, 1 << 20)
            if not data:
                raise RuntimeError("the browser has ended")
            self._buffer += data
        text, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(text)

    def _note(self, event: dict[str, Any]) -> None:
        about = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details.get("text", ""))
        elif event.get("method") == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.errors.append(about["entry"]["text"])
        elif event.get("method") == "Network.requestWillBeSent" and not about["request"]["url"].startswith(("data:", "file:", "about:")):
            self.asked.append(about["request"]["url"])

    def size(self, width: int, height: int, scale: float = 1.0, phone: bool = False) -> None:
        """Make the window so large, in CSS pixels."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone)

    def open(self, path: Path, address: str = "", ready: str = "document.body.dataset.ready === 'yes'") -> None:
        """Open a file of this disk, `#…` behind it, and wait until it is ready."""
        self.send("Page.navigate", url="about:blank")
        self.wait("location.href === 'about:blank'")
        self.send("Page.navigate", url=path.resolve().as_uri() + address)
        self.wait(f"location.protocol === 'file:' && document.readyState === 'complete' && {ready}")

    def value(self, expression: str) -> Any:
        """What an expression is in the page; a promise is waited for."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 30.0) -> None:
        """Wait until an expression is true."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if self.value(f"Boolean({expression})"):
                    return
            except RuntimeError:
                pass  # between two pages
            time.sleep(0.05)
        raise TimeoutError(f"the page never came to: {expression}; errors: {self.errors}")

    def press(self, key: str) -> None:
        """Press and release a key: "ArrowRight", "Escape", "3"."""
        codes = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Escape": 27, "Enter": 13, "Tab": 9}
        code = codes.get(key, ord(key[0]))
        more = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **more)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def picture(self, path: Path, quality: int | None = None) -> Path:
        """Write what the window shows as a PNG, or as a JPEG of that quality."""
        form = {"format": "png"} if quality is None else {"format": "jpeg", "quality": quality}
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", **form)["data"]))
        return path
