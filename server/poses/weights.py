"""Trained pose networks on disk: one half-precision safetensors file and a card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from ...animal.npz import read_json, whole_file, write_json
from ..lift.weights import WeightsError, card_text
from .network import NetworkError, PoseNetwork, network_of

FORMAT = "bestiary-pose-network/1"
MAX_BYTES = 1 << 28
SHIPPED = Path(__file__).parent / "data"


def save_pose_weights(folder: Path, network: nn.Module, card: Mapping[str, Any]) -> None:
    """Write `weights.safetensors`, `card.json` and `card.md`, each whole."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {name: tensor.detach().cpu().to(torch.float16).contiguous() for name, tensor in network.state_dict().items()
            if tensor.is_floating_point()}
    draft = folder / ".weights.tmp"
    save_file(half, draft)
    draft.chmod(0o644)
    draft.replace(folder / "weights.safetensors")
    count = sum(tensor.numel() for tensor in network.parameters())
    # A training's record has a format of its own, so ours comes last.
    about = {**dict(card), "format": FORMAT, "settings": network.settings, "parameters": count}
    write_json(folder / "card.json", about)
    with whole_file(folder / "card.md") as stream:
        stream.write(card_text("Pose network", {k: v for k, v in about.items() if k != "settings"}).encode())


def load_pose_network(folder: str | Path | None = None, device: str | torch.device = "cpu") -> tuple[PoseNetwork, dict[str, Any]]:
    """A network in float32, ready to use, and its card; without a folder the one that ships. Raises WeightsError."""
    folder = SHIPPED if folder is None else Path(folder)
    card = read_json(folder / "card.json", WeightsError) if (folder / "card.json").is_file() else None
    if not isinstance(card, dict) or card.get("format") != FORMAT or not isinstance(card.get("settings"), dict):
        raise WeightsError(f"{folder}: holds no {FORMAT} card; train one with `bestiary train pose`, or name another folder")
    path = folder / "weights.safetensors"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(f"{path.name}: is larger than {MAX_BYTES} bytes")
        tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path.name}: cannot be read ({error})") from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise WeightsError(f"{path.name}: holds numbers that are not finite")
    try:
        network = network_of(card["settings"])
        left = network.load_state_dict(tensors, strict=False)
    except (NetworkError, RuntimeError) as error:
        raise WeightsError(f"{folder}: the weights do not fit their card ({str(error).splitlines()[0]})") from error
    missing = [name for name in left.missing_keys if not name.endswith("num_batches_tracked")]
    if missing or left.unexpected_keys:
        raise WeightsError(f"{folder}: the weights do not fit their card ({(missing + left.unexpected_keys)[0]})")
    return network.to(device).eval(), card
