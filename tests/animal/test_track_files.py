"""Files of tracks as other programs write them, and everything else that a user may hand in instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.keypoint_sets import KEYPOINT_SETS
from bestiary.animal.skeleton import Skeleton
from bestiary.animal.track_files import Reading, TrackFile, read_skeleton, read_tracks, without_unseen
from bestiary.animal.tracks import Tracks, TracksError, save_tracks

DLC = "scorer,DLC_resnet50,DLC_resnet50,DLC_resnet50,DLC_resnet50,DLC_resnet50,DLC_resnet50\n"
MULTI = (
    DLC
    + "individuals,m1,m1,m1,m2,m2,m2\nbodyparts,snout,snout,snout,snout,snout,snout\ncoords,x,y,likelihood,x,y,likelihood\n"
    + "0,1,2,0.9,11,12,0.8\n1,2,3,0.1,,,\n2,3,4,0.95,13,14,0.7\n"
)


def read(tmp_path: Path, content: str | bytes | object, name: str = "tracks.txt", **reading: Any) -> TrackFile:
    """What is read of a file with this content; lists and dicts are written as JSON."""
    path = tmp_path / name
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_tracks(path, Reading(**reading))


def refused(
    tmp_path: Path, content: str | bytes | object, words: str, name: str = "tracks.txt", **reading: Any
) -> TracksError:
    with pytest.raises(TracksError, match=words) as caught:
        read(tmp_path, content, name, **reading)
    assert caught.value.message.endswith(".") and caught.value.advice
    return caught.value


# --- DeepLabCut's CSV -------------------------------------------------------------------------------------------------


def test_deeplabcut_with_one_animal(tmp_path: Path) -> None:
    text = DLC + "bodyparts,snout,snout,snout,tailbase,tailbase,tailbase\ncoords,x,y,likelihood,x,y,likelihood\n"
    found = read(tmp_path, text + "0,1,2,0.9,30,40,0.2\n1,2,3,0.8,31,,\n", fps=25)
    tracks = found.tracks[0]
    assert found.kind == "DeepLabCut" and tracks.skeleton.names == ("snout", "tailbase") and tracks.fps == 25
    assert tracks.points[0].tolist() == [[1, 2], [30, 40]] and np.isnan(tracks.points[1, 1]).all()
    assert np.asarray(tracks.confidence).tolist() == [[0.9, 0.2], [0.8, 0]]
    sure = read(tmp_path, text + "0,1,2,0.9,30,40,0.2\n1,2,3,0.8,31,,\n", min_confidence=0.5).tracks[0]
    assert sure.seen.tolist() == [[True, False], [True, False]]


def test_deeplabcut_with_several_animals(tmp_path: Path) -> None:
    one, two = read(tmp_path, MULTI).tracks
    assert (one.label, two.label) == ("m1", "m2")
    assert one.points[:, 0].tolist() == [[1, 2], [2, 3], [3, 4]]
    assert two.seen[:, 0].tolist() == [True, False, True]


def test_deeplabcut_labels_are_numbered_by_their_pictures(tmp_path: Path) -> None:
    text = "scorer,,,me,me\nbodyparts,,,snout,snout\ncoords,,,x,y\n"
    rows = "labeled-data,clip,img07.png,1,2\nlabeled-data,clip,img09.png,3,4\nlabeled-data,clip,img11.png,,\n"
    tracks = read(tmp_path, text + rows).tracks[0]
    assert np.asarray(tracks.frame_numbers).tolist() == [7, 9] and np.asarray(tracks.confidence).min() == 1
    tracks = read(tmp_path, "scorer,me,me\nbodyparts,snout,snout\ncoords,x,y\nlabeled-data/clip/img3.png,1,2\n").tracks[
        0
    ]
    assert np.asarray(tracks.frame_numbers).tolist() == [3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DLC, "a header and no rows"),
        (DLC + "bodyparts,a,a\n0,1,2\n", "no rows 'bodyparts' and 'coords'"),
        ("scorer,s,s\nbodyparts,a,a\ncoords,x,y\n", "no frames"),
        ("scorer,s,s\nbodyparts,a,a\ncoords,x,y\n0,1,abc\n", "row 4, column a: 'abc' is no number"),
        ("scorer,s,s,s\nbodyparts,a,a,a\ncoords,x,y,z\n0,1,2,3\n", "three dimensions"),
        ("scorer,s,s\nbodyparts,a,a\ncoords,x,x\n0,1,2\n", "no point with x and y"),
        ("scorer,s,s\nbodyparts,a,a\ncoords,x,y\n0,,\n1,nan,nan\n", "No point is visible in any frame"),
        ("scorer,s,s,s\nbodyparts,a,a,a\ncoords,x,y,likelihood\n0,5,6,0\n", "No point is visible in any frame"),
    ],
)
def test_deeplabcut_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    refused(tmp_path, text, words)


# --- plain tables and SLEAP's ----------------------------------------------------------------------------------------


def test_a_row_for_each_point(tmp_path: Path) -> None:
    text = (
        "frame,name,x,y,confidence,animal\n0,nose,1,2,0.5,fox\n1,nose,2,3,1,fox\n0,tail,5,6,1,fox\n0,nose,7,8,1,hare\n"
    )
    fox, hare = read(tmp_path, text).tracks
    assert (
        fox.label == "fox"
        and fox.points[0].tolist() == [[1, 2], [5, 6]]
        and fox.seen.tolist() == [[True, True], [True, False]]
    )
    assert np.asarray(fox.confidence)[0].tolist() == [0.5, 1] and hare.label == "hare"
    plain = read(tmp_path, "frame;bodypart;X;Y\n3;nose;1,5;2,5\n4;nose;2;3\n").tracks[0]
    assert plain.points[0, 0].tolist() == [1.5, 2.5] and np.asarray(plain.frame_numbers).tolist() == [3, 4]


@pytest.mark.parametrize(
    "header",
    [
        "frame,nose_x,nose_y,nose_c,tail_x,tail_y,tail_c",
        "frame\tnose.x\tnose.y\tnose.score\ttail.x\ttail.y\ttail.score",
        "Frame;nose x;nose y;nose likelihood;tail x;tail y;tail likelihood",
        "frame,noseX,noseY,nose_conf,tailX,tailY,tail_conf",
    ],
)
def test_a_row_for_each_frame(tmp_path: Path, header: str) -> None:
    separator = next(letter for letter in ",\t;" if letter in header)
    rows = [["0", "1", "2", "0.5", "5", "6", "1"], ["1", "2", "3", "1", "", "NaN", "1"]]
    tracks = read(tmp_path, "\n".join([header, *(separator.join(row) for row in rows)])).tracks[0]
    assert tracks.skeleton.names == ("nose", "tail")
    assert tracks.points[0].tolist() == [[1, 2], [5, 6]] and tracks.seen.tolist() == [[True, True], [True, False]]
    assert np.asarray(tracks.confidence)[0].tolist() == [0.5, 1]


def test_tables_of_sleap(tmp_path: Path) -> None:
    text = "track,frame_idx,instance.score,nose.x,nose.y,nose.score,tail.x,tail.y,tail.score\n"
    text += "a,0,0.9,1,2,0.8,3,4,0.7\nb,0,0.9,11,12,0.8,13,14,0.7\na,2,0.9,2,3,0.8,4,5,0.7\n"
    a, b = read(tmp_path, text).tracks
    assert (a.label, b.label) == ("a", "b") and len(a) == 2 and len(b) == 1
    text = "frame_idx,inst0.track,inst0.score,inst0.nose.x,inst0.nose.y,inst1.track,inst1.score,inst1.nose.x,inst1.nose.y\n"
    text += "0,a,1,1,2,b,1,11,12\n1,b,1,13,14,a,1,2,3\n2,a,1,3,4,,,,\n"
    a, b = read(tmp_path, text).tracks
    assert a.points[:, 0].tolist() == [[1, 2], [2, 3], [3, 4]], "an animal may change its place in the row"
    assert b.points[:, 0].tolist() == [[11, 12], [13, 14]]


def test_twelve_animals_in_one_file(tmp_path: Path) -> None:
    rows = [
        f"{frame},{name},{frame + i + 1},{10 * animal + i},{animal}"
        for frame in range(5)
        for animal in range(12)
        for i, name in enumerate(["nose", "tail_base"])
    ]
    found = read(tmp_path, "\n".join(["frame,name,x,y,animal", *rows]))
    assert [tracks.label for tracks in found.tracks] == [str(i) for i in range(12)]
    assert all(len(tracks) == 5 and tracks.seen.all() for tracks in found.tracks)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("frame,name,x,y\n0,nose,1\n", "row 2: has 3 columns"),
        ("frame,name,x,y\n0,nose,1,oops\n", "row 2, column y: 'oops' is no number"),
        ("frame,name,x,y\nfirst,nose,1,2\n", "'first' is no frame number"),
        ("name,x,y\nnose,1,2\n", "no column 'frame'"),
        ("frame,name,x,y\n1,nose,1,2\n1.0,nose,1,2\n", "one frame's number in two ways"),
        ("frame,a_x,a_y\n0,1,2\n0,3,4\n", "frame 0 of 'the animal' occurs twice"),
        ("frame,a,b\n0,1,2\n", "pairs for x and y"),
        ("some words\nand more\n", "no columns"),
        ("frame,a_x,a_y\n", "a header and no rows"),
        ("frame,name,x,y\n" + "".join(f"0,p{i},1,2\n" for i in range(600)), "600 points in a frame; 1 to 512"),
        ("frame,name,x,y\n0," + "n" * 300 + ",1,2\n", "more than 200 letters"),
        ("frame,name,x,y,animal\n" + "".join(f"0,p,1,2,{i}\n" for i in range(1001)), "1001 animals"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    refused(tmp_path, text, words)


# --- frames, missing points, skeletons --------------------------------------------------------------------------------


def long(places: dict[int, dict[str, tuple[float, float]]]) -> str:
    return "frame,name,x,y\n" + "".join(
        f"{frame},{name},{x},{y}\n" for frame, points in places.items() for name, (x, y) in points.items()
    )


def test_one_frame(tmp_path: Path) -> None:
    assert len(read(tmp_path, long({7: {"nose": (1, 2), "tail_base": (3, 4)}})).tracks[0]) == 1


def test_a_frame_without_a_visible_point_stays_an_unknown_one(tmp_path: Path) -> None:
    nan = float("nan")
    tracks = read(
        tmp_path,
        long(
            {
                0: {"nose": (nan, nan)},
                1: {"nose": (1, 2)},
                2: {"nose": (nan, nan)},
                3: {"nose": (2, 3)},
                4: {"nose": (nan, 1)},
            }
        ),
    ).tracks[0]
    assert np.asarray(tracks.frame_numbers).tolist() == [1, 2, 3] and tracks.seen[:, 0].tolist() == [True, False, True]


def test_frames_that_the_file_skips_are_unknown_ones(tmp_path: Path) -> None:
    tracks = read(tmp_path, long({frame: {"nose": (frame + 1, 1)} for frame in (0, 1, 2, 5)})).tracks[0]
    assert np.asarray(tracks.frame_numbers).tolist() == [0, 1, 2, 3, 4, 5] and tracks.seen[:, 0].tolist() == [
        True
    ] * 3 + [False] * 2 + [True]
    even = read(tmp_path, long({frame: {"nose": (frame + 1, 1)} for frame in (0, 5, 10)})).tracks[0]
    assert np.asarray(even.frame_numbers).tolist() == [0, 5, 10]
    far = read(tmp_path, long({frame: {"nose": (1, 1)} for frame in (0, 1, 10**9)}))
    assert len(far.tracks[0]) == 3 and any("unevenly" in note for note in far.notes)


def test_a_joint_that_is_never_seen(tmp_path: Path) -> None:
    tracks = read(
        tmp_path,
        "frame,hip_x,hip_y,knee_x,knee_y,paw_x,paw_y\n0,1,1,,,3,3\n1,1,1,,,3,3\n",
        skeleton=Skeleton(("hip", "knee", "paw"), (-1, 0, 1)),
    ).tracks[0]
    assert tracks.skeleton.names == ("hip", "knee", "paw") and not tracks.seen[:, 1].any()
    kept, left = without_unseen(tracks)
    assert left == ["knee"] and kept.skeleton == Skeleton(("hip", "paw"), (-1, 0)) and kept.seen.all()
    assert without_unseen(kept) == (kept, [])
    with pytest.raises(TracksError, match="No point"):
        without_unseen(Tracks(np.full((2, 3, 2), np.nan), tracks.skeleton, 30))


def test_a_point_at_zero_is_a_missing_one(tmp_path: Path) -> None:
    assert read(tmp_path, "frame,a_x,a_y,b_x,b_y\n0,0,0,1,0\n").tracks[0].seen.tolist() == [[False, True]]


def test_what_the_user_says_goes_first(tmp_path: Path) -> None:
    skeleton = Skeleton(("paw", "nose"), (1, -1))
    found = read(
        tmp_path,
        "frame,Nose_x,Nose_y,tail_x,tail_y,paw_x,paw_y\n0,1,2,3,4,5,6\n",
        fps=50,
        skeleton=skeleton,
        size=(640, 480),
        focal=700,
    )
    tracks = found.tracks[0]
    assert (tracks.fps, tracks.width, tracks.height, tracks.focal) == (50, 640, 480, 700)
    assert tracks.skeleton == skeleton and tracks.points[0].tolist() == [[5, 6], [1, 2]]
    assert any("tail" in note for note in found.notes)
    error = refused(
        tmp_path, "frame,nose_x,nose_y\n0,1,2\n", "no point 'paw', which the skeleton names", skeleton=skeleton
    )
    assert "nose" in error.advice


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_frame_rates_that_are_none(tmp_path: Path, fps: float) -> None:
    refused(tmp_path, MULTI, "The frame rate is", fps=fps)


def test_what_is_assumed_is_said(tmp_path: Path) -> None:
    notes = " ".join(read(tmp_path, MULTI).notes)
    assert "30 are assumed" in notes and "guessed" in notes
    assert "assumed" not in " ".join(read(tmp_path, MULTI, fps=24).notes)


def test_named_and_own_skeletons(tmp_path: Path) -> None:
    assert read_skeleton("AP-10K").skeleton == read_skeleton("ap10k").skeleton
    path = tmp_path / "leg.json"
    path.write_text('{"names": ["a", "b"], "bones": [["a", "b"]], "root": "b"}', encoding="utf-8")
    found = read_skeleton(str(path)).skeleton
    assert found is not None and found.parents == (1, -1)
    with pytest.raises(TracksError, match="No skeleton is called"):
        read_skeleton("nonsense")


# --- COCO -------------------------------------------------------------------------------------------------------------

AP10K = list(KEYPOINT_SETS["ap10k"].points)


def coco(boxes: list[tuple[int, float, dict[str, Any]]], image: Any = None, **more: Any) -> dict[str, Any]:
    """A COCO file: for each annotation its image's id, where the animal is, and further keys."""
    ids = sorted({box[0] for box in boxes})
    annotations = []
    for number, (key, at, extra) in enumerate(boxes):
        points = [value for i in range(17) for value in (at + i, 50 + (i % 5) * 10, 2)]
        annotations.append({"id": number, "image_id": key, "category_id": 1, "keypoints": points, **extra})
    images = [
        {"id": key, "file_name": f"clip/frame_{key:05d}.jpg", "width": 640, "height": 360, **(image or {})}
        for key in ids
    ]
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "dog", "keypoints": AP10K, **more}],
    }


def test_coco_with_one_animal(tmp_path: Path) -> None:
    value = coco([(3, 100, {}), (4, 600, {}), (5, 20, {})])
    value["annotations"][0]["keypoints"][:6] = [5, 6, 0, 7, 8, 1]
    found = read(tmp_path, value)
    tracks = found.tracks[0]
    assert found.kind == "COCO keypoints" and len(found.tracks) == 1, (
        "one animal in each picture is the same one, however far it jumps"
    )
    assert np.asarray(tracks.frame_numbers).tolist() == [3, 4, 5] and (tracks.width, tracks.height) == (640, 360)
    assert np.asarray(tracks.confidence)[0, :3].tolist() == [0, 0.5, 1]
    assert tracks.skeleton.names == tuple(AP10K) and tracks.label == "dog"


def test_coco_with_track_ids(tmp_path: Path) -> None:
    value = coco(
        [(1, 100, {"track_id": 7}), (1, 300, {"track_id": 9}), (2, 310, {"track_id": 9}), (2, 110, {"track_id": 7})]
    )
    one, two = read(tmp_path, value).tracks
    assert (one.label, two.label) == ("dog 7", "dog 9")
    assert one.points[:, 0, 0].tolist() == [100, 110] and two.points[:, 0, 0].tolist() == [300, 310]


def test_coco_without_track_ids_is_joined_by_nearness(tmp_path: Path) -> None:
    value = coco([(1, 100, {}), (1, 300, {}), (2, 304, {}), (2, 104, {}), (3, 108, {}), (5, 308, {}), (5, 112, {})])
    found = read(tmp_path, value)
    assert any("no track ids" in note and "2 tracks" in note for note in found.notes)
    assert sorted(tracks.points[0, 0, 0] for tracks in found.tracks) == [100, 300]
    for tracks in found.tracks:
        assert np.ptp(tracks.points[:, 0, 0][tracks.seen[:, 0]]) <= 12


def test_coco_frames_in_the_order_that_is_stated(tmp_path: Path) -> None:
    value = coco([(1, 10, {"track_id": 1}), (2, 20, {"track_id": 1}), (3, 30, {"track_id": 1})])
    for image, frame in zip(value["images"], (9, 8, 7), strict=True):
        image["frame_id"] = frame
    tracks = read(tmp_path, value).tracks[0]
    assert np.asarray(tracks.frame_numbers).tolist() == [7, 8, 9] and tracks.points[:, 0, 0].tolist() == [30, 20, 10]


def test_coco_with_several_videos(tmp_path: Path) -> None:
    value = coco([(1, 10, {"track_id": 1}), (2, 20, {"track_id": 1})])
    value["images"][0]["video_id"], value["images"][1]["video_id"] = 4, 5
    value["videos"] = [{"id": 4, "name": "meadow", "fps": 24}, {"id": 5, "name": "forest", "fps": 60}]
    one, two = read(tmp_path, value).tracks
    assert (one.fps, two.fps) == (24, 60) and one.label.startswith("meadow") and two.label.startswith("forest")
    assert len(one) == len(two) == 1


def test_a_list_of_detections_needs_the_names(tmp_path: Path) -> None:
    value = [
        {
            "image_id": frame,
            "category_id": 1,
            "score": 0.9,
            "keypoints": [v for i in range(17) for v in (frame + i, 5, 0.25)],
        }
        for frame in range(3)
    ]
    assert "--skeleton" in refused(tmp_path, value, "does not say what its 17 points are called").advice
    tracks = read(tmp_path, value, skeleton=read_skeleton("ap10k").skeleton).tracks[0]
    assert len(tracks) == 3 and set(np.asarray(tracks.confidence).reshape(-1).tolist()) == {0.25}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"annotations": []}, "no annotation with keypoints"),
        ({"annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4]}]}, "no annotation with keypoints"),
        ({"categories": []}, "what its 17 points are called"),
        ({"images": [{"file_name": "a.jpg"}]}, "cannot be read: KeyError"),
        ({"images": [3]}, "cannot be read"),
        ({"annotations": [3]}, "cannot be read"),
        (
            {"annotations": [{"image_id": 1, "category_id": 1, "keypoints": "abc"}]},
            "names|cannot be read|called|keypoint numbers",
        ),
        ({"categories": {"1": 2}}, "cannot be read"),
    ],
)
def test_coco_that_cannot_be_used(tmp_path: Path, change: dict, words: str) -> None:
    refused(tmp_path, {**coco([(1, 10, {})]), **change}, words)


def test_coco_with_ragged_keypoints(tmp_path: Path) -> None:
    value = coco([(1, 10, {}), (2, 10, {})])
    value["annotations"][1]["keypoints"] = [1, 2, 3]
    refused(tmp_path, value, "3 keypoint numbers, others have 51")
    value["annotations"][1]["keypoints"] = ["a"] * 51
    refused(tmp_path, value, "cannot be read")


# --- BADJA ------------------------------------------------------------------------------------------------------------


def test_badja_is_y_and_x(tmp_path: Path) -> None:
    joints = [[row, 100 + row] for row in range(37)]
    value = [
        {"image_path": f"x/dog/rgb/{frame:04d}.png", "joints": joints, "visibility": [row != 33 for row in range(37)]}
        for frame in range(2)
    ]
    tracks = read(tmp_path, value).tracks[0]
    names = tracks.skeleton.names
    assert tracks.points[0, names.index("right_elbow")].tolist() == [108, 8]
    assert tracks.points[0, names.index("left_hind_paw")].tolist() == [124, 24]
    assert np.asarray(tracks.confidence)[0, names.index("nose")] == 0.5 and tracks.label == "dog" and len(names) == 20
    value[1]["joints"] = joints[:36]
    refused(tmp_path, value, "BADJA has 37")


@pytest.mark.data
@pytest.mark.parametrize(("clip", "frames"), [("rs_dog", 201), ("cows", 21), ("camel", 18), ("bear", 17)])
def test_badja_itself(shared_data: Path, clip: str, frames: int) -> None:
    """Every clip is read; who walks to the left of the picture shows its left side, so that the far legs are hidden more often."""
    found = read_tracks(shared_data / "keypoints2d" / "badja" / f"{clip}.json")
    tracks = found.tracks[0]
    assert found.kind == "BADJA" and len(tracks) == frames and tracks.label == clip
    names, sure = tracks.skeleton.names, np.asarray(tracks.confidence) > 0.9
    facing = np.sign(tracks.points[:, names.index("tail_base"), 0] - tracks.points[:, names.index("neck_base"), 0])
    legs = [name[5:] for name in names if name.startswith("left_") and "ear" not in name]
    balance = [
        sum(int(sure[i, names.index("left_" + leg)]) - int(sure[i, names.index("right_" + leg)]) for leg in legs)
        for i in range(frames)
    ]
    assert (facing * balance).sum() > 0


@pytest.mark.data
def test_coco_files_of_others(shared_data: Path) -> None:
    found = read_tracks(shared_data / "photos" / "ap10k" / "test_ap10k.json")
    assert {tracks.label for tracks in found.tracks} == {"jaguar", "antelope"}
    assert all(tracks.skeleton.names == tuple(AP10K) for tracks in found.tracks)


# --- the project's own ------------------------------------------------------------------------------------------------


def test_our_own_file(tmp_path: Path) -> None:
    skeleton = Skeleton(("qa", "qb"), (1, -1))
    save_tracks(tmp_path / "t.json", [Tracks(np.ones((2, 2, 2)), skeleton, 12.5, label="dog")])
    found = read_tracks(tmp_path / "t.json")
    assert found.tracks[0].skeleton == skeleton and found.tracks[0].fps == 12.5 and not found.notes
    assert read_tracks(tmp_path / "t.json", Reading(fps=10)).tracks[0].fps == 10
    refused(tmp_path, {"format": "bestiary-tracks/1", "animals": []}, "No point is visible")
    refused(tmp_path, {"format": "bestiary-motion/1"}, "holds no tracks")


# --- anything else ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(9), "a JPEG"),
        (bytes(4) + b"ftypisom" + bytes(100), "a movie"),
        (b"\x1aE\xdf\xa3" + bytes(99), "a movie"),
        (b"RIFF....AVI LIST", "a movie"),
        (b"RIFF....WEBPVP8 ", "a picture or a sound"),
        (b"PK\x03\x04" + bytes(99), "a zip archive"),
        (b"\x1f\x8b" + bytes(99), "a gzip archive"),
        (b"\x80\x04\x95abc.", "a pickle, which is never opened"),
        (b"BLENDER-v402", "a Blender file"),
        (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "HDF5 file, which is not read here"),
        (bytes(range(256)), "no text"),
        (b"\xff\xfe\x00", "no text|no table"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "no file of tracks"),
        (b"[]", "no file of tracks"),
        (b"[1, 2]", "no file of tracks"),
        (b"hello there", "no columns"),
        (b"\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f,", "no text|no rows"),
    ],
)
def test_a_wrong_file_type(tmp_path: Path, content: bytes, words: str) -> None:
    for name in ("tracks.csv", "tracks.json", "tracks.h5"):
        refused(tmp_path, content, words, name)


def test_a_movie_is_told_what_tracks_are(tmp_path: Path) -> None:
    assert "track it first" in refused(tmp_path, bytes(4) + b"ftypmp42", "a movie", "dog.mp4").advice


def test_folders_and_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(TracksError, match="is a folder"):
        read_tracks(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_tracks(tmp_path / "no.csv")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as stream:
        stream.write(b"frame,name,x,y\n")
        stream.truncate(1 << 29)
    with pytest.raises(TracksError, match="512 MiB; 256 can be read"):
        read_tracks(path)


def test_text_of_spreadsheets(tmp_path: Path) -> None:
    text = "frame,Näse_x,Näse_y\n0,1,2\n"
    for encoding in ("utf-8-sig", "utf-16", "latin-1"):
        assert read(tmp_path, text.encode(encoding)).tracks[0].skeleton.names == ("Näse",)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    attempt(tmp_path_factory, data)


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    "frame",
                    "name",
                    "x",
                    "y",
                    "a_x",
                    "a_y",
                    "0",
                    "1",
                    "1.5",
                    "",
                    "nan",
                    "inf",
                    "-1",
                    "1e400",
                    "scorer",
                    "coords",
                    "bodyparts",
                    "individuals",
                    "likelihood",
                    '"',
                    "track",
                    "a",
                ]
            ),
            max_size=6,
        ),
        max_size=6,
    )
)
def test_any_table_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    attempt(tmp_path_factory, "\n".join(",".join(row) for row in rows).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 40) | st.floats() | st.sampled_from(["a", "1", "2.0"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "image_id", "keypoints", "file_name", "track_id", "category_id", "name", "joints", "visibility"]
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(st.sampled_from(["images", "annotations", "categories", "videos", "format", "animals"]), JSON)
    | JSON
)
def test_any_json_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    attempt(tmp_path_factory, json.dumps(value).encode())


@given(
    st.sampled_from(["annotations", "images", "categories"]),
    st.sampled_from(
        [
            "id",
            "image_id",
            "keypoints",
            "file_name",
            "category_id",
            "track_id",
            "video_id",
            "frame_id",
            "name",
            "skeleton",
            "width",
        ]
    ),
    JSON,
)
def test_any_change_to_coco_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, table: str, key: str, value: object
) -> None:
    content = coco([(1, 10, {"track_id": 1}), (1, 90, {}), (2, 20, {})], skeleton=[[1, 2]])
    content[table][0][key] = value
    attempt(tmp_path_factory, json.dumps(content).encode())


@given(st.integers(0, len(MULTI)), st.integers(0, len(MULTI) - 1), st.integers(0, 255))
def test_deeplabcut_cut_off_or_damaged(
    tmp_path_factory: pytest.TempPathFactory, length: int, place: int, byte: int
) -> None:
    data = bytearray(MULTI.encode())
    data[place] = byte
    attempt(tmp_path_factory, bytes(data))
    attempt(tmp_path_factory, bytes(data[:length]))


def attempt(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Reading gives tracks with at least one visible point each, or a message."""
    path = tmp_path_factory.getbasetemp() / "attempt.txt"
    path.write_bytes(data)
    try:
        found = read_tracks(path)
    except TracksError as error:
        assert error.message.endswith(".") and "Traceback" not in error.message
    else:
        assert found.tracks and all(tracks.seen.any() for tracks in found.tracks)
