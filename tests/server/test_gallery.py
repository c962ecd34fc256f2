"""The gallery of a herd: one file that needs nothing else, says what the records say, and treats them as text only."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bestiary.animal import masks
from bestiary.animal.cameras import Camera
from bestiary.animal.default import default_model
from bestiary.animal.rasterise import rasterise
from bestiary.cli.main import run
from bestiary.server.data import gallery
from bestiary.server.data.gallery import GalleryError, evenly, write_gallery
from bestiary.server.data.gallery_overlays import _LETTERS, Meshes, coarse, depth_code, mask_code
from bestiary.server.data.records import read_dataset
from browser import MISSING, Browser, browser_program
from herd_folder import write_herd_folder

HOSTILE = '</script><script>document.body.dataset.hacked="yes"</script><img src=x onerror="document.body.dataset.hacked=1">&amp;{{script}}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine pictures, of which two differ in layout, ground, light and prompt, and one is hostile."""
    folder = write_herd_folder(tmp_path_factory.mktemp("gallery") / "herd", count=9, seed=4, size=256, assets=True)
    change(folder, "000001", snowed)
    change(folder, "000002", spoilt_words)
    return folder


def snowed(record: dict[str, Any]) -> None:
    record.update(layout="herd3d", prompt="a lone wanderer in fresh snow")
    record["scene"].update(ground="snow", light="dusk")


def spoilt_words(record: dict[str, Any]) -> None:
    record["animals"][0].update(species=HOSTILE, label=HOSTILE, doing="<b>graze</b>")
    record["prompt"] = HOSTILE


@pytest.fixture(scope="module")
def page(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_gallery(folder, path)
    return path


def change(folder: Path, name: str, how: Any) -> None:
    """Change a record in place."""
    path = folder / "records" / f"{name}.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    how(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "records").glob("*.json"))]


def block(page: Path, name: str) -> Any:
    """A block of data of a page."""
    found = re.search(f'<script type="[a-z/]+" id="{name}">(.*?)</script>', page.read_text(encoding="utf-8"), re.S)
    assert found, name
    return json.loads(found[1]) if found[1].startswith("{") else found[1]


# ---- the file ---------------------------------------------------------------------------------------------------------


def test_one_file_of_bounded_size_holds_every_picture(folder: Path, page: Path) -> None:
    told = write_gallery(folder, page)
    assert told.pictures == told.pictures_there == 9 and told.left_out == ()
    assert told.bytes == page.stat().st_size and told.bytes_a_picture < 100_000
    assert told.animals == sum(len(record["animals"]) for record in records(folder))
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?!data:)[a-z/]""", text.split("<script")[0])
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "") and "https://" not in text
    photo = Image.open(io.BytesIO(base64.b64decode(block(page, "photo-0"))))
    assert photo.format == "JPEG" and photo.size == (256, 192)


def test_the_same_folder_gives_the_same_page(folder: Path, page: Path, tmp_path: Path) -> None:
    write_gallery(folder, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_text_of_a_record_is_never_markup(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<img src=x" not in text and HOSTILE not in text and "<b>graze" not in text
    assert text.count("<script") == text.count("</script") == 2 * 9 + 2
    assert block(page, "herd")["pictures"][2]["animals"][0]["species"] == HOSTILE


def test_a_limit_takes_pictures_evenly_and_says_so(folder: Path, tmp_path: Path) -> None:
    told = write_gallery(folder, tmp_path / "few.html", limit=3)
    assert (told.pictures, told.pictures_there) == (3, 9)
    herd = block(tmp_path / "few.html", "herd")
    assert [picture["id"] for picture in herd["pictures"]] == ["000000", "000003", "000006"]
    assert (herd["chosen"], herd["there"]) == (3, 9)
    assert evenly(tuple("abcde"), 5) == tuple("abcde") and evenly(tuple("abcde"), 1) == ("a",)
    for limit in (0, -1, 5001):
        with pytest.raises(GalleryError, match="1 to 5000"):
            write_gallery(folder, tmp_path / "none.html", limit=limit)


def test_what_cannot_be_read_is_left_out_and_named(folder: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt"
    shutil.copytree(folder, spoilt)
    (spoilt / "records/000000.json").write_text("{", encoding="utf-8")
    (spoilt / "images/000003.png").unlink()
    (spoilt / "images/000004.png").write_bytes((spoilt / "images/000004.png").read_bytes()[:200])
    change(spoilt, "000005", lambda record: record.update(image="../../../etc/passwd"))
    (spoilt / "truth/000006_depth.png").unlink()
    told = write_gallery(spoilt, tmp_path / "spoilt.html")
    assert told.pictures == 5  # the one without depth is shown
    assert len(told.left_out) == 5
    for name in ("000000", "000003", "000004", "000005", "000006_depth"):
        assert any(name in note for note in told.left_out), name
    herd = block(tmp_path / "spoilt.html", "herd")
    assert herd["notes_count"] == 5 and block(tmp_path / "spoilt.html", "overlay-2")["depth"] is None


def test_no_data_set_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="no folder"):
        write_gallery(tmp_path / "nowhere")
    with pytest.raises(GalleryError, match=r"dataset\.json"):
        write_gallery(tmp_path)
    write_herd_folder(tmp_path / "empty", count=0)
    with pytest.raises(GalleryError, match="no picture"):
        write_gallery(tmp_path / "empty")
    assert not list(tmp_path.rglob("*.html")) and not list(tmp_path.rglob("*.tmp"))


def test_cancelling_leaves_an_earlier_page(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("earlier")
    with pytest.raises(KeyboardInterrupt):
        write_gallery(folder, path, cancelled=lambda: True)
    assert path.read_text() == "earlier" and list(tmp_path.iterdir()) == [path]


def test_the_command_tells_sizes_and_refuses_what_cannot_be(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "herd.html"
    assert run(["data", "view", str(folder), "--out", str(out), "--limit", "4"]) == 0
    text = capsys.readouterr().out.replace("\n", " ")
    assert "4 of 9 pictures" in text and "kB a picture" in text and out.is_file()
    for wrong, what in ((["--limit", "0"], "1 to 5000"), (["--out", "herd.png"], ".html")):
        assert run(["data", "view", str(folder), *wrong]) == 2
        assert what in capsys.readouterr().err
    assert run(["data", "view", str(tmp_path / "nowhere")]) == 2
    assert "nowhere is no folder" in capsys.readouterr().err.replace("\n", "")


# ---- what is drawn ----------------------------------------------------------------------------------------------------


def test_masks_arrive_as_they_are() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((40, 60)) < 0.3
    code = mask_code(masks.encode(mask))
    assert code is not None and re.fullmatch("[A-Za-z0-9_-]+", code)
    text = "".join(chr(48 + _LETTERS.index(letter)) for letter in code)
    assert (masks.decode({"size": [40, 60], "counts": text}) == mask).all()
    assert mask_code(masks.encode(np.zeros((5, 5), bool))) is None
    assert mask_code({"size": [5, 5], "counts": "zz"}) is None


def test_large_masks_are_scaled() -> None:
    rows, columns = np.mgrid[:2000, :1000]
    code = mask_code(masks.encode((rows - 1000) ** 2 + (columns - 500) ** 2 < 400**2))
    assert code is not None and len(code) < 1500
    text = "".join(chr(48 + _LETTERS.index(letter)) for letter in code)
    small = masks.decode({"size": [512, 256], "counts": text})
    assert small.mean() == pytest.approx(np.pi * 400**2 / 2e6, rel=0.01)


def test_a_coarse_mesh_keeps_the_outline() -> None:
    """Of the finer mesh at least 80 % of the silhouette of every kind of animal is the model's own, 90 % on average."""
    model = default_model()
    meshes = Meshes(model)
    assert all(len(level.kept) <= most for level, most in zip(meshes.levels, (280, 640), strict=True))
    scores = []
    for name in ("wolf", "giraffe", "elephant", "hare", "horse"):
        vertices = model.rest(model.species[name].betas).vertices
        camera = Camera.look_at([4.0, 4.0, 1.0], [-0.4, 0, 0], 400, 300, 300)
        level = meshes.levels[1]
        whole = rasterise(camera.to_camera(vertices), model.faces, camera.K, 300, 300).silhouette
        few = rasterise(camera.to_camera(vertices[level.kept]), level.faces, camera.K, 300, 300).silhouette
        scores.append((whole & few).sum() / (whole | few).sum())
    assert min(scores) > 0.8 and np.mean(scores) > 0.9, scores


def test_a_mesh_lies_on_its_animal(folder: Path) -> None:
    herd = read_dataset(folder)
    meshes = Meshes(default_model())
    record = herd.record("000001")
    animal = record.animals[0]
    mesh = meshes.of(animal, record.camera)
    assert mesh is not None
    code = np.frombuffer(base64.b64decode(mesh["at"]), "<u2").reshape(-1, 3)
    pixels = (code[:, :2] / 65534 * 5 - 2) * [record.width, record.height]
    assert len(pixels) == len(meshes.levels[mesh["level"]].kept)
    assert max(meshes.page()[mesh["level"]]) < len(pixels)
    assert animal.box is not None
    low, size = np.array(animal.box[:2]), np.array(animal.box[2:])
    assert (pixels > low - 2).all() and (pixels < low + size + 2).all()
    asset = next(a for a in record.animals if a.asset)
    assert meshes.of(asset, record.camera) is None


def test_a_tiny_mesh_stays_whole() -> None:
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    mesh = coarse([corners], faces, 100)
    assert sorted(mesh.kept) == [0, 1, 2, 3] and len(mesh.faces) == 4


def test_depth_is_near_bright_and_nothing_is_black() -> None:
    depth = np.full((50, 80), np.inf)
    depth[:, 20:50], depth[:, 50:] = 4.0, 12.0
    code = depth_code(depth)
    assert code is not None
    grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(code["jpeg"]))))
    assert grey[:, :15].max() < 20 and grey[:, 25:45].min() > 240 and 35 < grey[25, 65] < 60
    assert (code["near"], code["far"]) == (4.0, 12.0)
    assert depth_code(np.full((4, 4), np.inf)) is None


# ---- in a browser -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if browser_program() is None:
        pytest.skip(MISSING)
    with Browser.start() as browser:
        browser.size(1280, 800)
        yield browser


def told(browser: Browser, key: str) -> str:
    return browser.value(f"document.body.dataset.{key} ?? null")


def drawn(browser: Browser, key: str) -> int:
    """How many of an overlay the open picture's canvas shows; 0 when it is off."""
    browser.wait("document.getElementById('drawing').width > 0")
    return int(dict(word.split(":") for word in browser.value("document.getElementById('drawing').dataset.drawn").split()).get(key, 0))


def pixel(browser: Browser, x: float, y: float) -> list[int]:
    """RGBA of the overlay's canvas at a place of the picture, in the picture's pixels."""
    return browser.value(
        "(() => { const c = document.getElementById('drawing'), s = c.width / 256;"
        f" return [...c.getContext('2d').getImageData(Math.round({x} * s), Math.round({y} * s), 1, 1).data]; }})()"
    )


def toggle(browser: Browser, key: str) -> None:
    browser.value(f"document.querySelector('#large .overlays [data-overlay=\"{key}\"]').click()")
    browser.value("new Promise((done) => setTimeout(done, 80))")


def test_it_opens_without_error_and_asks_for_nothing(browser: Browser, page: Path, folder: Path) -> None:
    browser.errors.clear(), browser.asked.clear()
    browser.open(page)
    assert told(browser, "shown") == "9"
    assert told(browser, "animals") == str(sum(len(record["animals"]) for record in records(folder)))
    browser.wait("[...document.querySelectorAll('.card img[src]')].length >= 4")
    browser.wait("[...document.querySelectorAll('.card img[src]')].every((image) => image.naturalWidth === 256)")
    assert browser.errors == [] and browser.asked == []


def test_hostile_text_shows_as_text(browser: Browser, page: Path) -> None:
    browser.open(page, "#open=000002")
    assert told(browser, "hacked") is None
    assert browser.value("document.querySelector('#about .prompt').textContent") == HOSTILE
    assert browser.value("document.querySelector('#about b').textContent").endswith(HOSTILE)
    assert browser.value("document.querySelectorAll('img[src=\"x\"], #about script, #filters b').length") == 0
    browser.open(page, "#view=statistics&species=" + "%253Cscript%253E")
    assert told(browser, "shown") == "0" and told(browser, "hacked") is None


def test_filters_leave_what_fits(browser: Browser, page: Path, folder: Path) -> None:
    every = records(folder)
    one = every[0]["animals"][0]["species"]
    fits = [[animal for animal in record["animals"] if animal["species"] == one] for record in every]
    seen = [[animal for animal in record["animals"] if animal["visible_fraction"] < 0.9] for record in every]
    few = [record for record in every if 2 <= len(record["animals"]) <= 3]
    for address, pictures, animals in (
        (f"#species={one}", sum(map(bool, fits)), sum(map(len, fits))),
        ("#visible=0-0.9", sum(map(bool, seen)), sum(map(len, seen))),
        ("#animals=2-3", len(few), sum(len(record["animals"]) for record in few)),
        ("#ground=snow", 1, len(every[1]["animals"])), ("#light=dusk&layout=herd3d", 1, len(every[1]["animals"])),
        ("#light=dusk&layout=natural", 0, 0), ("#q=snow+wanderer", 1, len(every[1]["animals"])), ("#q=000004", 1, len(every[4]["animals"])),
        ("#family=bovid&species=wolf", *count(every, lambda animal: animal["family"] == "bovid" or animal["species"] == "wolf")),
    ):  # fmt: skip
        browser.open(page, address)
        assert (told(browser, "shown"), told(browser, "animals")) == (str(pictures), str(animals)), address
        assert browser.value("document.querySelectorAll('.card:not([hidden])').length") == pictures


def count(every: list[dict[str, Any]], fits: Any) -> tuple[int, int]:
    left = [[animal for animal in record["animals"] if fits(animal)] for record in every]
    return sum(map(bool, left)), sum(map(len, left))


def test_a_click_on_a_filter_is_kept_in_the_address(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.value("document.querySelector('[data-facet=ground][data-word=snow]').click()")
    assert told(browser, "shown") == "1" and browser.value("location.hash") == "#ground=snow"
    browser.value("document.querySelector('#count .chosen').click()")
    assert told(browser, "shown") == "9" and browser.value("document.getElementById('all')") is None
    browser.value("document.querySelector('[data-facet=light][data-word=dusk]').click()")
    browser.value("document.getElementById('all').click()")
    assert told(browser, "shown") == "9" and browser.value("location.hash") == ""
    browser.value("(() => { const q = document.getElementById('query'); q.value = 'wanderer'; q.dispatchEvent(new Event('input')); })()")
    assert told(browser, "shown") == "1" and browser.value("location.hash") == "#q=wanderer"


def test_overlays_are_drawn_when_they_are_on_and_only_then(browser: Browser, page: Path, folder: Path) -> None:
    record = records(folder)[1]
    animals = record["animals"]
    browser.open(page, "#open=000001")
    wanted = {
        "boxes": sum(animal["box_visible"] is not None for animal in animals),
        "whole-boxes": sum(animal["box"] is not None for animal in animals),
        "masks": sum(animal["area_visible"] > 0 for animal in animals), "whole-masks": sum(animal["area"] > 0 for animal in animals),
        "keypoints": sum(row is not None and row[2] > 0 for animal in animals for row in animal["keypoints"]),
        "joints": sum(row is not None and row[2] > 0 for animal in animals for row in animal["joints"]),
        "meshes": len(animals), "depth": 1,
    }  # fmt: skip
    blank = "(() => { const c = document.getElementById('drawing');"
    blank += " return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.every((v) => v === 0); })()"
    for key, number in wanted.items():
        assert drawn(browser, key) == 0 and browser.value(blank), key
        toggle(browser, key)
        browser.wait(f"document.getElementById('drawing').dataset.drawn === '{key}:{number}'")
        assert not browser.value(blank) and told(browser, "overlays") == key
        toggle(browser, key)
        browser.wait("document.getElementById('drawing').dataset.drawn === ''")


def test_masks_and_boxes_lie_where_the_record_says(browser: Browser, page: Path, folder: Path) -> None:
    record = records(folder)[1]
    browser.open(page, "#open=000001&overlays=masks&animal=1")
    browser.wait("document.getElementById('drawing').dataset.drawn === 'masks:1'")
    mask = masks.decode(record["animals"][0]["mask_visible"])
    inner = mask.copy()
    for axis in (0, 1):
        for by in (-3, 3):
            inner &= np.roll(mask, by, axis)
    y, x = np.argwhere(inner)[inner.sum() // 2]
    red, green, blue, alpha = pixel(browser, x + 0.5, y + 0.5)
    assert alpha > 80 and abs(red - 0x4D) < 12 and abs(green - 0xA3) < 12 and blue > 240  # the colour of animal 1
    outside = np.argwhere(~mask & ~np.roll(mask, 5, 0) & ~np.roll(mask, -5, 0) & ~np.roll(mask, 5, 1) & ~np.roll(mask, -5, 1))[0]
    assert pixel(browser, outside[1] + 0.5, outside[0] + 0.5)[3] == 0
    browser.open(page, "#open=000001&overlays=boxes&animal=1")
    browser.wait("document.getElementById('drawing').dataset.drawn === 'boxes:1'")
    left, top, width, height = record["animals"][0]["box_visible"]
    assert pixel(browser, left + width, top + height * 0.6)[3] > 100 and pixel(browser, left + width / 2, top + height / 2)[3] == 0


def test_an_animal_has_one_colour_everywhere(browser: Browser, page: Path) -> None:
    browser.open(page, "#open=000001&overlays=whole-masks,boxes,keypoints")
    both = "[row.querySelector('i').style.background, row.querySelector('u').style.background]"
    colours = browser.value(f"[...document.querySelectorAll('.animal')].map((row) => {both})")
    assert all(one == other for one, other in colours)
    assert len({one for one, _ in colours}) == len(colours)


def test_the_keyboard_opens_steps_and_closes(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.value("document.querySelector('.card').focus()")
    browser.press("ArrowRight")
    assert browser.value("document.activeElement.dataset.id") == "000001"
    browser.press("Enter")
    assert told(browser, "open") == "000001" and browser.value("document.getElementById('large').open")
    browser.press("ArrowRight")
    assert told(browser, "open") == "000002" and "open=000002" in browser.value("location.hash")
    browser.press("ArrowLeft")
    browser.press("ArrowLeft")
    browser.press("ArrowLeft")
    assert told(browser, "open") == "000000"
    browser.press("1")
    assert told(browser, "overlays") == "boxes"
    browser.press("Escape")
    assert told(browser, "open") == "" and not browser.value("document.getElementById('large').open")
    assert browser.value("document.activeElement.dataset.id") == "000000"


def test_stepping_stays_within_the_filters(browser: Browser, page: Path) -> None:
    browser.open(page, "#ground=snow&open=000001")
    assert browser.value("document.getElementById('place').textContent") == "1 of 1"
    assert browser.value("document.getElementById('next').disabled && document.getElementById('previous').disabled")


def test_a_picture_tells_prompt_seed_and_camera(browser: Browser, page: Path) -> None:
    browser.open(page, "#open=000001")
    text = browser.value("document.getElementById('about').textContent")
    for word in ("a lone wanderer in fresh snow", "4, index 1", "images/000001.png", "mm", "snow, dusk"):
        assert word in text, word


def test_statistics_follow_the_filters(browser: Browser, page: Path, folder: Path) -> None:
    totals = "Object.fromEntries([...document.querySelectorAll('.plot')].map((plot) => [plot.dataset.plot, Number(plot.dataset.total)]))"
    every = records(folder)
    browser.open(page, "#view=statistics")
    animals = sum(len(record["animals"]) for record in every)
    found = browser.value(totals)
    assert found["count"] == 9 and all(found[key] == animals for key in ("species", "visible", "heading", "depth"))
    assert {"size", "doing", "scene", "place"} <= set(found)
    pictures, some = count(every, lambda animal: animal["family"] == "bovid")
    browser.open(page, "#view=statistics&family=bovid")
    found = browser.value(totals)
    assert found["count"] == pictures and found["species"] == found["heading"] == some


def test_it_fits_a_phone_and_follows_the_scheme(browser: Browser, page: Path) -> None:
    try:
        browser.size(390, 844, 2.0, phone=True)
        for address in ("", "#view=statistics", "#open=000001&overlays=boxes"):
            browser.open(page, address)
            assert browser.value("document.documentElement.scrollWidth") <= 390, address
        browser.open(page)
        assert browser.value("getComputedStyle(document.getElementById('filters')).display") == "none"
        browser.value("document.getElementById('show-filters').click()")
        assert browser.value("getComputedStyle(document.getElementById('filters')).display") == "block"
    finally:
        browser.size(1280, 800)
    light = {}
    for scheme in ("light", "dark"):
        browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.open(page)
        light[scheme] = browser.value("parseInt(getComputedStyle(document.body).backgroundColor.slice(4))")
        browser.open(page, f"#scheme={'dark' if scheme == 'light' else 'light'}")
        light[f"not {scheme}"] = browser.value("parseInt(getComputedStyle(document.body).backgroundColor.slice(4))")
    browser.send("Emulation.setEmulatedMedia", features=[])
    assert light["light"] == light["not dark"] > 200 and light["dark"] == light["not light"] < 50


def test_only_what_is_near_is_drawn(browser: Browser, page: Path) -> None:
    browser.size(400, 200)
    try:
        browser.open(page, "#overlays=boxes&size=400")
        browser.wait("document.querySelectorAll('.card img[src]').length > 0")
        assert browser.value("document.querySelectorAll('.card img[src]').length") < 9
        assert browser.value("[...document.querySelectorAll('.card canvas')].filter((canvas) => canvas.dataset.drawn).length") < 9
    finally:
        browser.size(1280, 800)


def test_the_page_is_part_of_the_package() -> None:
    for name in ("gallery_page.html", "gallery_page.css", *gallery.SCRIPTS):
        assert (Path(gallery.__file__).parent / name).is_file()
