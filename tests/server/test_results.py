"""What is written of a result can be read again, and says what is missing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bestiary.animal.cameras import Camera
from bestiary.animal.clips import load_clip
from bestiary.animal.default import default_model
from bestiary.server.results import clip_of, clip_silhouette, upright_photo, write_reconstruction
from bestiary.wire import Animal, Reconstruction


@pytest.fixture
def result() -> Reconstruction:
    model = default_model()
    camera = Camera.look_at([0.3, -3.0, 0.6], [0.0, 0.0, 0.3], 200.0, 160, 120)
    points = np.zeros((2, 3), np.float32)
    points[0] = 10, 20, 1
    animal = Animal(
        betas=np.zeros(3, np.float32), pose=np.zeros((model.n_joints, 3), np.float32), trans=np.zeros(3, np.float32),
        metres_per_unit=0.4, keypoints_2d=points, label="Rex", species="dog", score=0.5, warnings=["only one point"],
    )  # fmt: skip
    return Reconstruction(
        model.model_id, model.name, list(model.joint_names), ["nose", "chin"], [animal, replace(animal, label="Lassie")],
        camera.K, camera.R, camera.t, 160, 120, 1.5, np.frombuffer(b"png", np.uint8),
    )  # fmt: skip


def test_files_of_a_result(result: Reconstruction, tmp_path: Path) -> None:
    (tmp_path / "animal_9.npz").write_bytes(b"of an older run")
    written = write_reconstruction(result, tmp_path, photo="holiday/dog.jpg")
    names = ["animal.npz", "animal.json", "animal_2.npz", "animal_2.json", "overlay.png"]
    assert [path.name for path in written] == names
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    clip = load_clip(tmp_path / "animal_2.npz")
    assert (clip.label, clip.species, clip.source, clip.warnings) == ("Lassie", "dog", "dog.jpg", ("only one point",))
    assert clip.parents == tuple(default_model().parents) and clip.metres_per_unit == 0.4
    assert dict(clip.scores) == {"score": 0.5}
    assert clip.keypoints_2d is not None
    np.testing.assert_array_equal(clip.keypoints_2d[0], [[10, 20, 1], [np.nan, np.nan, 0]])
    np.testing.assert_allclose(clip.cameras["photo"].R, result.camera_R)


def test_another_models_animals_are_written_without_parents_and_not_drawn(result: Reconstruction) -> None:
    other = replace(result, model_id="0123456789abcdef")
    clip = clip_of(other, other.animals[0])
    assert clip.parents == ()
    with pytest.raises(ValueError, match="model_id"):
        clip_silhouette(clip, default_model())


def test_silhouette(result: Reconstruction) -> None:
    seen = clip_silhouette(clip_of(result, result.animals[0]), default_model())
    assert seen.shape == (120, 160) and 100 < seen.sum() < 10_000


def test_photos_are_turned_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 40))
    image.save(tmp_path / "plain.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert upright_photo(tmp_path / "plain.jpg", tmp_path) == tmp_path / "plain.jpg"
    turned = upright_photo(tmp_path / "turned.jpg", tmp_path)
    assert turned == tmp_path / "photo.png" and Image.open(turned).size == (40, 60)
