"""Start a server and keep it running: what ``bestiary serve`` calls.

Also runs as a module, for programs that start a server of their own (``wire/local.py``)::

    python server/launch.py server.serve '{"address": "tcp://127.0.0.1:0", "ready_file": "/tmp/x/ready"}'
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from ..wire.errors import KeyProblem
from .broker import Broker
from .settings import ServerError, Settings

log = logging.getLogger("bestiary.server")


def serve(
    address: str = "tcp://127.0.0.1:8755",
    model_path: str | os.PathLike[str] | None = None,
    devices: Sequence[str] | None = None,
    key_dir: str | os.PathLike[str] | None = None,
    *,
    ready_file: str | os.PathLike[str] | None = None,
    stop_with_stdin: bool = False,
    on_ready: Callable[[str], None] | None = None,
    **numbers: Any,
) -> None:
    """Run a server until SIGINT or SIGTERM. Call it from the main thread.

    Args:
        address: ``tcp://HOST:PORT`` (port 0 = a free one) or ``ipc://FILE``. A host that other machines can reach
            needs ``key_dir``.
        model_path: an animal model's file; None = the open animal.
        devices: one worker process each, as torch names them (``cpu``, ``cuda:0``); None = every CUDA device, or
            ``cpu`` when there is none.
        key_dir: the server's key folder (made by ``wire.keys.make_server_keys``). With it, only the clients in its
            list are let in, on loopback too.
        ready_file: gets the address in use as soon as clients can connect (workers may still be starting).
        stop_with_stdin: stop when standard input closes, so that the server ends with the program that started it.
        on_ready: called with the address, likewise.
        numbers: further fields of :class:`~.settings.Settings`.

    Raises:
        ServerError: it cannot start, or no worker can; message and advice say why.
    """
    if model_path is not None and not Path(model_path).is_file():
        raise ServerError(f"There is no model file {model_path}.", "Check the path given as --model.")
    if re.fullmatch(r"tcp://\S+:(\d{1,5}|\*)|ipc://\S+", address) is None:
        raise ServerError(f"{address!r} is no address to listen at.", "It looks like tcp://127.0.0.1:8755.")
    settings = Settings(
        address=address.replace(":0", ":*") if address.startswith("tcp://") and address.endswith(":0") else address,
        devices=tuple(devices) if devices else find_devices(),
        model_path=None if model_path is None else Path(model_path).absolute(),
        key_dir=None if key_dir is None else Path(key_dir).absolute(),
        **numbers,
    )
    try:
        broker = Broker(settings)
    except KeyProblem as error:
        raise ServerError(error.message, error.advice) from None
    if stop_with_stdin:
        threading.Thread(target=_wait_for_stdin, args=(broker,), daemon=True).start()
    with _signals(broker):
        log.info("listening at %s with %s", broker.address, ", ".join(settings.devices))
        if ready_file is not None:
            _write(Path(ready_file), broker.address)
        if on_ready is not None:
            on_ready(broker.address)
        broker.run()


def find_devices() -> tuple[str, ...]:
    """``cuda:0``, ``cuda:1``, … as torch counts them, or ``cpu``. Torch is asked in a process of its own."""
    if shutil.which("nvidia-smi") is None:
        return ("cpu",)
    question = "import torch; print(torch.cuda.device_count())"
    try:
        answer = subprocess.run(
            [sys.executable, "-c", question], capture_output=True, text=True, timeout=120, check=True
        )
        count = int(answer.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        count = 0
    return tuple(f"cuda:{number}" for number in range(count)) or ("cpu",)


@contextlib.contextmanager
def _signals(broker: Broker):
    """SIGINT and SIGTERM stop the broker; afterwards they mean what they meant before."""

    def stop(number: int, _: FrameType | None) -> None:
        log.info("stopping (%s)", signal.Signals(number).name)
        broker.stop()

    wanted = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = [(number, signal.signal(number, stop)) for number in wanted]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _wait_for_stdin(broker: Broker) -> None:
    while sys.stdin.buffer.read(1024):
        continue
    broker.stop()


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def main() -> int:
    """Serve with the arguments of the JSON object given as the only argument. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    arguments = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    known = {field.name for field in dataclasses.fields(Settings)} | {"ready_file", "stop_with_stdin"}
    unknown = set(arguments) - known
    if unknown:
        print(f"Unknown arguments: {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    try:
        serve(**arguments)
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # not exit(): a thread may hold standard input
