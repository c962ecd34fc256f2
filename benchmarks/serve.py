"""What the way through the server costs, beside LitServe doing the same.

One job carries ``megabytes`` of random bytes to a worker process over loopback; the worker calls the echo engine, which
computes nothing, and a few bytes (``…_ms_median``) or all of them (``…_both_ways_ms_median``) come back. The overhead is
the time of the job minus the time of the same call in process. LitServe carries the same payload to the same function in
a worker process of its own, in the two ways it offers without further packages: as base64 in JSON, the usual one, and as
the raw body of a POST with its fast queue, the leanest one (there the answer is always small).

The servers run one after the other, never side by side: an idle LitServe polls and would slow the others. Several rounds,
so that a busy machine slows all alike. Every server gets warm-up jobs that do not count.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil

from ..server.echo import EchoEngine
from ..server.engine import JobContext
from ..server.evaluate.report import markdown_table, write_metrics, write_text
from ..wire import Client, LocalServer
from ..wire.messages import EchoRequest

Call = Callable[[], object]
Times = dict[str, list[float]]
WARM_UP = 10


def run(
    out: Path, repeats: int = 200, megabytes: float = 4.0, rounds: int = 2, litserve: bool = True
) -> dict[str, float]:
    """Measure, write ``metrics.json`` and ``table.md`` into ``out``, and give the metrics.

    Args:
        repeats: jobs per way, over all rounds.
        megabytes: payload of a job, in millions of bytes.
        litserve: also measure LitServe (must be installed).
    """
    payload = np.random.default_rng(0).integers(0, 256, int(megabytes * 1e6), dtype=np.uint8)
    times: Times = {}
    count = max(1, repeats // rounds)
    for _ in range(rounds):
        _measure_in_process(times, payload, count)
        _measure_server(times, payload, count)
        if litserve:
            for way in ("json", "raw"):
                _measure_litserve(times, payload, way, count)
    metrics = _summary(times, megabytes)
    write_metrics(out, metrics)
    write_text(out / "table.md", _table(times))
    return metrics


def _repeat(times: Times, name: str, call: Call, count: int) -> None:
    """Append the seconds of ``count`` calls to ``times[name]``, after some that do not count."""
    for _ in range(min(WARM_UP, count)):
        call()
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.setdefault(name, []).append(time.perf_counter() - start)


def _measure_in_process(times: Times, payload: np.ndarray, count: int) -> None:
    engine, job = EchoEngine(), JobContext()
    for name, reply in (("in_process", False), ("in_process_both_ways", True)):
        _repeat(times, name, lambda reply=reply: engine.run(EchoRequest(reply=reply), {"payload": payload}, job), count)


def _measure_server(times: Times, payload: np.ndarray, count: int) -> None:
    with (
        LocalServer(devices=["cpu"], engine_factory="bestiary.server.engines:make_echo") as server,
        Client(server.address) as client,
    ):

        def job(reply: bool) -> object:
            return client.wait(client.submit(EchoRequest(reply=reply), {"payload": payload}))

        for name, reply in (("server", False), ("server_both_ways", True)):
            _repeat(times, name, lambda reply=reply: job(reply), count)


def _measure_litserve(times: Times, payload: np.ndarray, way: str, count: int) -> None:
    import requests  # LitServe needs it too; its own examples call a server with it

    kind = {"json": "application/json", "raw": "application/octet-stream"}[way]
    with _litserve(way) as port, requests.Session() as session:

        def job() -> object:
            body: Any = payload.tobytes()
            if way == "json":
                body = json.dumps({"payload": base64.b64encode(payload.tobytes()).decode("ascii")})
            url = f"http://127.0.0.1:{port}/predict"
            answer = session.post(url, data=body, headers={"Content-Type": kind}, timeout=60).json()
            if answer != {"nbytes": payload.nbytes}:
                raise RuntimeError(f"LitServe answered {answer}.")
            return answer

        _repeat(times, f"litserve_{way}", job, count)


@contextlib.contextmanager
def _litserve(way: str) -> Iterator[int]:
    """A LitServe server process; gives its port once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = Path(__file__).with_name("litserve_echo.py")
    with tempfile.TemporaryFile() as log:
        process = psutil.Popen([sys.executable, str(script), way, str(port)], stdout=subprocess.DEVNULL, stderr=log)
        try:
            _wait_for(process, port, log)
            yield port
        finally:
            _end(process)


def _end(process: psutil.Popen) -> None:
    """End a server and its children, which outlive it otherwise and go on polling."""
    family = [process, *process.children(recursive=True)] if process.is_running() else [process]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=10)


def _wait_for(process: psutil.Popen, port: int, log: IO[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if process.poll() is not None:
            log.seek(0)
            raise RuntimeError(f"LitServe did not start: {log.read().decode(errors='replace')[-2000:]}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("LitServe did not answer in two minutes.")


def _summary(times: Times, megabytes: float) -> dict[str, float]:
    """Flat metrics, milliseconds. ``overhead_…`` is the median minus that of the same call in process."""
    medians = {name: float(np.median(values) * 1e3) for name, values in times.items()}
    metrics = {"payload_mb": megabytes, "jobs": float(len(times["server"]))}
    if hasattr(os, "getloadavg"):
        metrics["load_average"] = os.getloadavg()[0]  # what else the machine had to do
    for name, median in medians.items():
        metrics[f"{name}_ms_median"] = median
        metrics[f"{name}_ms_p95"] = float(np.quantile(times[name], 0.95) * 1e3)
    metrics["overhead_ms_median"] = medians["server"] - medians["in_process"]
    metrics["overhead_both_ways_ms_median"] = medians["server_both_ways"] - medians["in_process_both_ways"]
    for way in ("json", "raw"):
        if f"litserve_{way}" in medians:
            overhead = medians[f"litserve_{way}"] - medians["in_process"]
            metrics[f"overhead_litserve_{way}_ms_median"] = overhead
            metrics[f"speedup_over_litserve_{way}"] = overhead / metrics["overhead_ms_median"]
    return metrics


def _table(times: Times) -> str:
    names = {
        "in_process": "the call in process",
        "server": "Bestiary's server",
        "litserve_raw": "LitServe, raw body, fast queue",
        "litserve_json": "LitServe, base64 in JSON",
        "in_process_both_ways": "the call in process, payload back",
        "server_both_ways": "Bestiary's server, payload back",
    }
    rows = [
        [words, *(float(np.quantile(times[name], q) * 1e3) for q in (0.05, 0.5, 0.95)), len(times[name])]
        for name, words in names.items()
        if name in times
    ]
    return markdown_table(["way", "ms, 5 %", "ms, median", "ms, 95 %", "jobs"], rows)
