"""The pieces that the lifting networks are made of: Fourier features, attention over time and over joints.

All attention goes through torch's fused `scaled_dot_product_attention`. Attention over time costs O(T alpha), over joints
O(J^2) in a frame; nothing of size T x T is made for more than DIRECT frames.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DIRECT = 64
"""Up to so many frames, a band of one T x T mask is cheaper than blocks."""


class FourierFeatures(nn.Module):
    """Random Fourier features: `inputs` numbers → `width`, sines and cosines of W p + b with W ~ N(0, 1) and
    b ~ U(0, 1/(2 pi)), never learned (Object-Agnostic 3D Lifting, section 3.2.1)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.register_buffer("W", torch.randn(width // 2, inputs))
        self.register_buffer("b", torch.rand(width // 2) / (2 * math.pi))

    def forward(self, p: Tensor) -> Tensor:
        """p (…, inputs) → (…, width), mean square 1."""
        with torch.autocast(p.device.type, enabled=False):
            angle = p.float() @ self.W.float().T + self.b.float()
            return math.sqrt(2.0) * torch.cat([angle.sin(), angle.cos()], dim=-1)


class FeedForward(nn.Module):
    """Two layers with GELU between them, on top of a layer normalisation."""

    def __init__(self, width: int, ratio: float = 2.0) -> None:
        super().__init__()
        hidden = int(width * ratio)
        self.norm = nn.LayerNorm(width)
        self.rise, self.fall = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fall(F.gelu(self.rise(self.norm(x)), approximate="tanh"))


def heads_of(x: Tensor, heads: int) -> Tensor:
    """(N, L, 3 D) → q, k, v stacked, each (N, heads, L, D / heads)."""
    n, length, _ = x.shape
    return x.view(n, length, 3, heads, -1).permute(2, 0, 3, 1, 4)


class TimeLayer(nn.Module):
    """Each joint looks at itself `alpha` frames back and ahead (eqs 7-10); alpha None: at all frames."""

    def __init__(self, width: int, heads: int, alpha: int | None, ratio: float = 2.0) -> None:
        super().__init__()
        self.heads, self.alpha = heads, alpha
        self.norm = nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = FeedForward(width, ratio)

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """x (B, T, J, D), frames (B, T) bool → (B, T, J, D)."""
        b, t, j, d = x.shape
        rows = self.norm(x).transpose(1, 2).reshape(b * j, t, d)
        q, k, v = heads_of(self.qkv(rows), self.heads)
        valid = None if bool(frames.all()) else frames.repeat_interleave(j, dim=0)
        mixed = banded_attention(q, k, v, self.alpha, valid).transpose(1, 2).reshape(b, j, t, d).transpose(1, 2)
        x = x + self.out(mixed)
        return x + self.mlp(x)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Torch's fused attention; trained on CPUs in float32, where its derivative in bfloat16 takes five times as long."""
    if q.device.type != "cpu" or not torch.is_grad_enabled():
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    with torch.autocast("cpu", enabled=False):
        return F.scaled_dot_product_attention(q.float(), k.float(), v.float(), attn_mask=mask)


def banded_attention(q: Tensor, k: Tensor, v: Tensor, alpha: int | None, valid: Tensor | None) -> Tensor:
    """Attention of q, k, v (N, H, T, d) within `alpha` frames; valid (N, T) bool says which frames may be looked at, None: all.

    Frames that nothing may be looked at from look at themselves. Gives (N, H, T, d).
    """
    t = q.shape[2]
    if alpha is None or t <= max(DIRECT, 2 * alpha):
        if alpha is None and valid is None:
            return attend(q, k, v)
        time = torch.arange(t, device=q.device)
        mask = torch.ones(t, t, dtype=torch.bool, device=q.device)
        if alpha is not None:
            mask = (time[:, None] - time).abs() <= alpha
        if valid is not None:
            mask = (mask & valid[:, None, None]) | torch.eye(t, dtype=torch.bool, device=q.device)
        return attend(q, k, v, mask=mask)
    return _blocked_attention(q, k, v, alpha, valid)


def _blocked_attention(q: Tensor, k: Tensor, v: Tensor, alpha: int, valid: Tensor | None) -> Tensor:
    """The same in blocks of queries, each with the keys of its own frames and alpha on both sides."""
    n, h, t, d = q.shape
    block = max(2 * alpha, 16)
    count = -(-t // block)
    reach = block + 2 * alpha
    place = torch.arange(count, device=q.device)[:, None] * block
    key_time = place - alpha + torch.arange(reach, device=q.device)
    query_time = place + torch.arange(block, device=q.device)
    padded = F.pad(q, (0, 0, 0, count * block - t)).view(n, h, count, block, d)

    def near(x: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, alpha, count * block - t + alpha))
        return x.unfold(2, reach, block).movedim(-1, -2)

    inside = (key_time >= 0) & (key_time < t)
    same = query_time[:, :, None] == key_time[:, None]
    mask = (((query_time[:, :, None] - key_time[:, None]).abs() <= alpha) & inside[:, None]) | same
    if valid is not None:
        look = valid[:, key_time.clamp(0, t - 1)]
        mask = (mask & look[:, :, None]) | same
    else:
        mask = mask.expand(n, count, block, reach)

    def flat(x: Tensor) -> Tensor:
        return x.transpose(1, 2).reshape(n * count, h, x.shape[-2], d)

    mixed = attend(flat(padded), flat(near(k)), flat(near(v)),
                                           mask=mask.reshape(n * count, 1, block, reach))
    return mixed.view(n, count, h, block, d).transpose(1, 2).reshape(n, h, count * block, d)[:, :, :t]


class SpaceLayer(nn.Module):
    """The joints of a frame look at their neighbours on the skeleton and, beside that, at all joints; both are concatenated and
    projected (eq. 11). The two streams are the two halves of one attention's heads."""

    def __init__(self, width: int, heads: int, ratio: float = 2.0) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 6 * width), nn.Linear(2 * width, width)
        self.mlp = FeedForward(width, ratio)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, J, D), mask (B, 2 heads, J, J) from `space_mask` → (B, T, J, D)."""
        b, t, j, d = x.shape
        q, k, v = heads_of(self.qkv(self.norm(x).view(b * t, j, d)), 2 * self.heads)
        look = mask[:, None].expand(b, t, *mask.shape[1:]).reshape(b * t, *mask.shape[1:])
        mixed = attend(q, k, v, mask=look)
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, j, 2 * d))
        return x + self.mlp(x)


def space_mask(adjacency: Tensor, joints: Tensor, heads: int) -> Tensor:
    """(B, 2 heads, J, J) bool: the first heads look along bones, the others at all joints; nobody at padding but itself."""
    look = joints[:, None, :].expand_as(adjacency)
    eye = torch.eye(adjacency.shape[-1], dtype=torch.bool, device=joints.device)
    local, everywhere = (adjacency & look) | eye, look | eye
    return torch.stack([local, everywhere], dim=1).repeat_interleave(heads, dim=1)


def walk_features(adjacency: Tensor, joints: Tensor, steps: int = 8) -> Tensor:
    """(B, J, 2 steps): how likely a random walk along the bones is back after 1 … steps steps, and how many joints it can
    have reached by then. They tell a paw from a pelvis on any skeleton, whatever the order of its joints."""
    linked = adjacency & joints[:, None] & joints[:, :, None]
    linked = linked.float() * (1 - torch.eye(linked.shape[-1], device=linked.device))
    walk = linked / linked.sum(-1, keepdim=True).clamp(min=1)
    within = linked + torch.eye(linked.shape[-1], device=linked.device)
    power, reach, found = walk, within, []
    for _ in range(steps):
        found.append(power.diagonal(dim1=1, dim2=2))
        found.append((reach > 0).float().sum(-1) / joints.sum(-1, keepdim=True).clamp(min=1))
        power, reach = power @ walk, ((reach @ within) > 0).float()
    return torch.stack(found, dim=-1)
