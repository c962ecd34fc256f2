"""What drawn animals do: walk and gallop, stand and look about, move freely; every place of their plan, frame by frame.

The trunk, neck and tail turn by smooth noise and by what the gait asks for. Feet that carry are where the gait's footfalls
put them, and limbs fold to reach them; other limbs swing. Positions are computed in the body's level axes and put into the world last.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .gaits import Path, Strides, draw_strides, footfalls
from .limbs import STRAIGHT, limb_points, pointed, swung
from .noise import chance, smooth_noise, uniform
from .plans import Animals, along
from .spherical import axes_of, random_rotations

SHARES = {"gait": 0.55, "stand": 0.2, "free": 0.25}
"""How often an animal goes, stands (or lies), or moves freely (jumps, swims, flies, rolls, plays)."""


@dataclass(frozen=True)
class _Trunk:
    """(B, F, …) in the body's axes, from the middle of the trunk: spine (…, S + 1, 3), its axes (…, S + 1, 3, 3), neck, head, tail."""

    spine: Tensor
    axes: Tensor
    neck: Tensor
    head: Tensor
    tail: Tensor


@dataclass
class _Act:
    """One way of moving for each of B animals, drawn: which one (B,), times (B, F), tempo (B,), and the angles that follow."""

    mode: Tensor
    times: Tensor
    tempo: Tensor


def act(animals: Animals, frames: int, fps: float, generator: torch.Generator, gait: str | None = None) -> Tensor:
    """Positions (B, F, P, 3) in metres, world, of every place of the plan of B animals in motion.

    gait: one of GAITS for all of them, or "stand" or "free"; without it a mixture.
    """
    device, count = generator.device, len(animals)
    shares = torch.tensor([float(gait == name) if gait in SHARES else share for name, share in SHARES.items()], device=device)
    mode = torch.multinomial(shares, count, replacement=True, generator=generator)
    if gait is not None and gait not in SHARES:
        mode = torch.zeros_like(mode)
    steady = torch.arange(frames, device=device) / fps
    # The clock of an animal that hurries and dawdles.
    hurry, rate = uniform((count, 1), 0, 0.45, generator), uniform((count, 1), 0.1, 0.5, generator) * 2 * torch.pi
    times = steady + hurry * torch.sin(rate * steady + uniform((count, 1), 0, 6.28, generator)) / rate
    tempo = (0.5 / animals.height.clamp_min(0.02)) ** 0.3 * torch.exp(0.35 * torch.randn(count, generator=generator, device=device))
    return _move(animals, _Act(mode, times, tempo.clamp(0.3, 3.0)), generator, gait)


def _move(animals: Animals, act: _Act, generator: torch.Generator, gait: str | None) -> Tensor:
    """The gait, the trunk's angles, the body's path and turns, the limbs; then all of it together."""
    plan, count, times = animals.plan, len(animals), act.times
    noise_times = times * act.tempo[:, None]
    going, standing, free = ((act.mode == i)[:, None] for i in range(3))
    leg = animals.limbs.lengths.sum(-1).mean(-1) if plan.limbs else animals.height
    strides = draw_strides(count, plan.limbs, leg, generator, gait if gait not in SHARES else None)
    turn = 2 * torch.pi * times / strides.period[:, None] * strides.bob[:, None] + uniform((count, 1), 0, 2 * torch.pi, generator)
    wide = torch.where(going, 0.3, torch.where(standing, 0.6, 1.0))
    trunk = _bend(animals, noise_times, wide, torch.sin(turn) * going, strides, going, generator)
    tops = _tops(animals, _trunk(animals, *(x[:, None] for x in _rest_angles(animals))))[:, 0]
    speed, low = _room(animals, tops, strides, going, free, generator)
    nimble = (0.5 / animals.height.clamp_min(0.05)).clamp_max(2).sqrt() * going[:, 0]
    path = Path(speed * _choice(count, generator), uniform((count,), -0.7, 0.7, generator) * nimble,
                uniform((count,), -torch.pi, torch.pi, generator))
    centre, body = _body(animals, act, noise_times, strides, path, turn, leg[:, None], low, generator)
    parts = [trunk.spine, trunk.neck, trunk.head, trunk.tail]
    if plan.limbs:
        parts.append(_limb_places(animals, act, trunk, tops, body, centre, strides, path, generator))
    points = torch.cat(parts, dim=2) @ body.transpose(-1, -2) + centre[:, :, None]
    lowest = torch.where(animals.there[:, None], points[..., 2], torch.inf).amin(dim=2).amin(dim=1)
    # What moves freely comes down until it touches the ground somewhere; what lies with knees below the ground is raised.
    raised = torch.where(standing[:, 0], (-0.02 * leg - lowest).clamp_min(0), 0.0)
    points[..., 2] += torch.where(free[:, 0], -lowest, raised)[:, None, None]
    return points


def _body(
    animals: Animals, act: _Act, times: Tensor, strides: Strides, path: Path, turn: Tensor, size: Tensor, low: Tensor,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Where the middle of the trunk is (B, F, 3) and the body's axes (B, F, 3, 3), in the world.

    turn (B, F): the bobbing's phase; size (B, 1): a leg's length; low (B,): how much lower than standing.
    """
    count, degree = len(animals), torch.pi / 180
    going, standing, free = ((act.mode == i)[:, None] for i in range(3))

    def by_mode(moving: float, still: float, loose: Tensor | float) -> Tensor:
        return torch.where(free, loose, torch.where(standing, still, moving))

    noise = smooth_noise(times, 6, (0.1, 0.9), generator)
    place, heading = path.at(act.times)
    place = place + (size * by_mode(0.015, 0.06, 0.5))[..., None] * noise[..., :2]
    height = (animals.height - low)[:, None] + size * strides.rise[:, None] * torch.cos(turn + 0.4) * going
    height = height + size * by_mode(0.0, 0.04, 0.3) * noise[..., 2]
    wild = free & chance((count, 1), 0.5, generator)
    yaw = heading + degree * by_mode(2.5, 7.0, 50.0) * noise[..., 3]
    pitch = degree * by_mode(3.0, 3.0, torch.where(wild, 35.0, 12.0)) * noise[..., 4]
    pitch = pitch + strides.pitch[:, None] * torch.cos(turn) * going
    roll = degree * by_mode(3.0, 3.0, torch.where(wild, 40.0, 10.0)) * noise[..., 5]
    body = axes_of(yaw, pitch, roll)
    upset = free & chance((count, 1), 0.25, generator)
    body = torch.where(upset[..., None, None], random_rotations(count, generator)[:, None] @ body, body)
    return torch.cat([place, height[..., None]], -1), body


def standing(animals: Animals) -> Tensor:
    """Positions (B, P, 3) in metres of every place of the plan: standing over the origin, looking along x, the ground at z = 0."""
    trunk = _trunk(animals, *(x[:, None] for x in _rest_angles(animals)))
    parts = [trunk.spine, trunk.neck, trunk.head, trunk.tail]
    plan = animals.plan
    if plan.limbs:
        tops = _tops(animals, trunk)
        side = torch.tensor([1.0, -1.0], device=tops.device).repeat(plan.limbs // 2)
        drop = -(animals.height[:, None, None] + tops[..., 2])
        foot = torch.stack([torch.zeros_like(drop), (side * animals.outward)[:, None], drop], -1)
        away = foot.norm(dim=-1)
        line = foot / away.clamp_min(1e-9)[..., None]
        fold = torch.where(animals.stands[:, None], animals.limbs.fold_for(away), torch.ones_like(away))
        hanging, forward, out = swung(torch.full_like(drop, -0.2), torch.full_like(drop, 0.25), side.expand_as(drop))
        stands = animals.stands[:, None, :, None]
        line = torch.where(stands, line, hanging)
        upright, outward = pointed(line, side.expand_as(drop))
        forward, out = torch.where(stands, upright, forward), torch.where(stands, outward, out)
        twist = animals.twist[:, None, :, None]
        bend = torch.cos(twist) * forward + torch.sin(twist) * out
        ends = tops[:, :, :, None] + limb_points(animals.limbs, fold, line, bend)
        toes = ends[:, :, :, -1:] + animals.toes[:, None]
        parts.append(torch.cat([tops[:, :, :, None], ends, toes], 3).flatten(2, 3))
    points = torch.cat(parts, 2)[:, 0]
    return points + torch.nn.functional.pad(animals.height[:, None], (2, 0))[:, None]


def _choice(count: int, generator: torch.Generator) -> Tensor:
    """1, or for a few animals something slower: they mark time."""
    return torch.where(chance((count,), 0.08, generator), uniform((count,), -0.3, 0.4, generator), 1.0)


def _ray(yaw: Tensor, pitch: Tensor) -> Tensor:
    """Directions (…, 3)."""
    cos = torch.cos(pitch)
    return torch.stack([cos * torch.cos(yaw), cos * torch.sin(yaw), torch.sin(pitch)], -1)


# -- trunk, neck, head, tail ---------------------------------------------------------------------------------------


def _rest_angles(animals: Animals) -> tuple[Tensor, ...]:
    """The angles that `_trunk` takes, of the standing animal, without frames."""
    zero = torch.zeros_like
    head = torch.stack([animals.head_pitch * 0, animals.head_pitch, animals.head_pitch * 0, animals.head_pitch * 0], -1)
    return (zero(animals.spine), animals.spine_pitch, zero(animals.neck), animals.neck_pitch, head, zero(animals.tail),
            animals.tail_pitch)


def _trunk(
    animals: Animals, spine_yaw: Tensor, spine_pitch: Tensor, neck_yaw: Tensor, neck_pitch: Tensor, head: Tensor, tail_yaw: Tensor,
    tail_pitch: Tensor,
) -> _Trunk:
    """The chains for angles (B, F, links) in the body's axes; head (B, F, 4): yaw, pitch, roll and how far the mouth is open."""
    bones = animals.spine[:, None, :, None] * _ray(spine_yaw, spine_pitch)
    spine = torch.cat([torch.zeros_like(bones[:, :, :1]), bones.cumsum(2)], 2)
    spine = spine - 0.5 * spine[:, :, -1:]
    # A limb hangs in the axes of the trunk without its pitch: shoulders stand over the feet however the back slopes.
    axes = axes_of(torch.cat([spine_yaw[..., :1], spine_yaw], -1), torch.zeros_like(spine[..., 0]), torch.zeros_like(spine[..., 0]))
    neck = spine[:, :, -1:] + (animals.neck[:, None, :, None] * _ray(neck_yaw, neck_pitch)).cumsum(2)
    parts = animals.head[:, None].expand(-1, head.shape[1], -1, -1)
    sin, cos = torch.sin(head[..., 3]), torch.cos(head[..., 3])
    chin = parts[:, :, 1]
    open_chin = torch.stack([cos * chin[..., 0] + sin * chin[..., 2], chin[..., 1], cos * chin[..., 2] - sin * chin[..., 0]], -1)
    parts = torch.cat([parts[:, :, :1], open_chin[:, :, None], parts[:, :, 2:]], 2)
    skull = axes_of(head[..., 0], head[..., 1], head[..., 2])
    tail = spine[:, :, :1] + (animals.tail[:, None, :, None] * _ray(torch.pi + tail_yaw, tail_pitch)).cumsum(2)
    return _Trunk(spine, axes, neck, neck[:, :, -1:] + parts @ skull.transpose(-1, -2), tail)


def _tops(animals: Animals, trunk: _Trunk) -> Tensor:
    """Where the limbs begin (B, F, L, 3) in the body's axes."""
    at = list(animals.plan.attached)
    return trunk.spine[:, :, at] + (trunk.axes[:, :, at] @ animals.tops[:, None, :, :, None])[..., 0]


def _bend(
    animals: Animals, times: Tensor, wide: Tensor, beat: Tensor, strides: Strides, going: Tensor, generator: torch.Generator
) -> _Trunk:
    """The trunk in motion: noise on every chain, the gait's beat in back and neck, waves along tails and long bodies."""
    plan, count, degree = animals.plan, len(animals), torch.pi / 180
    spine_n, neck_n, tail_n = plan.spine, plan.neck + 1, plan.tail
    slow = smooth_noise(times, 2 * 2 + 4, (0.08, 0.8), generator)
    links = smooth_noise(times, 2 * (spine_n + neck_n + tail_n), (0.15, 1.6), generator)
    spine_noise, neck_noise, tail_noise = links.split([2 * spine_n, 2 * neck_n, 2 * tail_n], -1)
    limber = uniform((count, 1, 1), 0.3, 1.0, generator) * wide[..., None]
    end = along(animals.spine)
    centred = (end - 0.5)[:, None]
    crawl = animals.kind in ("sprawling", "limbless", "many_legged")
    wave = _wave(animals, times, strides, going, generator)
    bow = (slow[..., :2] * degree * torch.tensor([30.0, 18.0], device=times.device))[:, :, None] * centred[..., None] * limber[..., None]
    turn = 5 * degree * limber * (animals.spine > 0)[:, None]
    spine_yaw = bow[..., 0] + turn * spine_noise[..., :spine_n] + (wave[:, :, :spine_n] if crawl else 0)
    spine_pitch = animals.spine_pitch[:, None] + bow[..., 1] + 0.6 * turn * spine_noise[..., spine_n:] + (
        strides.flex[:, None, None] * beat[..., None] * 2 * centred)
    lift = uniform((count, 1, 1), 0.1, 1.0, generator) * torch.where(going, 0.45, 1.0)[..., None]
    grazing = (chance((count, 1), 0.15, generator) & ~going)[..., None] * (animals.kind in ("quadruped", "long_necked", "short_legged"))
    share = (animals.neck / animals.neck.sum(1, keepdim=True).clamp_min(1e-9)).cumsum(1)[:, None]
    look = slow[..., 2:3] * 70 * degree * lift * share
    nod = slow[..., 3:4] * 35 * degree * lift
    neck_yaw = spine_yaw[..., -1:] + look + 8 * degree * lift * neck_noise[..., :neck_n]
    # As low as the head goes before it is in the ground.
    chest = animals.height + 0.5 * (animals.spine * torch.sin(animals.spine_pitch)).sum(1)
    long = animals.neck.sum(1) + 0.4 * animals.head[:, 0, 0]
    lowest = -torch.asin((0.8 * chest / long.clamp_min(1e-6)).clamp_max(0.87))[:, None, None]
    down = torch.where(grazing, (lowest - animals.neck_pitch[:, None]) * 0.9, 0.0)
    neck_pitch = animals.neck_pitch[:, None] + nod + down + 6 * degree * lift * neck_noise[..., neck_n:] + (
        0.5 * strides.flex + 2 * degree)[:, None, None] * beat[..., None]
    head = slow[..., 4:8] * degree * torch.tensor([25.0, 30.0, 18.0, 12.0], device=times.device) * lift
    head_pitch = animals.head_pitch[:, None] + head[..., 1] + 0.5 * nod[..., 0] + 0.3 * down[..., 0]
    head = torch.stack([neck_yaw[..., -1] + head[..., 0], head_pitch, head[..., 2], head[..., 3].abs() * 2], -1)
    sway = uniform((count, 1, 1), 0.1, 1.0, generator)
    tail_end = along(animals.tail)[:, None]
    tail_turns = (8 * degree * sway * tail_noise).unflatten(-1, (2, tail_n)).cumsum(-1)
    wag = uniform((count, 1, 1), 3, 40, generator) * degree * tail_end * torch.sin(
        2 * torch.pi * uniform((count, 1, 1), 0.3, 2.5, generator) * times[..., None] - 3 * tail_end)
    tail_yaw = spine_yaw[..., :1] + tail_turns[:, :, 0] + wag + (wave[:, :, spine_n:] if crawl else 0)
    tail_pitch = animals.tail_pitch[:, None] + tail_turns[:, :, 1] + 10 * degree * sway * slow[..., 1:2]
    return _trunk(animals, spine_yaw, spine_pitch, neck_yaw, neck_pitch, head, tail_yaw, tail_pitch)


def _wave(animals: Animals, times: Tensor, strides: Strides, going: Tensor, generator: torch.Generator) -> Tensor:
    """A wave that runs down the spine and the tail (B, F, S + T), radians sideways: lizards, fish and snakes move by it."""
    count = len(animals)
    snake = animals.kind == "limbless"
    length = torch.cat([animals.spine.flip(1), animals.tail], 1).cumsum(1)
    share = length / length[:, -1:].clamp_min(1e-9)
    turns = uniform((count, 1, 1), *((0.8, 2.2) if snake else (0.4, 0.9)), generator)
    height = uniform((count, 1, 1), *((0.3, 0.9) if snake else (0.08, 0.4)), generator)
    pace = uniform((count, 1, 1), 0.3, 1.5, generator) if snake else 1 / strides.period[:, None, None]
    wave = height * torch.sin(2 * torch.pi * (pace * times[..., None] - turns * share[:, None]))
    spine = animals.plan.spine
    # The tail points backwards, so the same bend turns it the other way.
    wave = torch.cat([wave[:, :, :spine].flip(2), -wave[:, :, spine:]], 2)
    return wave if snake else wave * torch.where(going, 1.0, 0.3)[..., None]


# -- limbs --------------------------------------------------------------------------------------------------------


def _room(
    animals: Animals, tops: Tensor, strides: Strides, going: Tensor, free: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """How fast (B,) m/s the animal goes, and how much lower (B,) metres than standing: so that its feet can reach the ground."""
    count, limbs = len(animals), animals.limbs
    lying = chance((count,), 0.25, generator) & (animals.kind not in ("upright",))
    standing_low = torch.where(lying, uniform((count,), 0.3, 0.75, generator), uniform((count,), 0.0, 0.12, generator))
    low = torch.where(going[:, 0], uniform((count,), 0.02, 0.12, generator), standing_low) * (~free[:, 0])
    if not animals.plan.limbs:
        period = uniform((count,), 0.5, 2.0, generator)
        return animals.spine.sum(1) * 0.5 / period * going[:, 0], torch.zeros_like(low)
    floor = torch.where(animals.stands, animals.height[:, None] + tops[..., 2], torch.inf)
    low = low * floor.amin(1)
    longest = limbs.reach(torch.full((count, 1, animals.plan.limbs), STRAIGHT, device=low.device))[:, 0]
    level = torch.hypot((animals.height - low)[:, None] + tops[..., 2], animals.outward)
    room = (longest**2 - level**2).clamp_min(0).sqrt()
    room = torch.where(animals.stands, room, torch.inf).amin(1)
    most = torch.minimum(room * 0.9, 0.65 * floor.amin(1))
    half = most * uniform((count,), 0.4, 1.0, generator)
    return 2 * half / (strides.duty * strides.period) * going[:, 0], low


def _limb_places(
    animals: Animals, act: _Act, trunk: _Trunk, tops_rest: Tensor, body: Tensor, centre: Tensor, strides: Strides, path: Path,
    generator: torch.Generator,
) -> Tensor:
    """Tops, links' ends and toes (B, F, L (1 + K + X), 3) of all limbs in the body's axes."""
    going, standing = ((act.mode == i)[:, None] for i in range(2))
    plan, limbs, count = animals.plan, animals.limbs, len(animals)
    device, degree = centre.device, torch.pi / 180
    side = torch.tensor([1.0, -1.0], device=device).repeat(plan.limbs // 2)
    tops = _tops(animals, trunk)
    feet, swing = _feet(animals, act, tops_rest, strides, path, side, generator)
    aim = (feet - centre[:, :, None]) @ body - tops
    away = aim.norm(dim=-1).clamp_min(1e-6)
    carries = (animals.stands & (going | standing))
    # Now and then a paw is lifted, unless the animal lies.
    tall = centre[..., 2].mean(1, keepdim=True) > 0.8 * animals.height[:, None]
    carries &= ~(standing & tall & chance((count, plan.limbs), 0.06, generator))
    pitch, splay, fold = _swing(animals, act, strides, going, standing, generator)
    loose_line, loose_forward, loose_out = swung(pitch, splay, side.expand_as(pitch))
    line = torch.where(carries[:, None, :, None], aim / away[..., None], loose_line)
    forward, out = pointed(line, side.expand_as(away))
    forward = torch.where(carries[:, None, :, None], forward, loose_forward)
    out = torch.where(carries[:, None, :, None], out, loose_out)
    fold = torch.where(carries[:, None], limbs.fold_for(away), fold)
    twist = animals.twist[:, None] + 6 * degree * smooth_noise(act.times, plan.limbs, (0.2, 1.0), generator)
    bend = torch.cos(twist)[..., None] * forward + torch.sin(twist)[..., None] * out
    ends = tops[:, :, :, None] + limb_points(limbs, fold, line, bend)
    if not plan.toes:
        return torch.cat([tops[:, :, :, None], ends], 3).flatten(2, 3)
    # Toes lie on the ground where a foot stands, hang where it swings.
    hang = torch.where(carries[:, None], 0.9 * torch.sin(torch.pi * swing.clamp_max(1)) * going[..., None], 0.8)
    level = torch.where(carries[:, None, :, None, None], torch.eye(3, device=device),
                        torch.stack([forward, -out * side[:, None], -line], -1))
    tilt = axes_of(torch.zeros_like(hang), -hang, torch.zeros_like(hang))
    toes = ends[:, :, :, -1:] + animals.toes[:, None] @ (level @ tilt).transpose(-1, -2)
    return torch.cat([tops[:, :, :, None], ends, toes], 3).flatten(2, 3)


def _feet(
    animals: Animals, act: _Act, tops_rest: Tensor, strides: Strides, path: Path, side: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Where the feet that carry are (B, F, L, 3), in the world, and how far through their swing (B, F, L)."""
    plan, count, device = animals.plan, len(animals), tops_rest.device
    going, standing = ((act.mode == i)[:, None] for i in range(2))
    floor = (animals.height[:, None] + tops_rest[..., 2]).clamp_min(1e-3)
    noise = torch.randn((count, plan.limbs, 2), generator=generator, device=device)
    apart = torch.stack([0.08 * floor * noise[..., 0], side * animals.outward + 0.03 * floor * noise[..., 1]], -1)
    if animals.kind == "bird":  # thighs point forward, so that the feet are under the body's middle
        apart[..., 0] += 0.15 * floor
    if animals.kind == "many_legged":
        fan = torch.linspace(0.8, -0.8, plan.limbs // 2, device=device).repeat_interleave(2)
        apart[..., 0] += fan * animals.outward
    spot = tops_rest[..., :2] + apart * torch.where(going, 0.5, 1.0)[..., None]
    lift = floor * uniform((count, 1), 0.06, 0.3, generator)
    feet, swing = footfalls(act.times, strides, path, spot, lift)
    planted, _ = path.at(torch.zeros_like(act.times[:, :1, None]))
    cos, sin = torch.cos(path.heading)[:, None, None], torch.sin(path.heading)[:, None, None]
    forward, left = spot[:, None, :, 0], spot[:, None, :, 1]
    turned = torch.stack([cos * forward - sin * left, sin * forward + cos * left], -1)
    still = torch.cat([planted.expand_as(turned) + turned, torch.zeros_like(turned[..., :1])], -1)
    return torch.where(standing[..., None, None], still, feet), swing


def _swing(
    animals: Animals, act: _Act, strides: Strides, going: Tensor, standing: Tensor, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """Pitch, splay and fold (B, F, L) of limbs that carry nothing."""
    plan, count, degree = animals.plan, len(animals), torch.pi / 180
    times = act.times * act.tempo[:, None]
    noise = smooth_noise(times, 3 * plan.limbs + 3, (0.2, 2.0), generator)
    alike = uniform((count, 1, 1), 0.0, 0.9, generator)
    own, shared = noise[..., 3:].unflatten(-1, (3, plan.limbs)), noise[..., :3, None]
    mixed = alike[..., None] * shared + (1 - alike[..., None]) * own
    large = uniform((count, 1, 1), 0.3, 1.0, generator)
    rest = torch.atan2(animals.outward, animals.height[:, None].clamp_min(1e-3))[:, None]
    pitch = 45 * degree * large * mixed[:, :, 0]
    splay = rest + 14 * degree * large * (mixed[:, :, 1] + 0.3)
    fold = 1.15 + 0.75 * large * mixed[:, :, 2] + 0.6 * standing[..., None]
    if animals.kind not in ("bird", "upright"):
        return pitch, splay, fold.clamp_min(STRAIGHT)
    phase = 2 * torch.pi * (act.times[..., None] / strides.period[:, None, None] - strides.landing[:, None] + 0.5)
    loose = ~(going | standing)
    fore = torch.arange(plan.limbs, device=pitch.device) < 2
    if animals.kind == "upright":
        hands = 25 * degree * torch.sin(phase) * going[..., None]
        pitch = torch.where(fore, torch.where(loose[..., None], 2 * pitch + 20 * degree, 0.6 * pitch + hands), pitch)
        return pitch, splay, fold.clamp_min(STRAIGHT)
    beat = torch.sin(2 * torch.pi * uniform((count, 1, 1), 1.0, 3.5, generator) * times[..., None])
    flies = loose[..., None] & chance((count, 1, 1), 0.8, generator)
    wing_splay = torch.where(flies, (85 + 45 * beat) * degree, (15 + 10 * own[:, :, 1]) * degree)
    wing_pitch = torch.where(flies, 12 * degree * mixed[:, :, 0], -65 * degree + 12 * degree * own[:, :, 0])
    wing_fold = torch.where(flies, 0.9 + 0.2 * (1 - beat * beat), 1.65 + 0.1 * own[:, :, 2])
    pitch, splay = torch.where(fore, wing_pitch, torch.where(flies, pitch - 50 * degree, pitch)), torch.where(fore, wing_splay, splay)
    return pitch, splay, torch.where(fore, wing_fold, torch.where(flies, fold + 0.5, fold)).clamp(STRAIGHT, 2.4)

