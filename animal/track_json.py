"""Reads tracks out of JSON: COCO keypoint files of footage, COCO's list of detections, BADJA, and the project's own.

Which of them a file is, its content says. Sources: COCO's "data format" page (keypoints as x, y, v; bones counted from 1),
PoseTrack 2018 and YouTube-VIS for the ids of videos, frames and tracks, BADJA (Biggs et al. 2018) for its joints as (y, x).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .keypoint_sets import KEYPOINT_SETS
from .track_linking import link
from .track_raw import HIDDEN, RawAnimal, RawTracks, checked_count, frame_numbers_of, raw_of, whole_number
from .tracks import FORMAT, TracksError, tracks_of

Array = NDArray[np.float64]

ADVICE = "docs/files.md shows the forms of track files that are read."
_TRACK_KEYS = ("track_id", "tracking_id", "instance_id", "individual_id", "animal_id")
_FRAME_KEYS = ("frame_id", "frame_index", "frame_number", "frame_idx", "frame")
_VIDEO_KEYS = ("video_id", "vid_id")
_BADJA_JOINTS = 37


def raw_of_json(value: Any, source: str, names: Sequence[str] | None = None) -> RawTracks:
    """The animals of parsed JSON called `source`. Raises TracksError.

    names: of the points, for a list of detections, which does not tell them.
    """
    if isinstance(value, Mapping):
        if value.get("format") == FORMAT:
            return RawTracks("Bestiary's own tracks", [raw_of(tracks) for tracks in tracks_of(value, source)])
        if isinstance(value.get("annotations"), list) and isinstance(value.get("images"), list):
            return _guarded(_coco, value, source)
        if str(value.get("format", "")).startswith("bestiary-"):
            raise TracksError(f"{source} is a {str(value['format'])[:40]} file and holds no tracks.", ADVICE)
    if isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
        if all("joints" in entry and "visibility" in entry for entry in value):
            return _guarded(_badja, value, source)
        if all("image_id" in entry and "keypoints" in entry for entry in value):
            return _guarded(_detections, value, source, names)
    raise TracksError(f"{source} is JSON, but no file of tracks that is known (COCO, BADJA, {FORMAT}).", ADVICE)


def _guarded(reader: Any, value: Any, source: str, *more: Any) -> RawTracks:
    """Whatever does not have the form it should have becomes one sentence."""
    try:
        return reader(value, source, *more)
    except TracksError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise TracksError(f"{source} cannot be read: {type(error).__name__}: {str(error)[:200]}.", ADVICE) from None


# --- BADJA ------------------------------------------------------------------------------------------------------------


def _badja(value: list[Mapping[str, Any]], source: str) -> RawTracks:
    """Joints are (y, x) in the order of SMAL's skeleton; rows that nobody annotated are left out."""
    known = KEYPOINT_SETS["badja"]
    rows = [row for row, index in enumerate(known.superset) if index >= 0]
    points = np.full((len(value), len(rows), 2), np.nan)
    confidence = np.zeros((len(value), len(rows)))
    for frame, entry in enumerate(value):
        if entry["joints"] is None:
            continue
        joints, visible = np.array(entry["joints"], np.float64), np.array(entry["visibility"], bool)
        if joints.shape != (_BADJA_JOINTS, 2) or visible.shape != (_BADJA_JOINTS,):
            raise TracksError(f"{source}: frame {frame} has {joints.shape} joints; BADJA has {_BADJA_JOINTS}, each (y, x).", ADVICE)
        points[frame] = joints[rows, ::-1]
        confidence[frame] = np.where(visible[rows], 1.0, HIDDEN)
    numbers = frame_numbers_of(str(entry.get("image_path", "")) for entry in value)
    label = _folder(str(value[0].get("image_path", "")), skip=("rgb", "images"))
    animal = RawAnimal(label, [known.points[row] for row in rows], points, confidence,
                       np.arange(len(value)) if numbers is None else np.array(numbers))  # fmt: skip
    return RawTracks("BADJA", [animal])


# --- COCO -------------------------------------------------------------------------------------------------------------


def _coco(value: Mapping[str, Any], source: str) -> RawTracks:
    images = {image["id"]: image for image in value["images"]}
    categories = {entry["id"]: entry for entry in value.get("categories") or []}
    videos = {entry["id"]: entry for entry in value.get("videos") or []}
    clips: dict[Any, dict[Any, Mapping[str, Any]]] = {}
    for key, image in images.items():
        clips.setdefault(_video(image), {})[key] = image
    checked_count(sum(len(entry.get("keypoints") or ()) for entry in value["annotations"]), source)
    found: dict[tuple[Any, Any], list[Mapping[str, Any]]] = {}
    for entry in value["annotations"]:
        if entry.get("keypoints") and entry["image_id"] in images:
            found.setdefault((_video(images[entry["image_id"]]), entry.get("category_id")), []).append(entry)
    result = RawTracks("COCO keypoints", [])
    for (clip, category), entries in found.items():
        about = categories.get(category, {})
        numbers = _numbers(clips[clip])
        animals = _animals(entries, numbers, source, about.get("keypoints"), result.notes)
        image = next(iter(clips[clip].values()))
        video = videos.get(clip, {})
        for animal in animals:
            parts = [str(video.get("name") or clip or "") if len(clips) > 1 else "", str(about.get("name") or "animal"), animal.label]
            animal.label = " ".join(part for part in parts if part)[:100]
            animal.width, animal.height = (_size(image.get(key) or video.get(key)) for key in ("width", "height"))
            animal.fps = _rate(video.get("fps") or image.get("fps"))
            animal.bones = _bones(about.get("skeleton"), len(animal.names))
        result.animals += animals
    if not result.animals:
        raise TracksError(f"{source} has no annotation with keypoints.", "Boxes and masks alone cannot be lifted.")
    return result


def _detections(value: list[Mapping[str, Any]], source: str, names: Sequence[str] | None) -> RawTracks:
    """COCO's list of results: no images, no names."""
    keys = list(dict.fromkeys(entry["image_id"] for entry in value))
    if all(isinstance(key, int) for key in keys):
        numbers = {key: key for key in keys}
    else:
        counted = frame_numbers_of(str(key) for key in keys) or range(len(keys))
        numbers = dict(zip(keys, counted, strict=True))
    result = RawTracks("COCO detections", [])
    result.animals = _animals(value, numbers, source, names, result.notes)
    return result


def _animals(entries: Sequence[Mapping[str, Any]], numbers: Mapping[Any, int], source: str, names: Any,
             notes: list[str]) -> list[RawAnimal]:  # fmt: skip
    """The animals of one clip: by their ids where they have any, else joined from frame to frame."""
    joints = len(entries[0]["keypoints"]) // 3
    if not isinstance(names, list | tuple) or len(names) != joints:
        raise TracksError(f"{source} does not say what its {joints} points are called.",
                          "Name the keypoint set, such as --skeleton ap10k.")  # fmt: skip
    names = [str(name) for name in names]
    table = np.array([_flat(entry["keypoints"], joints, source) for entry in entries]).reshape(-1, joints, 3)
    points, confidence = np.array(table[..., :2]), _confidence(table[..., 2])
    points[confidence <= 0] = np.nan
    ids = [next((entry[key] for key in _TRACK_KEYS if entry.get(key) is not None), None) for entry in entries]
    groups: dict[str, list[int]] = {}
    loose = [row for row, name in enumerate(ids) if name is None]
    for row, name in enumerate(ids):
        if name is not None:
            groups.setdefault(str(name), []).append(row)
    groups.update(_linked(loose, entries, numbers, points, notes))
    animals = []
    for label, rows in groups.items():
        best: dict[int, int] = {}
        for row in rows:
            frame = numbers[entries[row]["image_id"]]
            if frame in best:
                notes.append(f"Animal {label} occurs twice in a frame; the one with more points was taken.")
            if frame not in best or (confidence[row] > 0).sum() > (confidence[best[frame]] > 0).sum():
                best[frame] = row
        kept = list(best.values())
        animals.append(RawAnimal(label if len(groups) > 1 else "", names, points[kept], confidence[kept], np.array(list(best), np.int64)))
    return animals


def _linked(rows: list[int], entries: Sequence[Mapping[str, Any]], numbers: Mapping[Any, int], points: Array,
            notes: list[str]) -> dict[str, list[int]]:  # fmt: skip
    """Annotations without an id, as tracks."""
    frames: dict[int, list[int]] = {}
    for row in rows:
        frames.setdefault(numbers[entries[row]["image_id"]], []).append(row)
    if all(len(members) == 1 for members in frames.values()):
        return {"1": rows} if rows else {}
    order = sorted(frames)
    tracks = link([[points[row] for row in frames[frame]] for frame in order], order)
    notes.append(f"The animals have no track ids: they were joined from frame to frame by nearness, into {len(tracks)} tracks.")
    return {str(number): [frames[order[frame]][animal] for frame, animal in track] for number, track in enumerate(tracks, start=1)}


def _flat(values: Any, joints: int, source: str) -> list[float]:
    if not isinstance(values, list) or len(values) != 3 * joints:
        raise TracksError(f"{source}: an annotation has {len(values)} keypoint numbers, others have {3 * joints}.", ADVICE)
    return [float("nan") if value is None else float(value) for value in values]


def _confidence(third: Array) -> Array:
    """COCO's visibility (0 not known, 1 hidden, 2 seen) or a detector's score, whichever the file has, as 0..1."""
    known = third[np.isfinite(third)]
    if (known == 2).any() and np.isin(known, (0.0, 1.0, 2.0)).all():
        return np.select([third == 2, third == 1], [1.0, HIDDEN], 0.0)
    return np.where(np.isfinite(third), np.clip(third, 0.0, 1.0), 0.0)


def _video(image: Mapping[str, Any]) -> Any:
    """What tells one clip from another: the video's id, else the picture's folder."""
    found = next((image[key] for key in _VIDEO_KEYS if image.get(key) is not None), None)
    return found if found is not None else _file(image).replace("\\", "/").rpartition("/")[0]


def _file(image: Mapping[str, Any]) -> str:
    return str(image.get("file_name") or image.get("filename") or "")


def _numbers(images: Mapping[Any, Mapping[str, Any]]) -> dict[Any, int]:
    """The frame's number of each image of a clip: as stated, else from the files' names, else as they are listed."""
    for key in _FRAME_KEYS:
        stated = [whole_number(image.get(key)) for image in images.values()]
        if None not in stated and len(set(stated)) == len(stated):
            return dict(zip(images, (number for number in stated if number is not None), strict=True))
    counted = frame_numbers_of(_file(image) for image in images.values())
    return dict(zip(images, range(len(images)) if counted is None else counted, strict=True))


def _bones(value: Any, joints: int) -> list[tuple[int, int]]:
    """COCO's bones, counted from 1, as pairs from 0; none where they do not fit."""
    if not isinstance(value, list):
        return []
    pairs = [tuple(whole_number(end) for end in bone) for bone in value if isinstance(bone, list) and len(bone) == 2]
    return [(a - 1, b - 1) for a, b in pairs if a is not None and b is not None and 1 <= a <= joints and 1 <= b <= joints and a != b]


def _size(value: Any) -> int | None:
    number = whole_number(value)
    return number if number is not None and 0 < number <= 1_000_000 else None


def _rate(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _folder(path: str, skip: tuple[str, ...]) -> str:
    """The name of the folder that a picture lies in, passing over folders that only say "pictures"."""
    parts = [part for part in path.replace("\\", "/").split("/")[:-1] if part and part not in skip]
    return parts[-1] if parts else ""
