"""From spherical coordinates to positions and back: equations 5 to 7 of the pose synthesis paper, for all joints at once.

Equation 5 adds a bone's vector to its parent's place; doing so down the whole tree is one product with a matrix of zeros and
ones, whatever the tree, so nothing here loops over joints or poses.
"""

from __future__ import annotations

import torch
from torch import Tensor


def vectors_of(local: Tensor) -> Tensor:
    """(…, 3) r, theta, phi as (…, 3) x, y, z (equation 5 without the parent's place)."""
    r, theta, phi = local.unbind(-1)
    level = r * torch.sin(theta)
    return torch.stack([level * torch.cos(phi), level * torch.sin(phi), r * torch.cos(theta)], dim=-1)


def local_of(vectors: Tensor) -> Tensor:
    """(…, 3) x, y, z as (…, 3) r >= 0, theta 0..pi, phi -pi..pi (the inverse, equation 6); a vector of length 0 gets angles 0."""
    x, y, z = vectors.unbind(-1)
    level = torch.hypot(x, y)
    return torch.stack([torch.hypot(level, z), torch.atan2(level, z), torch.atan2(y, x)], dim=-1)


def positions_of(vectors: Tensor, reach: Tensor) -> Tensor:
    """Positions (…, J, 3), the root at 0, of the edges' vectors (…, E, 3); reach (J, E) is `PoseSpace.reach`."""
    return reach @ vectors


def edges_of(positions: Tensor, children: Tensor, parents: Tensor) -> Tensor:
    """The edges' vectors (…, E, 3) of positions (…, J, 3): each lower joint less its parent."""
    return positions[..., children, :] - positions[..., parents, :]


def seen_flat(positions: Tensor) -> Tensor:
    """The orthographic view onto the xz-plane (…, J, 2) of equation 7: x to the right, z up, the viewer at -y."""
    return positions[..., [0, 2]]


def seen_near(positions: Tensor, distance: Tensor, focal: float = 1.0) -> Tensor:
    """The same view through a pinhole (…, J, 2); distance (…,) from the viewer to the plane y = 0, in the positions' unit.

    Divided by what the plane y = 0 is divided by, so far viewers see what `seen_flat` sees, times focal.
    """
    depth = 1 + positions[..., 1] / distance[..., None]
    return focal * positions[..., [0, 2]] / depth.clamp_min(0.05)[..., None]


def camera_axes(positions: Tensor) -> Tensor:
    """Positions in the view's axes x right, y away, z up as x right, y down, z away."""
    x, y, z = positions.unbind(-1)
    return torch.stack([x, -z, y], dim=-1)


def random_rotations(count: int, generator: torch.Generator) -> Tensor:
    """Rotations (count, 3, 3), all equally likely (uniform on SO(3)), from unit quaternions."""
    q = torch.randn((count, 4), generator=generator, device=generator.device)
    w, x, y, z = torch.nn.functional.normalize(q, dim=-1).unbind(-1)
    return torch.stack([
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], -1).reshape(count, 3, 3)  # fmt: skip


def axes_of(yaw: Tensor, pitch: Tensor, roll: Tensor) -> Tensor:
    """Rotations (…, 3, 3) whose columns are forward, left and up: turned left by yaw, nose up by pitch, left side up by roll."""
    sy, cy, sp, cp, sr, cr = torch.sin(yaw), torch.cos(yaw), torch.sin(pitch), torch.cos(pitch), torch.sin(roll), torch.cos(roll)
    rows = (cp * cy, -sy * cr - cy * sp * sr, sy * sr - cy * sp * cr,
            cp * sy, cy * cr - sy * sp * sr, -cy * sr - sy * sp * cr,
            sp, cp * sr, cp * cr)  # fmt: skip
    return torch.stack([row.expand(yaw.shape) for row in rows], -1).reshape(*yaw.shape, 3, 3)


def upright_rotations(count: int, generator: torch.Generator, tilt: float = 20.0) -> Tensor:
    """Rotations (count, 3, 3): any heading, then tilted by about `tilt` degrees (one standard deviation) any way."""
    yaw = torch.rand(count, generator=generator, device=generator.device) * (2 * torch.pi)
    lean = torch.randn((2, count), generator=generator, device=generator.device) * (tilt * torch.pi / 180)
    tilted = axes_of(torch.zeros_like(yaw), lean[0], lean[1])
    return tilted @ axes_of(yaw, torch.zeros_like(yaw), torch.zeros_like(yaw))
