"""Lifting networks against what one would use instead: frames a second, and what longer clips cost.

    speed      tracks of 26 joints through `lift_tracks`: ours and the paper's lifter, full and small, 3D-LFM, DSTformer; the networks
               take turns and the fastest call of each counts. The whole pipeline (swaps, lifting, bones, path, feet) beside them
    attention  attention over time within alpha frames, in blocks, against the same through one mask of frames x frames, both torch's
               fused kernel, at growing numbers of frames
    memory     peak of one call against the number of frames, up to 10,000: the clip in windows (`lift_tracks`), the network over all
               frames at once, and the same with the mask

On a CPU the peak is that of the resident set in a process of its own, on a GPU that of the allocated memory.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..animal.skeleton import Skeleton
from ..animal.skeleton_presets import preset
from ..animal.tracks import Tracks
from ..server.evaluate.plot import line_plot
from ..server.evaluate.report import markdown_table, write_metrics, write_text
from ..server.lift import layers
from ..server.lift.networks import make_network, parameters_of
from ..server.lift.pipeline import lift
from ..server.lift.precision import computing, dtype_of
from ..server.lift.windows import _windows, lift_tracks
from ..server.train.settings import read_config
from .peak import peak_in_process, print_peak

Say = Callable[[str], None]
Metrics = dict[str, float]
CONFIGS = Path(layers.__file__).parent / "configs"
KINDS = ("lifter", "bestiary", "lfm", "dstformer")
PIPELINES = ("full_bestiary", "small_bestiary")
"""Networks that are also measured with the whole pipeline around them."""
SPEED_FRAMES = 480
ATTENTION_FRAMES = (48, 120, 240, 480, 960, 1920, 3840, 7680)
MEMORY_FRAMES = (500, 2000, 10_000)
MASKED_FRAMES = (500, 1000, 2000)
"""Of the whole network with a mask; more takes minutes on a CPU."""
ALPHA = 8
SLOW = 4.0
"""Seconds a call may take before longer clips are no longer tried: the next takes four times as long."""


def run(
    out: Path, frames: int = SPEED_FRAMES, seconds: float = 6.0, threads: int = 2, longest: int = MEMORY_FRAMES[-1], device: str = "auto",
    say: Say = lambda text: None,
) -> Metrics:
    """Measure, write metrics.json, table.md and plots into `out`, and give the metrics.

    frames: of the clip that speeds are measured with; seconds: time for each network; threads: of torch, 0 leaves it as it is;
    longest: the most frames whose memory is measured, 0 for none; device: "cpu", "cuda", or "auto" for both where there is a GPU.
    """
    if threads:
        torch.set_num_threads(threads)
    both = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    devices = both if device == "auto" else [device]
    metrics: Metrics = {"threads": torch.get_num_threads()}
    text = [f"# Lifting: speed and memory\n\n26 joints; torch {torch.__version__}, {torch.get_num_threads()} threads. "
            f"Devices: {', '.join(_about(one) for one in devices)}.\n"]  # fmt: skip
    for one in devices:
        parts: dict[str, Callable[[], tuple[Metrics, str]]] = {
            "Speed": lambda one=one: speed(one, frames, seconds, say),
            "Attention": lambda one=one: attention(one, out, seconds),
            "Memory": lambda one=one: memory(one, out, longest),
        }
        for name, part in parts.items():
            say(f"{name} on {one}")
            numbers, words = part()
            metrics |= numbers
            text.append(f"\n## {name}, {one}\n\n{words}")
            write_metrics(out, metrics)
            write_text(out / "table.md", "".join(text))
    return metrics


def networks() -> dict[str, dict[str, Any]]:
    """The settings of every network by size and kind, from the configurations that it is trained with."""
    return {f"{size}_{kind}": read_config(CONFIGS / f"{size}_{kind}.toml")["network"] for size in ("full", "small") for kind in KINDS}


def made(settings: dict[str, Any], device: str, **changes: Any) -> nn.Module:
    """A network with random weights, ready to use."""
    torch.manual_seed(0)
    settings = {**settings, **changes}
    return make_network(settings.pop("kind"), **settings).to(device).eval()


def tracks_of(frames: int, seed: int = 0) -> Tracks:
    """26 points that wander, all seen."""
    rng = np.random.default_rng(seed)
    skeleton: Skeleton = preset("animal3d")
    points = rng.normal(scale=150, size=(1, len(skeleton), 2)) + rng.normal(scale=3, size=(frames, len(skeleton), 2)).cumsum(axis=0)
    return Tracks(points + 500, skeleton, 30.0, width=1080, height=1080)


def speed(device: str, frames: int, seconds: float, say: Say) -> tuple[Metrics, str]:
    """Frames a second of every network and of the pipeline; keys fps_DEVICE_SIZE_KIND."""
    tracks = tracks_of(frames)
    nets = {name: made(settings, device) for name, settings in networks().items()}
    calls: dict[str, Callable[[], object]] = {name: _lifting(net, tracks, device) for name, net in nets.items()}
    calls |= _pipelines(nets, tracks, device)
    best = take_turns(calls, seconds, device)
    metrics: Metrics = {f"fps_{device}_{name}": frames / value for name, value in best.items()}
    rows = []
    for name, value in best.items():
        net = nets.get(name.removesuffix("_pipeline"))
        count = "–" if net is None or name.endswith("_pipeline") else f"{parameters_of(net) / 1e6:.2f}"
        kind = "–" if net is None else str(dtype_of(net, device)).removeprefix("torch.")
        metrics[f"bits_{device}_{name}"] = 16 if kind == "bfloat16" else 32
        rows.append([name.replace("_", " "), count, kind, f"{frames / value:,.0f}", 1e3 * value / frames])
        say(f"{name}: {frames / value:,.0f} frames/s, {kind}")
    columns = ["network", "parameters, M", "computes in", "frames/s", "ms a frame"]
    return metrics, f"A clip of {frames} frames.\n\n" + markdown_table(columns, rows)


def _lifting(net: nn.Module, tracks: Tracks, device: str) -> Callable[[], object]:
    return lambda: lift_tracks(net, tracks.points, np.asarray(tracks.confidence), tracks.skeleton, device)


def take_turns(calls: dict[str, Callable[[], object]], seconds: float, device: str) -> dict[str, float]:
    """The fastest time in seconds of every call, which take turns for about `seconds` each; each is called at least 3 times."""
    best = {name: float("inf") for name in calls}
    for call in calls.values():
        call()
    end, turns = time.perf_counter() + seconds * len(calls), 0
    while turns < 3 or time.perf_counter() < end:
        for name, call in calls.items():
            best[name] = min(best[name], timed(call, device))
        turns += 1
    return best


def _fastest(call: Callable[[], object], seconds: float, device: str) -> float:
    """The fastest time in seconds of a call; one that takes longer than all the time there is is made once."""
    first = timed(call, device)
    return first if first > seconds else min(first, take_turns({"": call}, seconds, device)[""])


def timed(call: Callable[[], object], device: str) -> float:
    """Seconds of one call, the device's work included."""
    _wait(device)
    start = time.perf_counter()
    call()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def attention(device: str, out: Path, seconds: float) -> tuple[Metrics, str]:
    """Attention over time alone, in float32, at the full network's size: in blocks, through a mask, and over all frames."""
    net = networks()["full_lifter"]
    heads, width, joints = int(net["heads"]), int(net["width"]), 26
    rows: list[list[Any]] = []
    metrics: Metrics = {}
    times: dict[str, list[float]] = {"in blocks": [], "one mask": [], "no mask": []}
    for frames in ATTENTION_FRAMES:
        q, k, v = torch.randn(3, joints, heads, frames, width // heads, device=device).unbind(0)

        def blocks(q: torch.Tensor = q, k: torch.Tensor = k, v: torch.Tensor = v) -> object:
            return layers.banded_attention(q, k, v, ALPHA, None)

        def mask(q: torch.Tensor = q, k: torch.Tensor = k, v: torch.Tensor = v) -> object:
            with one_mask():
                return layers.banded_attention(q, k, v, ALPHA, None)

        def everything(q: torch.Tensor = q, k: torch.Tensor = k, v: torch.Tensor = v) -> object:
            return layers.banded_attention(q, k, v, None, None)

        with torch.inference_mode():
            for name, call in zip(times, (blocks, mask, everything), strict=True):
                slow = bool(times[name]) and not times[name][-1] <= SLOW
                times[name].append(float("nan") if slow else _fastest(call, min(seconds, 1.0), device))
        found = [times[name][-1] for name in times]
        if np.isfinite(found[1]):
            metrics[f"attention_speedup_{device}_{frames}"] = found[1] / found[0]
        rows.append([frames, *(1e3 * value for value in found), found[1] / found[0]])
    line_plot(out / f"attention_{device}.png", {name: (ATTENTION_FRAMES, [1e3 * t for t in values]) for name, values in times.items()},
              "frames", "ms", log_x=True)  # fmt: skip
    columns = ["frames", f"within {ALPHA} frames, in blocks, ms", "the same, one mask, ms", "all frames, ms", "mask / blocks"]
    return metrics, f"One layer, {joints} joints, {heads} heads of {width // heads}.\n\n" + markdown_table(columns, rows)


@contextmanager
def one_mask() -> Iterator[None]:
    """Inside, attention over time goes through one mask of frames x frames however long the clip is."""
    before = layers.DIRECT
    layers.DIRECT = 1 << 30
    try:
        yield
    finally:
        layers.DIRECT = before


def memory(device: str, out: Path, longest: int) -> tuple[Metrics, str]:
    """Peak memory in MB and seconds of one call of the full lifter against the number of frames."""
    if not longest:
        return {}, "Not measured.\n"
    ways: dict[str, Sequence[int]] = {"windows": MEMORY_FRAMES, "one call": MEMORY_FRAMES, "one call, mask": MASKED_FRAMES}
    metrics: Metrics = {}
    curves: dict[str, tuple[list[float], list[float]]] = {}
    rows: list[list[Any]] = []
    for way, counts in ways.items():
        for frames in (count for count in counts if count <= longest):
            job = {"way": way, "frames": frames, "device": device, "threads": torch.get_num_threads()}
            peak = peak_in_process("lift", "report_peak", job)
            xs, ys = curves.setdefault(way, ([], []))
            xs.append(frames)
            ys.append(peak / 2**20)
            key = way.replace(", ", "_").replace(" ", "_")
            metrics[f"memory_mb_{device}_{key}_{frames}"] = peak / 2**20
            rows.append([way, frames, f"{peak / 2**20:,.0f}", 1024 * peak / 2**20 / frames])
    for way, (xs, ys) in curves.items():
        if len(xs) > 2:  # the power of the number of frames that the last peaks grow by: 1 is linear
            key = way.replace(", ", "_").replace(" ", "_")
            metrics[f"memory_power_{device}_{key}"] = float(np.log(ys[-1] / ys[-3]) / np.log(xs[-1] / xs[-3]))
    if curves:
        line_plot(out / f"memory_{device}.png", curves, "frames", "peak, MB")
    return metrics, markdown_table(["full lifter", "frames", "peak, MB", "KB a frame"], rows)


def report_peak(job: str) -> None:
    """Print the peak bytes of a job (JSON). Runs in a child process."""
    given = json.loads(job)
    torch.set_num_threads(given["threads"])
    device = given["device"]
    net = made(networks()["full_lifter"], device)
    call = _call_of(given["way"], net, given["frames"], device)
    _call_of(given["way"], net, 96, device)()  # threads, kernels and buffers of the libraries
    if not device.startswith("cuda"):
        print_peak(call)
        return
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    call()
    print(max(torch.cuda.max_memory_allocated() - before, 1))


def _call_of(way: str, net: nn.Module, frames: int, device: str) -> Callable[[], object]:
    tracks = tracks_of(frames)
    if way == "windows":
        return _lifting(net, tracks, device)
    windows = _windows(tracks.points[None], np.asarray(tracks.confidence)[None], tracks.skeleton, device)

    def whole() -> object:
        with torch.inference_mode(), computing(net, device):
            return net(windows)

    def masked() -> object:
        with one_mask():
            return whole()

    return whole if way == "one call" else masked


def _about(device: str) -> str:
    return torch.cuda.get_device_name() if device.startswith("cuda") else f"CPU ({torch.get_num_threads()} threads)"


def _pipelines(nets: dict[str, nn.Module], tracks: Tracks, device: str) -> dict[str, Callable[[], object]]:
    """The whole pipeline around our networks, as calls."""
    return {f"{name}_pipeline": lambda net=nets[name]: lift(tracks, net, device=device) for name in PIPELINES}


if __name__ == "__main__":
    # Where the command line's packages are not installed: python -m bestiary.benchmarks.lift DIR
    import sys

    run(Path(sys.argv[1]), say=lambda text: print(text, file=sys.stderr, flush=True))
    print((Path(sys.argv[1]) / "table.md").read_text(encoding="utf-8"))
