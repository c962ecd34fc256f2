"""A herd drawn anew by a tiny random generator: whole, repeatable, resumable, and honest about what went wrong."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bestiary.server.data.agreement import agreement
from bestiary.server.data.generator import KINDS, Style, StyliseError, check_controlnet, kind_of
from bestiary.server.data.records import read_dataset
from bestiary.server.data.stylise import picture_seed, stylise
from herd_folder import write_herd_folder

try:
    import diffusers
except ImportError:
    diffusers = None
needs_diffusers = pytest.mark.skipif(diffusers is None, reason="diffusers is not installed: pip install -e '.[stylise]'")


@pytest.fixture(scope="module")
def herd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_herd_folder(tmp_path_factory.mktemp("herd") / "herd", count=3, seed=0, size=100)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    from tiny_checkpoints import write_sd

    return write_sd(tmp_path_factory.mktemp("tiny"))


def style(tiny: tuple[Path, Path], **more: Any) -> Style:
    return Style(tiny[0], **{"controlnets": (tiny[1],), "steps": 2, "device": "cpu", **more})


def pixels(folder: Path) -> dict[str, np.ndarray]:
    return {path.name: np.array(Image.open(path)) for path in sorted((folder / "images").iterdir())}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@needs_diffusers
def test_the_result_is_a_data_set_with_new_pictures_and_the_old_truth(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    out, before = tmp_path / "out", contents(herd)
    seen: list[tuple[float, str]] = []
    outcome = stylise(herd, out, style(tiny), seed=3, progress=lambda *report: seen.append(report))
    assert (outcome.drawn, outcome.failed, outcome.cancelled) == (3, {}, False)
    one, two = read_dataset(herd), read_dataset(out)
    assert two.names == one.names and json.loads((out / "dataset.json").read_text())["stylised"]["checkpoint"] == "tiny-sd"
    for name in two.names:
        record = two.record(name)
        np.testing.assert_array_equal(two.ids(record), one.ids(one.record(name)))
        np.testing.assert_array_equal(two.depth(record), one.depth(one.record(name)))
        assert two.image(record).shape == one.image(one.record(name)).shape
        assert not np.array_equal(two.image(record), one.image(one.record(name)))
        mine, old = (json.loads((folder / f"records/{name}.json").read_text()) for folder in (out, herd))
        told = mine.pop("stylised")
        assert mine == old
        assert told["seed"] == 3 and told["steps"] == 2 and told["control"] == "canny"
        assert told["picture_seed"] == picture_seed(3, record.index)
        assert set(told["agreement"]["animals"]) <= {str(animal.id) for animal in record.animals}
    assert contents(herd) == before
    assert not [path for path in out.rglob("*") if path.name.endswith(".tmp")]
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and "2 of 3" in seen[len(seen) // 2][1]


@needs_diffusers
def test_a_picture_depends_on_seed_and_index_alone(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    stylise(herd, whole, style(tiny), seed=1)
    first = stylise(herd, parts, style(tiny), seed=1, limit=1)
    assert first.drawn == 1
    kept = (parts / "images/000000.png").stat().st_mtime_ns
    rest = stylise(herd, parts, style(tiny), seed=1)
    assert (rest.drawn, rest.finished_before) == (2, 1)
    assert (parts / "images/000000.png").stat().st_mtime_ns == kept
    assert contents(whole) == contents(parts)
    stylise(herd, tmp_path / "other", style(tiny), seed=2, limit=1)
    assert not np.array_equal(pixels(tmp_path / "other")["000000.png"], pixels(whole)["000000.png"])


@needs_diffusers
def test_the_control_map_steers_the_picture(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    stylise(herd, tmp_path / "edges", style(tiny), limit=1)
    stylise(herd, tmp_path / "depth", style(tiny, control="depth"), limit=1)
    stylise(herd, tmp_path / "both", style(tiny, control="both", controlnets=(tiny[1], tiny[1])), limit=1)
    stylise(herd, tmp_path / "none", style(tiny, control_scale=0.0), limit=1)
    stylise(herd, tmp_path / "soft", style(tiny, strength=0.5), limit=1)
    drawn = [pixels(tmp_path / name)["000000.png"].astype(int) for name in ("edges", "depth", "both", "none", "soft")]
    for i, one in enumerate(drawn):
        assert all(np.abs(one - other).max() > 0 for other in drawn[:i])


@needs_diffusers
def test_cancelled_in_the_middle_of_a_picture_and_started_again(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    out, cancel = tmp_path / "out", threading.Event()

    def progress(fraction: float, stage: str = "") -> None:
        if fraction > 0.4:  # within the second picture
            cancel.set()

    outcome = stylise(herd, out, style(tiny), progress=progress, cancel=cancel)
    assert outcome.cancelled and outcome.drawn == 1
    assert [path.name for path in (out / "records").iterdir()] == ["000000.json"]
    assert stylise(herd, out, style(tiny)).drawn == 2
    stylise(herd, tmp_path / "whole", style(tiny))
    assert contents(out) == contents(tmp_path / "whole")


@needs_diffusers
def test_a_broken_picture_is_recorded_and_the_run_goes_on(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    broken, out = tmp_path / "broken", tmp_path / "out"
    shutil.copytree(herd, broken)
    (broken / "control/000000_canny.png").write_bytes(b"no picture")
    (broken / "truth/000001_depth.png").unlink()
    outcome = stylise(broken, out, style(tiny))
    assert outcome.drawn == 1 and sorted(outcome.failed) == ["000000", "000001"]
    assert "000000_canny.png" in outcome.failed["000000"] and "000001_depth.png" in outcome.failed["000001"]
    assert "damaged" in json.loads((out / "failed/000000.json").read_text())["reason"]
    assert read_dataset(out).names == ("000002",)
    shutil.copy(herd / "control/000000_canny.png", broken / "control")
    shutil.copy(herd / "truth/000001_depth.png", broken / "truth")
    assert stylise(broken, out, style(tiny)).drawn == 2
    assert not list((out / "failed").iterdir())


@needs_diffusers
def test_a_record_cut_short_by_a_crash_is_drawn_again(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    stylise(herd, out, style(tiny))
    good = contents(out)
    (out / "records/000001.json").write_text('{"format": "bestiary-he')
    (out / "images/000002.png").unlink()
    assert stylise(herd, out, style(tiny)).drawn == 2
    assert contents(out) == good


@needs_diffusers
def test_other_options_do_not_mix_in_one_folder(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    stylise(herd, out, style(tiny), limit=1)
    with pytest.raises(StyliseError, match="drawn with other steps"):
        stylise(herd, out, style(tiny, steps=3))
    with pytest.raises(StyliseError, match="overwrite"):
        stylise(herd, herd, style(tiny))


@needs_diffusers
def test_a_checkpoint_that_fails_on_every_picture_ends_the_run(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    """Weights that overflow: what half precision on a GPU does to some checkpoints."""
    import torch
    from safetensors.torch import load_file, save_file

    bad = tmp_path / "overflows"
    shutil.copytree(tiny[0], bad)
    weights = bad / "vae/diffusion_pytorch_model.safetensors"
    save_file({name: torch.full_like(value, float("nan")) for name, value in load_file(weights).items()}, weights)
    with pytest.raises(StyliseError, match=r"first 3 pictures all failed.*not numbers"):
        stylise(herd, tmp_path / "out", style((bad, tiny[1])))
    assert len(list((tmp_path / "out/failed").iterdir())) == 3


@needs_diffusers
def test_a_folder_that_cannot_be_written_ends_the_run(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StyliseError, match="cannot be written"):
        stylise(herd, tmp_path / "file/out", style(tiny))


@needs_diffusers
@pytest.mark.slow
@pytest.mark.parametrize("make", ["write_sdxl", "write_flux", "write_qwen"])
def test_other_families_of_checkpoints(make: str, herd: Path, tmp_path: Path) -> None:
    import tiny_checkpoints

    made = getattr(tiny_checkpoints, make)(tmp_path)
    assert stylise(herd, tmp_path / "out", style(made, size=64), limit=1).drawn == 1
    record = read_dataset(tmp_path / "out").record("000000")
    assert read_dataset(tmp_path / "out").image(record).shape == (75, 100, 3)
    if make != "write_sdxl":  # Flux and Qwen-Image have ControlNets that know several maps
        more = {"modes": 7} if make == "write_flux" else {}
        union = getattr(tiny_checkpoints, make)(tmp_path / "union", **more)
        assert stylise(herd, tmp_path / "both", style(union, control="both", size=64), limit=1).drawn == 1
    if make == "write_qwen":
        with pytest.raises(StyliseError, match="cannot start from"):
            stylise(herd, tmp_path / "soft", style(made, strength=0.5), limit=1)


# -- checkpoints that are refused, before anything of them is loaded -----------------------------------------------------


def index(folder: Path, **values: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline", **values}))
    return folder


def test_checkpoints_are_told_by_their_index(tmp_path: Path) -> None:
    told = {"StableDiffusionPipeline": "Stable Diffusion", "StableDiffusionXLControlNetPipeline": "Stable Diffusion XL",
            "FluxPipeline": "Flux", "QwenImageControlNetPipeline": "Qwen-Image",
            "StableDiffusionControlNetPipeline": "Stable Diffusion"}  # fmt: skip
    for number, (name, kind) in enumerate(told.items()):
        assert kind_of(index(tmp_path / str(number), _class_name=name)).name == kind


@pytest.mark.parametrize("name", ["StableDiffusion3Pipeline", "WanPipeline", None, 7, ["Flux"]])
def test_unknown_kinds_are_named(name: Any, tmp_path: Path) -> None:
    with pytest.raises(StyliseError, match="Known are Stable Diffusion XL, Stable Diffusion, Flux, Qwen-Image"):
        kind_of(index(tmp_path, _class_name=name))


def test_code_in_a_checkpoint_is_never_run(tmp_path: Path) -> None:
    with pytest.raises(StyliseError, match=r"code of its own"):
        kind_of(index(tmp_path / "a", unet=["my_unet", "MyUNet"]))
    folder = index(tmp_path / "b", unet=["diffusers", "UNet2DConditionModel"])
    (folder / "unet").mkdir()
    (folder / "unet/my_unet.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(StyliseError, match=r"my_unet.py is program code"):
        kind_of(folder)


def test_wrong_folders_are_explained(tmp_path: Path) -> None:
    with pytest.raises(StyliseError, match=r"no model_index.json"):
        kind_of(tmp_path)
    (tmp_path / "model_index.json").write_text("[1, 2")
    with pytest.raises(StyliseError, match="not JSON"):
        kind_of(tmp_path)
    with pytest.raises(StyliseError, match=r"no config.json"):
        check_controlnet(tmp_path, KINDS[0])
    (tmp_path / "config.json").write_text('{"_class_name": "ControlNetModel"}')
    with pytest.raises(StyliseError, match="Flux needs a FluxControlNetModel"):
        check_controlnet(tmp_path, next(kind for kind in KINDS if kind.name == "Flux"))


@needs_diffusers
def test_missing_parts_are_explained(herd: Path, tiny: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(StyliseError, match="needs a ControlNet"):
        stylise(herd, tmp_path / "a", style(tiny, controlnets=()))
    with pytest.raises(StyliseError, match="Give 2, edges first"):
        stylise(herd, tmp_path / "b", style(tiny, control="both"))
    pickled = tmp_path / "pickled"
    shutil.copytree(tiny[0], pickled)
    (pickled / "unet/diffusion_pytorch_model.safetensors").rename(pickled / "unet/diffusion_pytorch_model.bin")
    with pytest.raises(StyliseError, match=r"cannot be loaded.*safetensors"):
        stylise(herd, tmp_path / "c", style((pickled, tiny[1])))
    assert not any((tmp_path / name).exists() for name in "abc")  # so that the right options can follow


@pytest.mark.parametrize("bad", [{"control": "pose"}, {"steps": 0}, {"guidance": -1.0}, {"strength": 0.0}, {"strength": 1.5}, {"size": 7}])
def test_options_out_of_range_are_refused(bad: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(StyliseError):
        Style(tmp_path, **bad)


def test_seeds_of_pictures_differ_and_are_not_shared_by_neighbouring_runs() -> None:
    seeds = [picture_seed(seed, place) for seed in range(20) for place in range(50)]
    assert len(set(seeds)) == len(seeds) and all(0 <= seed < 1 << 63 for seed in seeds)
    assert picture_seed(0, 0) == picture_seed(0, 0)


# -- agreement -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, np.ndarray]:
    data = read_dataset(write_herd_folder(tmp_path_factory.mktemp("large") / "herd", count=1, seed=0, size=384))
    record = data.record("000000")
    return data.image(record), data.ids(record)


def test_the_rendered_picture_agrees_with_its_own_truth(large: tuple[np.ndarray, np.ndarray]) -> None:
    picture, ids = large
    found = agreement(picture, ids)
    assert found.overall is not None and found.overall > 0.9
    assert set(found.animals) == set(np.unique(ids[ids > 0]).tolist()) and min(found.animals.values()) > 0.8
    grainy = np.clip(picture * 0.6 + np.random.default_rng(0).normal(50, 15, picture.shape), 0, 255).astype(np.uint8)
    assert (agreement(grainy, ids).overall or 0) > 0.7


def test_pictures_that_know_nothing_of_the_animals_do_not_agree(large: tuple[np.ndarray, np.ndarray]) -> None:
    picture, ids = large
    noise = np.random.default_rng(1).integers(0, 256, picture.shape).astype(np.uint8)
    for other in (noise, np.full_like(picture, 120), picture[:, ::-1].copy(), np.roll(picture, 30, axis=1)):
        assert abs(agreement(other, ids).overall or 0) < 0.2


def test_the_animal_that_is_missing_is_the_one_that_does_not_agree(large: tuple[np.ndarray, np.ndarray]) -> None:
    picture, ids = large
    gone = int(np.unique(ids[ids > 0])[-1])
    painted = picture.copy()
    rows, columns = np.nonzero(ids == gone)
    box = np.s_[rows.min() - 3 : rows.max() + 4, max(0, columns.min() - 3) : columns.max() + 4]
    painted[box] = picture[-1, 0]
    scores = agreement(painted, ids).animals
    assert scores.pop(gone) < 0.35 and min(scores.values()) > 0.6


def test_without_animals_there_is_nothing_to_agree_with() -> None:
    assert agreement(np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30), np.uint8)).overall is None
    with pytest.raises(ValueError, match="size"):
        agreement(np.zeros((20, 30, 3), np.uint8), np.zeros((30, 20), np.uint8))


# -- the command ---------------------------------------------------------------------------------------------------------


@needs_diffusers
def test_the_command_says_what_it_did(herd: Path, tiny: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from bestiary.cli.stylise import stylise as command

    code = command(herd, tiny[0], tmp_path / "out", (tiny[1],), steps=2, limit=2, device="cpu")
    assert code == 0 and "drawn" in (said := capsys.readouterr().out) and "agreement" in said


def test_the_command_says_what_to_install(herd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bestiary.cli import stylise as module
    from bestiary.cli.console import CliError

    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(CliError) as caught:
        module.stylise(herd, tmp_path, tmp_path / "out")
    assert caught.value.advice == "in Bestiary's folder: pip install -e '.[stylise]'"
    with pytest.raises(CliError, match="not found"):
        module.stylise(tmp_path / "nowhere", tmp_path, tmp_path / "out")
