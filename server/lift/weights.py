"""Trained networks on disk: half-precision safetensors in pieces of at most 15 MB, and a card that says where they come from.

A folder holds `weights-00001.safetensors`, …, `card.json` (kind and settings of the network, data, seed, time, curve,
results) and `card.md`, the same to read. Shipped ones lie in `data/` beside this file and are known by their names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ...animal.npz import read_json, whole_file, write_json
from .networks import NetworkError, make_network, parameters_of

FORMAT = "bestiary-network/1"
PIECE_BYTES = 15_000_000
MAX_BYTES = 1 << 30
SHIPPED = Path(__file__).parent / "data"
DEFAULT = "bestiary"


class WeightsError(ValueError):
    """Weights that cannot be used; the message names the file and what is wrong."""


def save_weights(folder: Path, network: nn.Module, card: Mapping[str, Any]) -> None:
    """Write a network made by `make_network`; `card` holds what is known of its training (see `card_text`)."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, tensor in network.state_dict().items():
        half = tensor.detach().cpu().to(torch.float16).contiguous()
        if size + half.nbytes > PIECE_BYTES - 100_000 and pieces[-1]:
            pieces.append({})
            size = 0
        pieces[-1][name] = half
        size += half.nbytes
    for old in folder.glob("weights-*.safetensors"):
        old.unlink()
    for number, piece in enumerate(pieces, 1):
        with whole_file(folder / f"weights-{number:05d}.safetensors") as stream:
            stream.write(save(piece))
    about = {**dict(card), "format": FORMAT, "kind": network.kind, "settings": network.settings,
             "parameters": parameters_of(network)}  # a training's record has a format of its own
    write_json(folder / "card.json", about)
    with whole_file(folder / "card.md") as stream:
        stream.write(card_text(folder.name, about).encode())


def load_network(folder: str | Path, device: str | torch.device = "cpu") -> tuple[nn.Module, dict[str, Any]]:
    """A network in float32, ready to use, and its card. `folder` may be the name of a shipped one.

    Raises WeightsError for a folder that holds no such thing, weights that are cut off, too large, not finite or of
    another network.
    """
    folder = find(folder)
    card = read_json(folder / "card.json", WeightsError)
    if not isinstance(card, dict) or card.get("format") != FORMAT or not isinstance(card.get("settings"), dict):
        raise WeightsError(f"{folder / 'card.json'}: is no {FORMAT} card")
    paths = sorted(folder.glob("weights-*.safetensors"))
    if not paths or sum(path.stat().st_size for path in paths) > MAX_BYTES:
        raise WeightsError(f"{folder}: holds no weights, or more than {MAX_BYTES} bytes")
    tensors: dict[str, Tensor] = {}
    for path in paths:
        try:
            tensors |= load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise WeightsError(f"{path.name}: damaged or cut off ({error})") from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise WeightsError(f"{folder}: holds numbers that are not finite")
    try:
        network = make_network(str(card.get("kind")), **card["settings"])
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (NetworkError, RuntimeError) as error:
        raise WeightsError(f"{folder}: the weights do not fit their card ({str(error).splitlines()[0]})") from error
    return network.to(device).eval(), card


def find(folder: str | Path) -> Path:
    """The folder of a network: a path, or the name of one that ships. Raises WeightsError naming those that do."""
    for path in (Path(folder), SHIPPED / str(folder)):
        if (path / "card.json").is_file():
            return path
    raise WeightsError(f"there is no network in {folder}; shipped are {', '.join(shipped()) or 'none'}")


def shipped() -> list[str]:
    """Names of the networks that ship."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/card.json"))


def card_text(name: str, card: Mapping[str, Any]) -> str:
    """The card as Markdown: what it is for, how it was made, how well it does."""
    lines = [f"# {name}", "", str(card.get("purpose", "A network that lifts 2D tracks to 3D.")), ""]
    for key, value in card.items():
        if key not in ("purpose", "curve", "format"):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines.append(f"- **{key.replace('_', ' ')}**: {text}")
    curve = card.get("curve") or []
    if curve:
        lines += ["", "| step | validation error |", "|---|---|", *(f"| {step} | {error:.4g} |" for step, error in curve)]
    return "\n".join(lines) + "\n"
