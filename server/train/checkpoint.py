"""One safetensors file for everything a training needs to go on as if it had never stopped. No pickle.

`OUT/last.safetensors` holds the network, the optimiser's moments, the average of the weights and the random states of every
process; `OUT/best.safetensors` the network alone, as it was validated at its best. What is not a tensor (step, best error,
scaler, config) is JSON in the file's header, so that one rename replaces all of it: a kill in the middle leaves the file before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ...animal.npz import whole_file, write_json

LAST, BEST = "last.safetensors", "best.safetensors"
FORMAT = "bestiary-checkpoint/1"
MAX_BYTES = 64 << 30
_KEY = "bestiary"


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message names the file and what to do."""


def write(path: Path, tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> None:
    """Write tensors by name (any device) and a JSON record as one file, whole or not at all."""
    # Copies: tied weights share their memory, which safetensors refuses.
    copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    text = json.dumps({"format": FORMAT, **record}, allow_nan=False)
    with whole_file(path) as stream:
        stream.write(save(copies, {_KEY: text}))


def sweep(folder: Path) -> None:
    """Remove what a killed `write` left behind in `folder`."""
    for name in (LAST, BEST):
        for draft in folder.glob(f".{name}.*.tmp"):
            draft.unlink(missing_ok=True)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by name (on the CPU) and the record of a file that `write` wrote.

    Raises CheckpointError when it is cut off, damaged or no checkpoint; FileNotFoundError.
    """
    return _read(path, tensors=True)


def _read(path: Path, tensors: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointError(f"{path}: larger than {MAX_BYTES} bytes; this is no checkpoint")
    advice = "Take it away to start anew, or put a sound copy in its place."
    try:
        with safe_open(path, framework="pt", device="cpu") as stream:
            record = json.loads((stream.metadata() or {}).get(_KEY, "null"))
            if not isinstance(record, dict) or record.get("format") != FORMAT:
                raise CheckpointError(f"{path} is a safetensors file but no checkpoint ({FORMAT}). {advice}")
            names = list(stream.keys()) if tensors else []
            return {name: stream.get_tensor(name) for name in names}, record
    except (SafetensorError, json.JSONDecodeError, RecursionError, UnicodeDecodeError) as bad:
        raise CheckpointError(f"{path} is cut off or damaged ({bad}). {advice}") from bad


def read_record(path: Path) -> dict[str, Any]:
    """The record alone, without the tensors; raises as `read` does."""
    return _read(path, tensors=False)[1]


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write JSON beside a checkpoint (`result.json`), whole or not at all."""
    write_json(path, dict(record))


def module_tensors(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers of `module` that it would save, named `prefix/NAME`."""
    return {f"{prefix}/{name}": tensor for name, tensor in module.state_dict().items()}


def load_module(prefix: str, module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy what `module_tensors` took back into `module`. Raises CheckpointError where names or shapes differ."""
    found = part(prefix, tensors)
    wanted = module.state_dict()
    missing, more = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    both = [(name, tuple(found[name].shape), tuple(wanted[name].shape)) for name in wanted if name in found]
    shapes = [f"{name} {there}, not {here}" for name, there, here in both if there != here]
    for words, names in (("lacks", missing), ("has besides", more), ("differs in", shapes)):
        if names:
            rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise CheckpointError(f"{path} is of another network: it {words} {', '.join(names[:3])}{rest}.")
    module.load_state_dict(found)


def optimiser_tensors(optimiser: torch.optim.Optimizer, names: Mapping[nn.Parameter, str]) -> dict[str, Tensor]:
    """The optimiser's state (moments and step counts), named `optimiser/PARAMETER/WHAT`."""
    return {
        f"optimiser/{names[parameter]}/{what}": torch.as_tensor(value)
        for parameter, state in optimiser.state.items()
        for what, value in state.items()
    }


def load_optimiser(
    optimiser: torch.optim.Optimizer, names: Mapping[nn.Parameter, str], tensors: Mapping[str, Tensor], path: Path
) -> None:
    """Put back what `optimiser_tensors` took. Raises CheckpointError when a moment does not fit its parameter."""
    states: dict[str, dict[str, Tensor]] = {}
    for key, tensor in part("optimiser", tensors).items():
        name, _, what = key.rpartition("/")
        states.setdefault(name, {})[what] = tensor
    order = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    numbers = {names[parameter]: (number, parameter) for number, parameter in enumerate(order)}
    for name, state in states.items():
        fits = name in numbers and all(t.dim() == 0 or t.shape == numbers[name][1].shape for t in state.values())
        if not fits:
            raise CheckpointError(f"{path} is of another network: the optimiser's state of {name} does not fit.")
    optimiser.load_state_dict(
        {
            "state": {numbers[name][0]: state for name, state in states.items()},
            "param_groups": optimiser.state_dict()["param_groups"],
        }
    )


def part(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors named `prefix/…`, without the prefix."""
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}/")}


def load_best(out: Path, network: nn.Module) -> dict[str, Any]:
    """Load the best weights of the training in `out` into `network`; its record: step, error, config."""
    path = out / BEST
    tensors, record = read(path)
    load_module("network", network, tensors, path)
    return record
