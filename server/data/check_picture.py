"""One picture of a herd held against its record: everything is worked out anew from betas, poses and the camera.

What is compared is what was written: run lengths, depth steps, ids, points. What it is compared with comes from the
model's forward and the rasteriser; the renderer's own code is never asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ...animal import masks
from ...animal.cameras import Camera
from ...animal.rasterise import Raster, rasterise
from .fields import Array, RecordError
from .records import DEPTH_FAR, FACING, Animal, Dataset, Record
from .surfaces import Surface, Surfaces
from .volumes import shared_volume, volume

Mask = NDArray[np.bool_]

LARGE_PX = 10_000
"""Area from which on a mask's intersection over union is held against the limit."""
GROUP_WEIGHT = 1e-3
"""A vertex belongs to a keypoint's group from this weight on."""
INNER_OUTLINE = 0.01
"""Depth is left out where it jumps by this share from one pixel to the next: at outlines within the animal, too."""
TIE = 0.005
"""Depths that differ by less than this share have no order."""
FACING_SLACK = 0.5  # degrees beyond its eighth that a word still fits
_NEAR = 0.71  # pixels: within this the nearest pixel is near enough; beyond, the outline is drawn finer
_FINER, _REACH = (7, 5, 3), 4  # samples along a pixel's side, and pixels around that are drawn
_MOST_SAMPLES = 1 << 20


@dataclass
class PictureReport:
    """What was found: values (measure, value, animal id or 0), counts (measure → [agreeing, all]), problems in words.

    corrupt: something could not be read, and what depends on it was not checked.
    """

    name: str
    layout: str = ""
    animals: int = 0
    values: list[tuple[str, float, int]] = field(default_factory=list)
    counts: dict[str, list[int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    corrupt: bool = False

    def value(self, measure: str, value: float, animal: int = 0) -> None:
        """Add one value of a measure."""
        self.values.append((measure, float(value), animal))

    def count(self, measure: str, agreeing: int, of: int, problem: str = "") -> None:
        """Add to a share; the problem is told when not all agree."""
        counted = self.counts.setdefault(measure, [0, 0])
        counted[0] += int(agreeing)
        counted[1] += int(of)
        if problem and agreeing < of:
            self.problems.append(problem)

    def broken(self, what: str) -> None:
        """Note something that could not be read."""
        self.corrupt = True
        self.problems.append(what)


@dataclass(frozen=True, eq=False)
class Seen:
    """One animal of a picture: its record, surface, the raster of it alone, and its whole mask as written (H, W)."""

    animal: Animal
    surface: Surface
    raster: Raster
    whole: Mask


def check_picture(herd: Dataset, name: str, surfaces: Surfaces) -> PictureReport:
    """Check one picture. What cannot be read is part of the report; nothing is raised for it."""
    report = PictureReport(name)
    try:
        record = herd.record(name)
        report.layout, report.animals = record.layout, len(record.animals)
        for what in herd.other_files(record):
            report.broken(what)
        herd.image(record)
        ids, steps = herd.ids(record), herd.depth_steps(record)
        seen = look(herd, record, surfaces)
    except (RecordError, OSError) as error:
        report.broken(str(error))
        return report
    known = [animal.id for animal in record.animals]
    strange = np.setdiff1d(np.unique(ids), [0, *known])
    report.count("ids_known", int(not len(strange)), 1, f"{record.ids}: shows {strange[:5].tolist()}, which are no animals' ids")
    for one in seen:
        _points(report, herd, record, one, steps, surfaces)
        _masks(report, record, one, ids)
        _shown(report, record, one, ids, steps)
        _depth(report, record, one, ids, steps)
        _facing(report, herd, record.camera, one)
    _order(report, record, seen, ids)
    _overlaps(report, record, seen)
    return report


def look(herd: Dataset, record: Record, surfaces: Surfaces) -> list[Seen]:
    """The animals of a picture, each drawn alone. Raises RecordError."""
    meshes, seen = herd.meshes(record), []
    for animal in record.animals:
        surface = surfaces.of(animal, meshes)
        seen.append(Seen(animal, surface, draw(surface, record.camera), masks.decode(animal.mask)))
    return seen


def draw(surface: Surface, camera: Camera) -> Raster:
    """A surface alone before a camera."""
    return rasterise(camera.to_camera(surface.vertices), surface.faces, camera.K, camera.width, camera.height)


# -- points -----------------------------------------------------------------------------------------------------------


def _points(
    report: PictureReport, herd: Dataset, record: Record, one: Seen, steps: NDArray[np.int64], surfaces: Surfaces
) -> None:
    """Keypoints and joints in 3D and 2D, and which keypoints are seen."""
    animal, camera = one.animal, record.camera
    truth = {"keypoints": one.surface.keypoints, "joints": one.surface.joints}
    for name, points in truth.items():
        recorded, pixels = getattr(animal, f"{name}_3d"), getattr(animal, name)
        points = recorded if points is None else points  # an asset's own: only the projection can be checked
        if len(points) != len(recorded):
            report.broken(f"animal {animal.id}: {len(recorded)} {name}, the model has {len(points)}")
            return
        projected = camera.project(points)
        there = np.isfinite(points).all(axis=1) & np.isfinite(recorded).all(axis=1)
        drawn = np.isfinite(projected).all(axis=1)
        gone = int((drawn & ~np.isfinite(pixels[:, :2]).all(axis=1)).sum())
        report.count("points_present", int(drawn.sum()) - gone, int(drawn.sum()), f"animal {animal.id}: {gone} {name} are missing")
        if there.any():
            report.value("keypoints_3d_error_m_max", np.linalg.norm(points - recorded, axis=1)[there].max(), animal.id)
        both = drawn & np.isfinite(pixels[:, :2]).all(axis=1)
        if both.any():
            report.value("reprojection_px_max", np.linalg.norm(projected - pixels[:, :2], axis=1)[both].max(), animal.id)
        inside = both & (projected >= 0).all(axis=1) & (projected < (camera.width, camera.height)).all(axis=1)
        if name == "joints":
            report.count("joints_in_frame_agreement", (inside == (pixels[:, 2] > 0))[both].sum(), both.sum())
    if one.surface.keypoints is not None:
        flags = visibility(one.surface, record, steps, herd.visibility_tolerance, surfaces)
        there = np.isfinite(animal.keypoints[:, :2]).all(axis=1)
        report.count("visibility_agreement", (flags == animal.keypoints[:, 2])[there].sum(), there.sum())
    report.value("depth_m_error_max", abs(middle_depth(one.surface, camera) - animal.depth_m), animal.id)


def middle_depth(surface: Surface, camera: Camera) -> float:
    """Metres: the median depth of an animal's vertices."""
    return float(np.median(camera.to_camera(surface.vertices)[:, 2]))


def visibility(
    surface: Surface, record: Record, steps: NDArray[np.int64], tolerance: float, surfaces: Surfaces
) -> NDArray[np.int64]:
    """(K,) 2 seen, 1 in the frame and hidden, 0 outside: by the depth that was written and each point's group of vertices."""
    assert surface.keypoints is not None
    camera, skin = record.camera, surface.vertices[: surface.n_skin]
    frame = (camera.width, camera.height)
    depth = np.where((steps == 0) | (steps >= DEPTH_FAR), np.inf, steps * record.metres_per_step)
    z, place = camera.to_camera(skin)[:, 2], camera.project(skin)
    inside = (place >= 0).all(axis=1) & (place < frame).all(axis=1)
    column, row = np.where(inside[:, None], place, 0).astype(np.int64).T
    uncovered = inside & (z <= depth[row, column] + tolerance * surface.extent)
    seen = ((surfaces.model.superset_matrix > GROUP_WEIGHT) & uncovered).any(axis=1)
    points = camera.project(surface.keypoints)
    shown = (points >= 0).all(axis=1) & (points < frame).all(axis=1)
    return np.where(shown, np.where(seen, 2, 1), 0)


# -- masks ------------------------------------------------------------------------------------------------------------


def _masks(report: PictureReport, record: Record, one: Seen, ids: NDArray[np.uint8]) -> None:
    """Whole and visible mask, their areas, boxes and shares."""
    animal, drawn = one.animal, one.raster.silhouette
    together = int((one.whole | drawn).sum())
    if together:
        iou = int((one.whole & drawn).sum()) / together
        report.value("mask_iou_min_all", iou, animal.id)
        if max(int(one.whole.sum()), int(drawn.sum())) >= LARGE_PX:
            report.value("mask_iou_min", iou, animal.id)
        report.value("mask_outline_px_max", outline_distance(one.whole != drawn, one, record.camera), animal.id)
    written, shown = masks.decode(animal.mask_visible), ids == animal.id
    apart = int((written != shown).sum())
    report.count("ids_agree", int(apart == 0), 1, f"animal {animal.id}: its visible mask and the ids differ in {apart} pixels")
    beyond = int((shown & ~one.whole).sum())
    report.count("visible_within_whole", int(beyond == 0), 1, f"animal {animal.id}: {beyond} visible pixels lie outside its whole mask")
    whole, seen = int(one.whole.sum()), int(shown.sum())
    areas = (animal.area, animal.area_visible) == (whole, seen)
    report.count("areas_agree", int(areas), 1, f"animal {animal.id}: areas {animal.area}, {animal.area_visible} are {whole}, {seen}")
    report.value("visible_fraction_error_max", abs(animal.visible_fraction - (seen / whole if whole else 0.0)), animal.id)
    for name, mask in (("box", one.whole), ("box_visible", shown)):
        recorded, found = getattr(animal, name), masks.box(mask)
        if (recorded is None) != (found is None):
            report.count("boxes_agree", 0, 1, f"animal {animal.id}: {name} is {recorded}, found {found}")
        elif recorded is not None and found is not None:
            edges = [np.array([x, y, x + w, y + h]) for x, y, w, h in (recorded, found)]
            report.value("box_px_max", np.abs(edges[0] - edges[1]).max(), animal.id)
    share = _in_frame(one, record.camera)
    if share is not None:
        report.value("in_frame_error_max", abs(share - animal.in_frame_fraction), animal.id)


def _shown(report: PictureReport, record: Record, one: Seen, ids: NDArray[np.uint8], steps: NDArray[np.int64]) -> None:
    """Where the ids show the animal beyond its surface, or show something behind it in its place."""
    drawn, depth = one.raster.silhouette, one.raster.depth
    written = np.where((steps == 0) | (steps >= DEPTH_FAR), np.inf, steps * record.metres_per_step)
    shown = ids == one.animal.id
    with np.errstate(invalid="ignore"):
        gone = drawn & ~shown & (written > (1 + TIE) * depth)
    if (shown | gone).any():
        report.value("visible_outline_px_max", outline_distance((shown & ~drawn) | gone, one, record.camera), one.animal.id)


def outline_distance(differ: Mask, one: Seen, camera: Camera) -> float:
    """Pixels from the outline of the drawn animal to the furthest of the pixels that differ from it (H, W); 0 for none."""
    drawn = one.raster.silhouette
    if not differ.any():
        return 0.0
    rows, columns = np.nonzero(differ)
    top, left = max(rows.min() - 64, 0), max(columns.min() - 64, 0)
    part = drawn[top : rows.max() + 65, left : columns.max() + 65]
    rows, columns = rows - top, columns - left
    away = np.full(len(rows), float(np.hypot(*drawn.shape)))
    for inside in (True, False):
        if (part != inside).any():
            mine = part[rows, columns] == inside
            # The nearest pixel on the other side, and from the middle of this one to that one's edge.
            nearest = np.asarray(ndimage.distance_transform_edt(part == inside, return_distances=False, return_indices=True))
            gap = np.maximum(np.abs(nearest[:, rows, columns] - np.stack([rows, columns])) - 0.5, 0.0)
            away[mine] = np.hypot(*gap)[mine]
    far = away > _NEAR
    if far.any():
        away[far] = np.minimum(away[far], _finer_distances(one.surface, camera, drawn, rows[far] + top, columns[far] + left))
    return float(away.max())


def _finer_distances(surface: Surface, camera: Camera, drawn: Mask, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
    """Pixels (n,) from the middles of pixels to the outline, drawn finer: hair and tips of horns are thinner than a pixel.

    inf for all when they lie too far apart to be drawn so.
    """
    top, left = int(rows.min()) - _REACH, int(columns.min()) - _REACH
    height, width = int(rows.max()) + _REACH + 1 - top, int(columns.max()) + _REACH + 1 - left
    finer = next((n for n in _FINER if n * n * height * width <= _MOST_SAMPLES), 0)
    away = np.full(len(rows), np.inf)
    if not finer:
        return away
    K = np.array([[finer, 0, -finer * left], [0, finer, -finer * top], [0, 0, 1.0]]) @ camera.K
    fine = rasterise(camera.to_camera(surface.vertices), surface.faces, K, finer * width, finer * height).silhouette
    # With an odd number of samples one of them lies in the pixel's middle.
    y, x = finer * (rows - top) + finer // 2, finer * (columns - left) + finer // 2
    for inside in (True, False):
        mine = drawn[rows, columns] == inside
        if mine.any() and (fine != inside).any():
            away[mine] = np.asarray(ndimage.distance_transform_edt(fine == inside))[y, x][mine] / finer
    return away


def _in_frame(one: Seen, camera: Camera) -> float | None:
    """The share of an animal's whole picture that lies in the frame; None for what is too near to have one."""
    points = camera.to_camera(one.surface.vertices)
    if points[:, 2].min() <= 0.05 * points[:, 2].max():
        return None
    places = camera.project(one.surface.vertices)
    low = np.minimum(np.floor(places.min(axis=0)), 0).astype(np.int64)
    high = np.maximum(np.ceil(places.max(axis=0)), (camera.width, camera.height)).astype(np.int64)
    width, height = (int(n) for n in high - low)
    if (width, height) == (camera.width, camera.height):
        return 1.0 if one.raster.silhouette.any() else None
    if width > 8 * camera.width or height > 8 * camera.height:
        return None
    K = np.array([[1.0, 0, -low[0]], [0, 1.0, -low[1]], [0, 0, 1.0]]) @ camera.K
    whole = int(rasterise(points, one.surface.faces, K, width, height).silhouette.sum())
    return int(one.raster.silhouette.sum()) / whole if whole else None


# -- depth, order, direction ------------------------------------------------------------------------------------------


def depth_errors(record: Record, one: Seen, ids: NDArray[np.uint8], steps: NDArray[np.int64]) -> tuple[Array, Mask]:
    """(H, W) percent by which the written depth is wrong, and where it is judged: on the visible mask, away from outlines."""
    shown = ids == one.animal.id
    drawn = one.raster.depth
    square = np.ones((3, 3), bool)
    judged = np.asarray(ndimage.binary_erosion(shown & one.raster.silhouette, square, border_value=1), bool)
    near, far = ndimage.minimum_filter(drawn, 3, mode="nearest"), ndimage.maximum_filter(drawn, 3, mode="nearest")
    with np.errstate(invalid="ignore"):
        judged = judged & (far - near <= INNER_OUTLINE * drawn)
    written = steps * record.metres_per_step
    finite = np.where(judged, drawn, 1.0)
    errors = 100.0 * np.abs(written - finite) / finite
    errors = np.where((steps >= DEPTH_FAR) & (finite >= 0.99 * DEPTH_FAR * record.metres_per_step), 0.0, errors)
    return np.where(judged, errors, 0.0), judged


def _depth(report: PictureReport, record: Record, one: Seen, ids: NDArray[np.uint8], steps: NDArray[np.int64]) -> None:
    errors, judged = depth_errors(record, one, ids, steps)
    report.count("depth_judged_share", judged.sum(), (ids == one.animal.id).sum())
    if judged.any():
        report.value("depth_error_percent_max", errors.max(), one.animal.id)
        report.value("depth_error_percent_mean", errors[judged].mean(), one.animal.id)


def heading(one: Seen, names: tuple[str, ...], camera: Camera) -> float | None:
    """Degrees of the body's axis, tail to neck, on the ground as the camera sees it: 0 to the right, 90 away.

    None for an animal without these points, one that stands upright, and a camera that looks straight down.
    """
    points = one.animal.keypoints_3d if one.surface.keypoints is None else one.surface.keypoints
    if "tail_base" not in names or "neck_base" not in names:
        return None
    ahead = points[names.index("neck_base")] - points[names.index("tail_base")]
    away = camera.R[2, :2]  # of the camera's own direction what lies on the ground
    if not np.isfinite(ahead).all() or np.hypot(*ahead[:2]) < 0.1 * np.linalg.norm(ahead) or np.hypot(*away) < 1e-3:
        return None
    right = np.array([away[1], -away[0]])
    return float(np.degrees(np.arctan2(ahead[:2] @ away, ahead[:2] @ right)))


def _facing(report: PictureReport, herd: Dataset, camera: Camera, one: Seen) -> None:
    animal, degrees = one.animal, heading(one, herd.keypoint_names, camera)
    if degrees is None:
        return
    report.value("yaw_error_deg_max", abs((animal.yaw - degrees + 180.0) % 360.0 - 180.0), animal.id)
    off = abs((degrees - 45.0 * FACING.index(animal.facing) + 180.0) % 360.0 - 180.0)
    report.count("facing_agreement", int(off <= 22.5 + FACING_SLACK), 1,
                 f"animal {animal.id}: faces {animal.facing}, its heading is {degrees:.1f} degrees")  # fmt: skip


def _order(report: PictureReport, record: Record, seen: list[Seen], ids: NDArray[np.uint8]) -> None:
    """Left to right, and which of two is nearer."""
    middles = {}
    for one in seen:
        columns = np.nonzero(ids == one.animal.id)[1]
        if len(columns):
            middles[one.animal.id] = np.array([columns.mean(), (columns.min() + columns.max()) / 2, np.median(columns)])
    named = [number for number in record.left_to_right if number in middles]
    # Whichever middle is meant, it must not be that all of them say otherwise.
    swapped = [(a, b) for a, b in pairwise(named) if (middles[a] > middles[b] + 1.0).all()]
    fine = not swapped and len(named) == len(middles)
    report.count("left_to_right_agreement", int(fine), 1, f"left_to_right: {list(record.left_to_right)} is not the order")
    order, expected = set(record.depth_order), 0
    for nearer, farther, apart in _depth_pairs(seen, record.camera):
        expected += 1
        right = (nearer, farther) in order or (apart < TIE and (farther, nearer) in order)
        report.count("depth_order_agreement", int(right), 1, f"depth_order: {nearer} is nearer than {farther}")
    if len(record.depth_order) != expected:
        report.count("depth_order_agreement", 0, 1, f"depth_order: {len(record.depth_order)} pairs, there are {expected}")


def _depth_pairs(seen: list[Seen], camera: Camera) -> Iterator[tuple[int, int, float]]:
    """The nearer and the farther of every two animals, and the share by which their depths differ."""
    for i, one in enumerate(seen):
        for two in seen[i + 1 :]:
            both = one.raster.silhouette & two.raster.silhouette
            if both.any():
                first, second = float(np.median(one.raster.depth[both])), float(np.median(two.raster.depth[both]))
            else:
                first, second = middle_depth(one.surface, camera), middle_depth(two.surface, camera)
            pair = (one, two) if first <= second else (two, one)
            yield pair[0].animal.id, pair[1].animal.id, abs(first - second) / max(abs(first), abs(second), 1e-9)


def _overlaps(report: PictureReport, record: Record, seen: list[Seen]) -> None:
    """The share of the smaller body's volume that lies inside another."""
    volumes = [volume(*one.surface.skin) for one in seen]
    worst, who = 0.0, 0
    for i, one in enumerate(seen):
        for j in range(i + 1, len(seen)):
            least = min(volumes[i], volumes[j])
            if least <= 0:
                continue
            shared = 100.0 * shared_volume(one.surface.skin, seen[j].surface.skin) / least
            if shared > worst:
                worst, who = shared, one.animal.id
    report.value("overlap_percent_max" if record.layout == "natural" else f"overlap_percent_max_{record.layout}", worst, who)
