"""Conversion from a user's file to the project's own, with the user's own keypoints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bestiary.animal.convert import convert, summary
from bestiary.animal.model import ModelError
from bestiary.animal.model_file import open_model
from model_pickles import dumps, smal_like


def test_a_pickle_becomes_the_same_model(tmp_path: Path) -> None:
    source = tmp_path / "smal.pkl"
    source.write_bytes(dumps(dict(smal_like(), eigenvalues=np.zeros(3)), 2))
    (tmp_path / "map.json").write_text(json.dumps({"nose": [3, 4], "Left Ear": [9]}))
    made = convert(source, tmp_path / "out" / "a.npz", tmp_path / "map.json", "wolf", "mine", 0.4)
    assert (made.name, made.licence, made.metres_per_unit) == ("wolf", "mine", 0.4)
    assert made.keypoint_names == ("nose", "left_ear_base")
    before = open_model(source)
    assert made.model_id == before.model_id and made.is_smal_profile
    rng = np.random.default_rng(0)
    betas, pose, trans = rng.normal(size=4), rng.normal(size=(35, 3)), rng.normal(size=3)
    first, second = before.forward(betas, pose, trans), made.forward(betas, pose, trans)
    np.testing.assert_allclose(second.vertices, first.vertices, atol=1e-5)
    text = "\n".join(summary(made, source))
    assert "120 vertices, 35 joints, 4 shape directions" in text and "eigenvalues" in text and "SMAL's" in text


def test_what_is_wrong_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    source, target = tmp_path / "smal.pkl", tmp_path / "a.npz"
    source.write_bytes(dumps(smal_like(), 2))
    (tmp_path / "map.json").write_text(json.dumps({"left_antler": [3]}))
    with pytest.raises(ModelError, match="left_antler"):
        convert(source, target, tmp_path / "map.json")
    (tmp_path / "map.json").write_text("[1]")
    with pytest.raises(ModelError, match="must be an object"):
        convert(source, target, tmp_path / "map.json")
    with pytest.raises(ModelError, match="metres_per_unit"):
        convert(source, target, metres_per_unit=0)
    with pytest.raises(ModelError, match="call it a"):
        convert(source, tmp_path / "a.pkl")
    assert not target.exists()


@pytest.mark.data
@pytest.mark.parametrize("file", ["pig/PIG_full.pkl", "stick_insect/SMILy_STICK.pkl", "bird/bird_eccv.json"])
def test_third_party_models(shared_data: Path, tmp_path: Path, file: str) -> None:
    source = shared_data / "models" / file
    before, made = open_model(source), convert(source, tmp_path / "a.npz")
    rng = np.random.default_rng(0)
    betas, pose = rng.normal(size=made.n_betas), 0.3 * rng.normal(size=(made.n_joints, 3))
    scale = np.ptp(before.v_template)
    first, second = before.forward(betas, pose), made.forward(betas, pose)
    np.testing.assert_allclose(second.vertices / scale, first.vertices / scale, atol=1e-5)
    assert summary(made, source)[0].startswith(made.name)
    if "STICK" in file:
        assert "scaledirs" in "\n".join(summary(made, source))
