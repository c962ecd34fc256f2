"""The lifting networks, all with one interface: `network(Windows) -> Lifted`.

* `lifter`: Object-Agnostic 3D Lifting in Space and Time (section 3.2): Fourier features of x, y, t; attention within alpha
  frames; hybrid attention over joints; canonical output.
* `lfm`: 3D-LFM, the same without time: one frame at a time.
* `dstformer`: MotionBERT's two-stream transformer with learned embeddings, adapted as section 4 says.
* `bestiary`: ours: camera-space output on top of the 2D points, sides and skeleton structure as input, uncertainty.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .inputs import Lifted, Windows
from .layers import FourierFeatures, SpaceLayer, TimeLayer, space_mask, walk_features

FRAME_UNIT = 24.0
"""Frames that count as one in the features of time."""


class NetworkError(ValueError):
    """A network that cannot be made; the message names the setting."""


def frame_times(windows: Windows) -> Tensor:
    """(T,) the frames' times about the middle of the window, in units of FRAME_UNIT."""
    count = windows.points.shape[1]
    return (torch.arange(count, device=windows.points.device) - (count - 1) / 2) / FRAME_UNIT


class Head(nn.Module):
    """Features → the numbers that are asked for, through one hidden layer, in single precision. It starts at zero where `zero` says so."""

    def __init__(self, width: int, outputs: int, zero: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, outputs))
        if zero:
            nn.init.zeros_(self.layers[-1].weight)
            nn.init.zeros_(self.layers[-1].bias)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return self.layers(x.float())


class Lifter(nn.Module):
    """The paper's lifter. `time_layers` P, `space_layers` O, `alpha` the reach in frames (None: all).

    time: "fourier" (x, y and t together), "learned" (an embedding for each of `max_frames` places) or "none" (Table 5).
    canonical: trained with Procrustes alignment (Table 6); without it the loss is taken in camera axes.
    Without time layers (3D-LFM) time is no input.
    """

    def __init__(
        self, width: int = 256, heads: int = 8, time_layers: int = 4, space_layers: int = 12, alpha: int | None = 8,
        ratio: float = 2.0, time: str = "fourier", canonical: bool = True, max_frames: int = 48,
    ) -> None:
        super().__init__()
        if time not in ("fourier", "learned", "none"):
            raise NetworkError(f"time: is '{time}'; there are fourier, learned and none")
        self.canonical, self.heads = canonical, heads
        self.time = time if time_layers else "none"
        self.features = FourierFeatures(3 if self.time == "fourier" else 2, width)
        self.missing = nn.Parameter(torch.zeros(width))
        self.places = nn.Parameter(0.02 * torch.randn(max_frames, width)) if self.time == "learned" else None
        self.motion = nn.ModuleList(TimeLayer(width, heads, alpha, ratio) for _ in range(time_layers))
        self.space = nn.ModuleList(SpaceLayer(width, heads, ratio) for _ in range(space_layers))
        self.head = Head(width, 3)

    def forward(self, windows: Windows) -> Lifted:
        """See the module; positions are canonical where `canonical` is set."""
        x = self._embed(windows)
        for layer in self.motion:
            x = layer(x, windows.frames)
        mask = space_mask(windows.adjacency, windows.joints, self.heads)
        for layer in self.space:
            x = layer(x, mask)
        return Lifted(self.head(x).float())

    def _embed(self, windows: Windows) -> Tensor:
        known = (windows.seen > 0)[..., None]
        p = torch.where(known, windows.points, 0.0)
        if self.time == "fourier":
            t = frame_times(windows)[None, :, None, None].expand(*p.shape[:3], 1)
            p = torch.cat([p, t], dim=-1)
        x = self.features(p) + torch.where(known, 0.0, self.missing)
        if self.places is not None:
            x = x + self.places[: p.shape[1], None]
        return x


class LFM(Lifter):
    """3D-LFM: local and global attention over the joints of one frame, canonical output."""

    def __init__(self, width: int = 256, heads: int = 8, space_layers: int = 16, ratio: float = 2.0, canonical: bool = True) -> None:
        super().__init__(width, heads, 0, space_layers, None, ratio, "none", canonical)


class DSTformer(nn.Module):
    """MotionBERT's network: one stream attends over joints and then time, another over time and then joints, and a softmax
    weighs them in every layer. Joints and frames have learned embeddings, so there are at most `max_joints` and `max_frames`.

    Its joints have no meaning across rigs, so while training their order is drawn anew for every window (section 4).
    """

    canonical = False

    def __init__(
        self, width: int = 256, heads: int = 8, depth: int = 5, ratio: float = 2.0, max_joints: int = 96, max_frames: int = 48,
    ) -> None:
        super().__init__()
        self.max_joints, self.max_frames = max_joints, max_frames
        self.embed = nn.Linear(3, width)
        self.joint_places = nn.Parameter(0.02 * torch.randn(max_joints, width))
        self.frame_places = nn.Parameter(0.02 * torch.randn(max_frames, width))
        self.layers = nn.ModuleList(_TwoStreams(width, heads, ratio) for _ in range(depth))
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 3))

    def forward(self, windows: Windows) -> Lifted:
        """Positions in camera axes. Raises NetworkError for more joints or frames than it was made for."""
        _, t, j, _ = windows.points.shape
        if j > self.max_joints or t > self.max_frames:
            raise NetworkError(f"the DSTformer has places for {self.max_joints} joints and {self.max_frames} frames, not {j}, {t}")
        known = (windows.seen > 0)[..., None]
        x = self.embed(torch.cat([torch.where(known, windows.points, 0.0), windows.seen[..., None]], dim=-1))
        x = x + self.joint_places[:j] + self.frame_places[:t, None]
        for layer in self.layers:
            x = layer(x, windows)
        return Lifted(self.head(x).float())


class _TwoStreams(nn.Module):
    def __init__(self, width: int, heads: int, ratio: float) -> None:
        super().__init__()
        self.space = nn.ModuleList(_JointLayer(width, heads, ratio) for _ in range(2))
        self.time = nn.ModuleList(TimeLayer(width, heads, None, ratio) for _ in range(2))
        self.fuse = nn.Linear(2 * width, 2)
        nn.init.zeros_(self.fuse.weight)
        nn.init.constant_(self.fuse.bias, 0.5)

    def forward(self, x: Tensor, windows: Windows) -> Tensor:
        first = self.time[0](self.space[0](x, windows.joints), windows.frames)
        second = self.space[1](self.time[1](x, windows.frames), windows.joints)
        share = self.fuse(torch.cat([first, second], dim=-1)).softmax(-1)
        return first * share[..., :1] + second * share[..., 1:]


class _JointLayer(nn.Module):
    """Plain attention over all joints of a frame: the time layer with the axes exchanged."""

    def __init__(self, width: int, heads: int, ratio: float) -> None:
        super().__init__()
        self.layer = TimeLayer(width, heads, None, ratio)

    def forward(self, x: Tensor, joints: Tensor) -> Tensor:
        return self.layer(x.transpose(1, 2), joints).transpose(1, 2)


class Bestiary(nn.Module):
    """Ours. Camera axes instead of a canonical frame: the 2D points already are two of three coordinates, so the network
    answers how far each joint is from there and how deep. Layers over time and joints alternate.

    Beside x, y, t it is told the confidence of every point, which joints are on the left and right where names say so (what settles
    whether the animal faces the viewer), and where on the skeleton a joint sits. It also says how sure it is.
    """

    canonical = False

    def __init__(
        self, width: int = 256, heads: int = 8, time_layers: int = 5, space_layers: int = 10, alpha: int | None = 8,
        ratio: float = 2.0, walk_steps: int = 8,
    ) -> None:
        super().__init__()
        self.heads, self.walk_steps = heads, walk_steps
        self.features = FourierFeatures(3, width)
        self.plain = nn.Linear(3, width)
        self.sides = nn.Embedding(3, width)
        self.structure = nn.Linear(2 * walk_steps, width)
        places = [round((i + 0.5) * space_layers / time_layers) for i in range(time_layers)] if time_layers else []
        layers: list[nn.Module] = []
        for index in range(space_layers + 1):
            layers += [TimeLayer(width, heads, alpha, ratio) for place in places if place == index]
            if index < space_layers:
                layers.append(SpaceLayer(width, heads, ratio))
        self.layers = nn.ModuleList(layers)
        self.head = Head(width, 4, zero=True)

    def forward(self, windows: Windows) -> Lifted:
        """Positions in camera axes, and how sure they are."""
        t = frame_times(windows)[None, :, None, None].expand(*windows.points.shape[:3], 1)
        seen = windows.seen[..., None]
        x = self.features(torch.cat([windows.points, t], dim=-1)) * seen.clamp(max=1).sqrt()
        with torch.autocast(x.device.type, enabled=False):
            x = x + self.plain(torch.cat([windows.points, seen], dim=-1))
            structure = walk_features(windows.adjacency, windows.joints, self.walk_steps)
            x = x + (self.sides(windows.sides + 1) + self.structure(structure.to(x.dtype)))[:, None]
        mask = space_mask(windows.adjacency, windows.joints, self.heads)
        for layer in self.layers:
            x = layer(x, windows.frames if isinstance(layer, TimeLayer) else mask)
        out = self.head(x).float()
        base = torch.cat([windows.points, torch.zeros_like(windows.points[..., :1])], dim=-1)
        return Lifted(base + out[..., :3], out[..., 3] - 2.0)


NETWORKS: dict[str, type[nn.Module]] = {"lifter": Lifter, "lfm": LFM, "dstformer": DSTformer, "bestiary": Bestiary}


def make_network(kind: str, **settings: Any) -> nn.Module:
    """A network by its kind with its own settings. Raises NetworkError naming what does not fit."""
    if kind not in NETWORKS:
        raise NetworkError(f"kind: there is no network '{kind}'; there are {', '.join(NETWORKS)}")
    if settings.get("alpha") == 0:  # TOML has no null
        settings["alpha"] = None
    try:
        network = NETWORKS[kind](**settings)
    except TypeError as error:
        raise NetworkError(f"{kind}: {str(error).split('__init__() ')[-1]}") from None
    network.kind, network.settings = kind, dict(settings)
    return network


def parameters_of(network: nn.Module) -> int:
    """How many numbers training moves."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
