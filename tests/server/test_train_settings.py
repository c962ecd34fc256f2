"""A config says what is wrong with which field, and the learning rate goes where it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.server.train.settings import (
    SettingsError,
    Training,
    config_hash,
    differences,
    limits,
    read_config,
    read_table,
    read_training,
)


def test_what_is_not_said_keeps_its_default_and_whole_numbers_are_numbers():
    training = read_training({"training": {"steps": 7, "lr": 1, "betas": [0.9, 0.95]}})
    assert (training.steps, training.lr, training.betas, training.precision) == (7, 1.0, (0.9, 0.95), "fp32")
    assert read_training({}) == Training()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("steps", 0, "steps = 0: must be at least 1"),
        ("steps", 1.5, "steps = 1.5: must be a whole number"),
        ("steps", True, "steps = True: must be a whole number"),
        ("lr", -1.0, "lr = -1.0: must be at least"),
        ("lr", 0, "lr = 0"),
        ("lr", float("nan"), "lr = nan: must be finite"),
        ("lr", "fast", "lr = 'fast': must be a number"),
        ("precision", "fp8", "precision = 'fp8': must be one of fp32, bf16, fp16"),
        ("ema", 1.0, "ema = 1.0: must be between"),
        ("betas", [0.9], "betas = .*must have 2 values"),
        ("betas", 0.9, "betas = 0.9: must be a list"),
        ("compile", 1, "compile = 1: must be true or false"),
        ("seed", -1, "seed = -1: must be between"),
        ("warm_up", 5, "no field warm_up; did you mean warmup"),
        ("colour", 5, "no field colour; there are steps, lr"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object, message: str):
    with pytest.raises(SettingsError, match=message):
        read_training({"training": {field: value}})


def test_a_table_of_ones_own_is_checked_the_same_way():
    @dataclass(frozen=True)
    class Own:
        folder: str
        widths: tuple[int, ...] = limits((8,), 1, 64)

    assert read_table(Own, {"folder": "a", "widths": [1, 2, 3]}, "net") == Own("a", (1, 2, 3))
    for table, message in (({}, r"\[net\] folder is missing"), ({"folder": "a", "widths": [1, 99]}, r"widths\[1\] = 99")):
        with pytest.raises(SettingsError, match=message):
            read_table(Own, table, "net")
    with pytest.raises(SettingsError, match=r"\[net\] must be a table"):
        read_table(Own, 5, "net")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(table=anything | st.dictionaries(st.sampled_from([*Training.__dataclass_fields__, "x"]), anything, max_size=4))
def test_whatever_stands_there_is_a_training_or_a_message(table: object):
    try:
        training = read_training({"training": table})
    except SettingsError as error:
        assert "[training]" in str(error)
    else:
        assert 0 <= training.lr_at(0) < float("inf")


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_command_line_overrides_the_file(tmp_path: Path):
    path = written(tmp_path, '[task]\nkind = "lift"\n[training]\nsteps = 10\n')
    overrides = ["training.steps=20", "training.precision=bf16", "net.widths=[1, 2]", 'task.name="a b"', "task.path=a/b-c"]
    assert read_config(path, overrides) == {
        "task": {"kind": "lift", "name": "a b", "path": "a/b-c"},
        "training": {"steps": 20, "precision": "bf16"},
        "net": {"widths": [1, 2]},
    }


@pytest.mark.parametrize(
    "override", ["steps=1", "training.steps", ".=1", "training..x=1", "training.steps.x=1", "=", "a.b.c.d.e.f.g.h.i=1"]
)
def test_an_override_that_is_none_says_how_to_write_it(tmp_path: Path, override: str):
    path = written(tmp_path, "[training]\nsteps = 10\n")
    with pytest.raises(SettingsError, match="--set"):
        read_config(path, [override])


@pytest.mark.parametrize(
    "text", ["[training", b"\xff\xfe\x00", "a = 1\na = 2", "#" * (1 << 20) + "\n"], ids=["cut", "binary", "twice", "huge"]
)
def test_a_file_that_is_no_config_is_refused_by_name(tmp_path: Path, text: str | bytes):
    with pytest.raises(SettingsError, match=r"config\.toml"):
        read_config(written(tmp_path, text))


def test_the_rate_rises_straight_and_falls_as_a_cosine():
    training = Training(steps=100, lr=1.0, warmup=10, lr_end=0.1)
    rates = [training.lr_at(step) for step in range(101)]
    assert rates[:10] == pytest.approx([(k + 1) / 10 for k in range(10)])
    assert rates[10] == 1.0 and rates[55] == pytest.approx(0.55) and rates[100] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    constant = Training(steps=100, lr=0.5, warmup=10, schedule="constant")
    assert constant.lr_at(0) == pytest.approx(0.05) and constant.lr_at(10) == constant.lr_at(99) == 0.5


def test_only_what_matters_for_the_result_tells_two_configs_apart():
    one = {"training": {"steps": 10, "lr": 0.1}, "net": {"width": 4}}
    longer = {"training": {"steps": 99, "lr": 0.1, "patience": 3}, "net": {"width": 4}}
    other = {"training": {"steps": 10, "lr": 0.1}, "net": {"width": 8, "depth": 2}}
    assert config_hash(one) == config_hash(longer) != config_hash(other)
    assert differences(one, longer) == []
    assert differences(one, other) == ["net.depth: 'not given' → 2", "net.width: 4 → 8"]
