"""The first step: a skeleton whose bones move, stretch and thicken until the template roughly covers the source.

The unknowns are the places of the left and middle joints and of the bones' tips, and two girths for each bone; the right
side mirrors the left. Between pelvis and withers the spine keeps its shape but for one bow, or the back would crease.
The sum of squared distances both ways, along normals and in place, is lowered with Adam; pairs are found anew every few steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import factorized
from scipy.spatial import cKDTree

from ..skeleton import INDEX, JOINT_NAMES, PARENTS, SPINE, joint_mirror
from ..surface import smooth
from .nearest import Surface
from .sources import PARTS, Source
from .template_parts import Base, mark_head

TIPS = ("Nose", "ChinTip", "LEarTip", "REarTip", "TailTip", "LFootTip", "RFootTip", "LHindTip", "RHindTip")
TIP_OF = ("Head", "Mouth", "LEar", "REar", "Tail7", "LFoot", "RFoot", "LFootBack", "RFootBack")
NODES = (*JOINT_NAMES, *TIPS)
NODE = {name: index for index, name in enumerate(NODES)}
NODE_PARENTS = np.array([*PARENTS, *(INDEX[name] for name in TIP_OF)])
BENT_SPINE = SPINE[1:-1]  # follow pelvis and spine3
HOLD = {"Nose": 20.0, "Head": 6.0, "LEar": 6.0, "REar": 6.0, "LEarTip": 10.0, "REarTip": 10.0}  # others: 1
PAIR_EVERY = 10
STEPS = 240
SAMPLES = 3000


def node_mirror() -> np.ndarray:
    """Index (44,) of each node's partner."""
    swap = {"L": "R", "R": "L"}
    tips = [NODE.get(swap.get(name[0], "?") + name[1:], NODE[name]) for name in TIPS]
    return np.array([*joint_mirror(), *tips])


def bone_ends() -> np.ndarray:
    """For each joint (35,) the node that its bone points to."""
    ends = np.zeros(len(JOINT_NAMES), dtype=int)
    for joint in range(len(JOINT_NAMES)):
        children = np.flatnonzero(joint == NODE_PARENTS)
        ends[joint] = children[0]
    for joint, end in (("spine3", "Neck"), ("Head", "Nose"), ("pelvis", "pelvis0"), ("Neck", "Head"), ("Mouth", "ChinTip")):
        ends[INDEX[joint]] = NODE[end]
    return ends


def frames(directions: torch.Tensor) -> torch.Tensor:
    """Columns length, depth, width (N, 3, 3): the left axis made square to each direction (N, 3) is its width."""
    along = directions / directions.norm(dim=1, keepdim=True)
    left = torch.tensor([0.0, 1.0, 0.0], dtype=along.dtype)
    width = left - along[:, 1:2] * along
    width = width / width.norm(dim=1, keepdim=True)
    return torch.stack([along, torch.linalg.cross(width, along), width], dim=2)


def spread(known: dict[int, np.ndarray], rest: np.ndarray, firm: float = 30.0) -> np.ndarray:
    """Displacements (44, 3) of all nodes from those of some: neighbours on the skeleton's tree stay as alike as they can."""
    n = len(NODES)
    child = np.flatnonzero(NODE_PARENTS >= 0)
    length = np.linalg.norm(rest[child] - rest[NODE_PARENTS[child]], axis=1)
    stiff = 1.0 / np.maximum(length, 0.2 * length.mean()) * length.mean()
    rows = np.arange(len(child))
    edges = sparse.csr_matrix(
        (np.concatenate([stiff, -stiff]), (np.tile(rows, 2), np.concatenate([child, NODE_PARENTS[child]]))), shape=(len(child), n)
    )
    ids = np.array(list(known))
    hold = sparse.csr_matrix((np.full(len(ids), firm), (np.arange(len(ids)), ids)), shape=(len(ids), n))
    matrix = (edges.T @ edges + hold.T @ hold).tocsc()
    solve = factorized(matrix)
    return np.stack([solve(hold.T @ (firm * np.array([known[k][axis] for k in ids]))) for axis in range(3)], axis=1)


@dataclass
class Rig:
    """The template as a body of bones: rest nodes (44, 3), vertices (V, 3), weights (V, 35)."""

    nodes: np.ndarray
    vertices: np.ndarray
    weights: np.ndarray
    ends: np.ndarray = field(default_factory=bone_ends)

    def __post_init__(self) -> None:
        self.rest = torch.from_numpy(self.nodes)
        self.old = frames(self.rest[self.ends] - self.rest[: len(JOINT_NAMES)])
        self.long = (self.rest[self.ends] - self.rest[: len(JOINT_NAMES)]).norm(dim=1)
        self.share = torch.from_numpy(self.weights)
        self.points = torch.from_numpy(self.vertices)

    def affine(self, nodes: torch.Tensor, girths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Matrices (35, 3, 3) and shifts (35, 3) of the bones for nodes (44, 3) and log girths (35, 2)."""
        count = len(JOINT_NAMES)
        direction = nodes[self.ends] - nodes[:count]
        stretch = torch.cat([(direction.norm(dim=1) / self.long)[:, None], torch.exp(girths)], dim=1)
        matrix = frames(direction) * stretch[:, None, :] @ self.old.transpose(1, 2)
        shift = nodes[:count] - (matrix @ self.rest[:count, :, None])[:, :, 0]
        # The jaw moves as one with the head: most sources have no lips to hold it by.
        head, jaw = INDEX["Head"], INDEX["Mouth"]
        rows = [head if joint == jaw else joint for joint in range(count)]
        return matrix[rows], shift[rows]

    def pose(self, nodes: torch.Tensor, girths: torch.Tensor) -> torch.Tensor:
        """Vertices (V, 3)."""
        matrix, shift = self.affine(nodes, girths)
        blended = (self.share @ matrix.reshape(len(matrix), 9)).reshape(-1, 3, 3)
        return (blended @ self.points[:, :, None])[:, :, 0] + self.share @ shift

    def jaw(self, nodes: torch.Tensor, girths: torch.Tensor) -> torch.Tensor:
        """The jaw's hinge (3,), carried by the head."""
        matrix, shift = self.affine(nodes, girths)
        return matrix[INDEX["Head"]] @ self.rest[INDEX["Mouth"]] + shift[INDEX["Head"]]


@dataclass(frozen=True)
class Coarse:
    """Result: vertices (V, 3) and joints (35, 3) over the source, in the source's own frame scaled by `scale` and moved by
    `shift` (scaled = scale * source + shift); `source` is that scaled surface."""

    vertices: np.ndarray
    joints: np.ndarray
    source: Surface
    scale: float
    shift: np.ndarray
    marks: dict[str, np.ndarray]  # places (3,) of named keypoints on the source, as far as known


def without_toes(base: Base) -> np.ndarray:
    """The template's vertices (V, 3) with its toes smoothed to a mitten: hooves, and most sources' paws, have none."""
    foot = base.weights[:, [INDEX[name] for name in ("LFoot", "RFoot", "LFootBack", "RFootBack")]].sum(axis=1)
    amount = np.clip(1.5 * smooth(foot, base.faces, 2), 0, 1)[:, None]
    vertices = base.vertices
    for _ in range(25):
        vertices = vertices + 0.6 * amount * (smooth(vertices, base.faces, 1, 1.0) - vertices)
    return vertices


def rest_nodes(base: Base) -> np.ndarray:
    """Joints and tips (44, 3) of the template."""
    v, w = base.vertices, base.weights
    nodes = np.zeros((len(NODES), 3))
    nodes[: len(JOINT_NAMES)] = base.joints
    middle = (1.0, 0.0, 1.0)
    nodes[NODE["Nose"]] = v[np.argmax(v[:, 0])] * middle
    nodes[NODE["ChinTip"]] = base.point("chin") * middle
    nodes[NODE["TailTip"]] = v[np.argmin(v[:, 0])] * middle
    nodes[NODE["LEarTip"]] = base.point("left_ear_tip")
    for tip, joint in (("LFootTip", "LFoot"), ("LHindTip", "LFootBack")):
        foot = np.flatnonzero(w[:, INDEX[joint]] > 0.7)
        nodes[NODE[tip]] = v[foot[np.argmax(v[foot, 0])]]
        nodes[NODE[tip], 1:] = v[foot, 1].mean(), v[foot, 2].min()
    mirror = node_mirror()
    for index, name in enumerate(NODES):
        if name.startswith("R"):
            nodes[index] = nodes[mirror[index]] * (1.0, -1.0, 1.0)
    return nodes


def scaled(source: Source, base: Base) -> tuple[Source, float, np.ndarray]:
    """The source brought to the template's size and place by its trunk: shoulder-to-hip length, else chest-to-rump."""
    def ends(vertices: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, float]:
        tail, head = parts[:, PARTS.index("tail")] < 0.5, parts[:, PARTS.index("head")] < 0.5
        body = vertices[tail & head]
        low, high = np.quantile(body[:, 0], (0.0, 0.93))
        return np.array([(low + high) / 2, 0.0, 0.0]), high - low

    middle, length = ends(source.vertices, source.parts)
    goal, wanted = ends(base.vertices, base.parts)
    scale = wanted / length
    shift = goal - scale * middle
    shift[2] = base.vertices[:, 2].min() - scale * source.vertices[:, 2].min()
    moved = Source(
        source.name, scale * source.vertices + shift, source.faces, source.parts,
        {name: scale * point + shift for name, point in source.joints.items()}, scale * source.nose + shift,
        None if source.left_eye is None else scale * source.left_eye + shift,
    )  # fmt: skip
    return moved, scale, shift


def first_guess(source: Source, rest: np.ndarray) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Nodes (44, 3) to start from, and the places that are known."""
    known = {NODE[name]: point - rest[NODE[name]] for name, point in source.joints.items()}
    v, parts = source.vertices, source.parts
    known[NODE["Nose"]] = source.nose - rest[NODE["Nose"]]
    tail = parts[:, PARTS.index("tail")] > 0.5
    if tail.any():
        start = source.joints.get("Tail1", v[tail][np.argmax(v[tail, 0])])
        tip = v[tail][np.argmax(np.linalg.norm(v[tail] - start, axis=1))]
        known[NODE["TailTip"]] = tip * (1, 0, 1) - rest[NODE["TailTip"]]
    ears = (parts[:, PARTS.index("ears")] > 0.4) & (v[:, 1] > 0)
    if ears.any():
        root = source.joints.get("LEar", v[ears][np.argmin(v[ears, 2])])
        tip = v[ears][np.argmax(np.linalg.norm(v[ears] - root, axis=1))]
        known[NODE["LEarTip"]] = tip - rest[NODE["LEarTip"]]
    for tip, part in (("LFootTip", "fore_left"), ("LHindTip", "hind_left")):
        leg = parts[:, PARTS.index(part)] > 0.5
        if leg.any():
            low = v[leg & (v[:, 2] < v[leg, 2].min() + 0.06 * np.ptp(v[leg, 2]))]
            known[NODE[tip]] = np.array([low[:, 0].max(), low[:, 1].mean(), low[:, 2].min()]) - rest[NODE[tip]]
    mirror = node_mirror()
    for node, offset in list(known.items()):
        if mirror[node] != node:
            known[mirror[node]] = offset * (1.0, -1.0, 1.0)
    return rest + spread(known, rest), {node: rest[node] + offset for node, offset in known.items()}


class Unknowns:
    """The free numbers and how nodes and girths follow from them."""

    def __init__(self, nodes: np.ndarray) -> None:
        mirror = node_mirror()
        self.free = np.array([
            k for k, name in enumerate(NODES) if not name.startswith("R") and name not in BENT_SPINE
        ])  # fmt: skip
        self.start = torch.from_numpy(nodes)
        self.places = torch.zeros((len(self.free), 3), dtype=torch.float64, requires_grad=True)
        self.bow = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        left = [k for k, name in enumerate(JOINT_NAMES) if not name.startswith("R")]
        self.girths = torch.zeros((len(left), 2), dtype=torch.float64, requires_grad=True)
        matrix = np.zeros((3, len(NODES), len(self.free)))
        column = {node: c for c, node in enumerate(self.free)}
        for node in range(len(NODES)):
            name = NODES[node]
            source = node if node in column else mirror[node]
            if name in BENT_SPINE:
                continue
            for axis in range(3):
                if mirror[node] == node and axis == 1:
                    continue
                matrix[axis, node, column[source]] = -1.0 if axis == 1 and name.startswith("R") else 1.0
        first, last = NODE[SPINE[0]], NODE[SPINE[-1]]
        self.bow_share = torch.zeros((len(NODES), 3), dtype=torch.float64)
        for name in BENT_SPINE:
            t = (nodes[NODE[name], 0] - nodes[first, 0]) / (nodes[last, 0] - nodes[first, 0])
            matrix[:, NODE[name]] = (1 - t) * matrix[:, first] + t * matrix[:, last]
            self.bow_share[NODE[name], 2] = 4 * t * (1 - t)
        self.matrix = torch.from_numpy(matrix)
        at = {k: i for i, k in enumerate(left)}
        self.girth_rows = torch.tensor([at.get(k, at.get(int(joint_mirror()[k]))) for k in range(len(JOINT_NAMES))])

    def start_girths(self, girths: torch.Tensor) -> None:
        """Begin from log girths (35, 2)."""
        with torch.no_grad():
            self.girths[self.girth_rows] = girths

    def values(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Nodes (44, 3) and log girths (35, 2)."""
        moved = torch.stack([self.matrix[axis] @ self.places[:, axis] for axis in range(3)], dim=1)
        return self.start + moved + self.bow * self.bow_share, self.girths[self.girth_rows]


def pair(
    base: Base, vertices: np.ndarray, target: Surface, target_tree: cKDTree, spots: tuple[np.ndarray, ...], costs: tuple[float, float]
) -> tuple[np.ndarray, ...]:
    """Both ways: a place and normal on the target for each template vertex, and a template vertex for each target spot."""
    current = Surface(vertices, base.faces, base.parts)
    normals = current.normals
    vertex = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(vertex, base.faces[:, k], normals)
    vertex /= np.maximum(np.linalg.norm(vertex, axis=1, keepdims=True), 1e-12)
    query = np.concatenate([vertices, costs[0] * vertex, costs[1] * base.parts], axis=1)
    match = target.match(target_tree, query, 4)
    seen = np.flatnonzero(~base.hidden)
    _, back = cKDTree(query[seen]).query(spots[0])
    facing = (vertex * match.normals).sum(1)
    return match.points, match.normals, np.clip(facing, 0, 1), seen[back]


def usual_girths(nodes: np.ndarray, rest: np.ndarray, ends: np.ndarray) -> torch.Tensor:
    """Log girths (35, 2) to expect: the head's grow with its length, half so the ears'; the other bones keep theirs."""
    count = len(JOINT_NAMES)
    now, then = (np.linalg.norm(x[ends] - x[:count], axis=1) for x in (nodes, rest))
    girths = torch.zeros((count, 2), dtype=torch.float64)
    for name, share in (("Head", 1.0), ("Mouth", 1.0), ("LEar", 0.5), ("REar", 0.5)):
        at = INDEX["Head"] if name == "Mouth" else INDEX[name]
        girths[INDEX[name]] = share * float(np.log(now[at] / then[at]))
    return girths


def marks_of(source: Source) -> dict[str, np.ndarray]:
    """Eye and chin of a source; the chin is where the muzzle reaches farthest forward and down."""
    if source.left_eye is None or "Head" not in source.joints:
        return {}
    head = source.parts[:, PARTS.index("head")] > 0.5
    along = source.nose - source.joints["Head"]
    along /= np.linalg.norm(along)
    down = np.array([along[2], 0.0, -along[0]])
    head &= np.abs(source.vertices[:, 1]) < 0.35 * np.abs(source.vertices[head, 1]).max()
    points = source.vertices[head]
    chin = points[np.argmax(points @ (along + 0.6 * down))] * (1, 0, 1)
    return {"left_eye": source.left_eye, "chin": chin}


def holds(guess: np.ndarray, known: dict[int, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """How firmly nodes are held (44,), to what places (44, 3), and how firmly girths are held to the usual (35,)."""
    firm, goal = torch.zeros(len(NODES), dtype=torch.float64), torch.from_numpy(guess.copy())
    for node, place in known.items():
        firm[node], goal[node] = HOLD.get(NODES[node], 1.0), torch.from_numpy(place)
    girths = torch.ones(len(JOINT_NAMES), dtype=torch.float64)
    girths[[INDEX[name] for name in ("Head", "Mouth", "LEar", "REar")]] = 25.0
    return firm, goal, girths


def fit_coarse(source: Source, base: Base) -> Coarse:
    """Lay the template's bones over a source. Deterministic."""
    torch.set_num_threads(1)
    moved, scale, shift = scaled(mark_head(source, base), base)
    parts = moved.parts
    target = Surface(moved.vertices, moved.faces, parts)
    base = base.without_ears() if parts[:, PARTS.index("ears")].max() < 0.5 else base
    rest = rest_nodes(base)
    rig = Rig(rest, without_toes(base), smooth(base.weights, base.faces, 12))
    guess, known = first_guess(moved, rest)
    unknown = Unknowns(guess)
    usual = usual_girths(guess, rest, rig.ends)
    unknown.start_girths(usual)
    size = base.length
    firm, goal, firm_girths = holds(guess, known)
    face, at = target.cloud
    pick = np.linspace(0, len(face) - 1, SAMPLES).astype(int)
    spot_points, spot_normals = target.at(target.vertices, face[pick], at[pick]), target.normals[face[pick]]
    area = torch.from_numpy(base.vertex_area * ~base.hidden)
    tree_edges = torch.from_numpy(np.flatnonzero(NODE_PARENTS >= 0))
    parents = torch.from_numpy(NODE_PARENTS)[tree_edges]
    eye = None if moved.left_eye is None else torch.from_numpy(moved.left_eye)
    eyes = torch.from_numpy(base.groups["left_eye"])
    optimiser = torch.optim.Adam([
        {"params": [unknown.places, unknown.bow], "lr": 0.006 * size}, {"params": [unknown.girths], "lr": 0.03},
    ])  # fmt: skip
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS, eta_min=0.0003 * size)
    pairs: tuple[torch.Tensor, ...] = ()
    for step in range(STEPS):
        nodes, girths = unknown.values()
        vertices = rig.pose(nodes, girths)
        part = step / STEPS
        if step % PAIR_EVERY == 0:
            costs = (0.10 * size * (1 - 0.6 * part), 0.25 * size)
            tree = target.tree(*costs)
            features = np.concatenate([spot_points, costs[0] * spot_normals, costs[1] * target.at(parts, face[pick], at[pick])], axis=1)
            found = pair(base, vertices.detach().numpy(), target, tree, (features,), costs)
            points, normals, facing, back = (torch.from_numpy(np.ascontiguousarray(x)) for x in found)
            pairs = (points, normals, area * facing / area.sum(), back)
        points, normals, share, back = pairs
        off = (vertices - points) / size
        there = share @ ((off * normals).sum(1) ** 2 + 0.25 * (off**2).sum(1))
        gap = (vertices[back] - torch.from_numpy(spot_points)) / size
        again = ((gap * torch.from_numpy(spot_normals)).sum(1) ** 2 + 0.25 * (gap**2).sum(1)).mean()
        drift = (nodes - unknown.start) / size
        bend = ((drift[tree_edges] - drift[parents]) ** 2).sum(1).mean()
        hold = (firm[:, None] * ((nodes - goal) / size) ** 2).sum()
        even = (firm_girths[:, None] * (girths - usual) ** 2).mean()
        even = even + 2 * ((girths[1:7] - girths[:6]) ** 2).mean() + 2 * ((girths[26:32] - girths[25:31]) ** 2).mean()
        if eye is not None:
            hold = hold + 20 * (((vertices[eyes].mean(dim=0) - eye) / size) ** 2).sum()
        loss = there + again + (0.05 * (1 - part) + 0.01) * bend + 0.02 * hold + 1e-4 * even
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        nodes, girths = unknown.values()
        vertices, jaw = rig.pose(nodes, girths).numpy(), rig.jaw(nodes, girths).numpy()
    joints = nodes[: len(JOINT_NAMES)].numpy().copy()
    joints[INDEX["Mouth"]] = jaw
    return Coarse(vertices, joints, target, scale, shift, marks_of(moved))
