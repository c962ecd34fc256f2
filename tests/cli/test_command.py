"""The command as a user meets it: its own process, its exit code, and words that help."""

import json
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NO_SERVER = "tcp://127.0.0.1:9"  # the discard port: nothing of ours listens there


def bestiary(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bestiary", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((60, 80, 3), 128, np.uint8)).save(path)
    return path


def test_help_names_every_verb() -> None:
    done = bestiary("--help")
    assert done.returncode == 0
    for verb in ("serve", "status", "reconstruct", "lift", "demo", "keys", "animal", "evaluate", "benchmark"):
        assert verb in done.stdout


@pytest.mark.parametrize(
    "verb",
    ["serve", "status", "reconstruct", "lift", "demo", "keys server", "keys client", "keys allow", "animal list", "animal show"]
    + ["data tracks"]
    + ["animal convert", "evaluate animal", "evaluate fit", "evaluate truth", "evaluate lift", "evaluate lift-table", "evaluate lift-real"]
    + ["benchmark body", "benchmark serve", "benchmark lift"],
)
def test_every_verb_explains_itself(verb: str) -> None:
    done = bestiary(*verb.split(), "--help")
    assert done.returncode == 0 and "usage: bestiary" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom bestiary.cli.main import run\n"
        "for verb in ('reconstruct', 'lift'):\n try: run([verb, '--help'])\n except SystemExit: pass\n"
        "heavy = {'torch', 'scipy', 'zmq', 'PIL', 'bpy', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command ended with 2, said what is wrong and what to do, and showed no trace."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    for word in ("error:", *words):
        assert word in done.stderr, done.stderr


def test_a_photo_that_is_not_there(tmp_path: Path) -> None:
    refused(bestiary("reconstruct", tmp_path / "no.jpg"), "no.jpg was not found", "what to do:")


def test_no_server_where_one_was_named(photo: Path, tmp_path: Path) -> None:
    done = bestiary("reconstruct", photo, "--server", NO_SERVER, "--out", tmp_path / "out")
    refused(done, "No Bestiary server answers", "bestiary serve")
    refused(bestiary("status", "--server", NO_SERVER), "No Bestiary server answers")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--box", "1,2,3"], "x0,y0,x1,y1"),
        (["--box", "a,b,c,d"], "x0,y0,x1,y1"),
        (["--mask", "no.png"], "The mask no.png was not found"),
        (["--model", "no.npz"], "The animal model no.npz was not found"),
        (["--keypoints", "no.json"], "The keypoint file no.json was not found"),
        (["--server", NO_SERVER, "--local"], "exclude each other"),
        (["--server", "tcp://10.0.0.1:8755"], "no keys were given"),
        (["--server", "nonsense"], "nonsense"),
    ],
)
def test_arguments_that_make_no_sense(photo: Path, arguments: list[str], word: str) -> None:
    refused(bestiary("reconstruct", photo, *arguments, cwd=photo.parent), word, "what to do:")


def test_files_that_are_something_else(photo: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.json"
    text.write_text("not json", encoding="utf-8")
    refused(bestiary("reconstruct", photo, "--keypoints", text), "is not JSON", "docs/files.md")
    refused(bestiary("reconstruct", photo, "--mask", text), "cannot be read", "PNG")
    refused(bestiary("animal", "show", text))
    refused(bestiary("animal", "convert", text, tmp_path / "model.npz"))
    refused(bestiary("animal", "convert", text, tmp_path / "model.pkl"), "does not end in .npz")
    assert not (tmp_path / "model.npz").exists()


class Evil:
    """What a malicious model file would run."""

    def __reduce__(self) -> tuple:
        return (os.system, ("touch evil_was_here",))


def test_a_malicious_model_is_refused_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "smal.pkl"
    path.write_bytes(pickle.dumps({"v_template": Evil()}))
    done = bestiary("animal", "convert", path, tmp_path / "out.npz", cwd=tmp_path)
    refused(done, "system")
    assert not (tmp_path / "evil_was_here").exists() and not (tmp_path / "out.npz").exists()


def test_unknown_verbs_and_options() -> None:
    for arguments in (["fly"], [], ["reconstruct"], ["animal", "list", "--colour", "red"]):
        done = bestiary(*arguments)
        assert done.returncode == 2 and "Traceback" not in done.stderr


def test_debug_shows_the_trace(tmp_path: Path) -> None:
    done = bestiary("--debug", "reconstruct", tmp_path / "no.jpg")
    assert done.returncode == 1 and "Traceback" in done.stderr and "CliError" in done.stderr


def test_the_open_animal_is_listed_shown_and_converted(tmp_path: Path) -> None:
    listed = bestiary("animal", "list")
    assert listed.returncode == 0 and "dog" in listed.stdout
    shown = bestiary("animal", "show")
    assert shown.returncode == 0 and "3889" in shown.stdout and "35 (SMAL)" in shown.stdout
    source = Path(__file__).parents[2] / "animal" / "data" / "open_animal.npz"
    done = bestiary("animal", "convert", source, tmp_path / "new" / "copy.npz")
    assert done.returncode == 0, done.stderr
    again = bestiary("animal", "show", tmp_path / "new" / "copy.npz")
    assert again.stdout.split() == shown.stdout.split()


@pytest.mark.data
def test_a_third_party_pickle_converts(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "models" / "stick_insect" / "SMILy_STICK.pkl"
    done = bestiary("animal", "convert", source, tmp_path / "stick.npz")
    assert done.returncode == 0, done.stderr
    assert "55 joints" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_keys_are_made_private_and_never_overwritten(tmp_path: Path) -> None:
    server, client = tmp_path / "server", tmp_path / "client"
    assert bestiary("keys", "server", server).returncode == 0
    assert bestiary("keys", "client", client, "--server-folder", server, "--name", "anna").returncode == 0
    assert stat.S_IMODE((client / "client.secret").stat().st_mode) == 0o600
    assert (server / "clients" / "anna.public").exists() and (client / "server.public").exists()
    refused(bestiary("keys", "server", server), "exists already")
    other = tmp_path / "other"
    assert bestiary("keys", "client", other).returncode == 0
    assert bestiary("keys", "allow", server, other / "client.public", "--name", "ben").returncode == 0
    refused(bestiary("keys", "allow", tmp_path / "nowhere", other / "client.public", "--name", "ben"), "no key folder")


def test_a_server_open_to_others_needs_keys() -> None:
    refused(bestiary("serve", "--address", "tcp://0.0.0.0:0"), "no keys", "bestiary keys")


def test_demo_and_evaluation_say_what_is_missing(tmp_path: Path) -> None:
    hints = tmp_path / "k.json"
    hints.write_text(json.dumps({"keypoints": {}}), encoding="utf-8")
    refused(bestiary("demo", "--keypoints", hints), "without their photo")
    refused(bestiary("evaluate", "fit", "--data", tmp_path / "no"), "no folder")
    refused(bestiary("evaluate", "truth", "--data", tmp_path / "no"), "no folder")
    refused(bestiary("benchmark", "body", "--model", tmp_path / "no.npz"), "was not found")


def test_a_species_is_shown_and_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "pictures" / "horse.png"
    done = bestiary("animal", "show", "Horse", "--out", picture, "--size", "128")
    assert done.returncode == 0 and "equid" in done.stdout
    with Image.open(picture) as drawn:
        assert drawn.size == (256, 96)
    refused(bestiary("animal", "show", "hose"), "Did you mean horse")
    refused(bestiary("animal", "show", "horse", "--out", tmp_path / "horse.txt"), "no picture's name")
    refused(bestiary("animal", "show", "horse", "--out", picture, "--size", "9"), "64 to 4096")
