"""A local diffusers checkpoint with its ControlNets, ready to draw one picture at a time from words and control maps.

What kind of pipeline fits is read from the checkpoint's own files. Nothing is downloaded, only safetensors are read, and a checkpoint
that brings program code of its own is refused.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...animal.npz import read_json

Pixels = NDArray[np.uint8]

INSTALL = "in Bestiary's folder: pip install -e '.[stylise]'"
MAPS = ("canny", "depth")
_UNION_MODE = {"canny": 0, "depth": 2}  # what Flux's ControlNets for many kinds of maps call these
_LIBRARIES = ("diffusers", "transformers", "stable_diffusion", None)
_CODE = (".py", ".pyc", ".so", ".pyd", ".dll")
_MOST_FILES = 2000


class StyliseError(ValueError):
    """A checkpoint, option or folder that pictures cannot be restyled with: `message` says what is wrong, `advice` what to do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(f"{message} {advice}".strip())
        self.message, self.advice = message, advice


class Stopped(Exception):
    """Raised out of a picture that is being drawn when the run was cancelled."""


@dataclass(frozen=True)
class Kind:
    """A family of checkpoints and how its pipelines are called.

    names: what `_class_name` in model_index.json begins with. from_noise, from_picture: diffusers' classes, the second one None
    where there is none. net: its ControlNets' class; multi: the class that holds several, or "" where a list will do. maps:
    the argument that takes them, without and with a picture to start from. guidance: its name. multiple: of pixels.
    """

    name: str
    names: tuple[str, ...]
    from_noise: str
    from_picture: str | None
    net: str
    multi: str
    maps: tuple[str, str]
    guidance: str
    multiple: int
    half: str


# The more special name first: "StableDiffusion" begins them all.
KINDS = (
    Kind("Stable Diffusion XL", ("StableDiffusionXL",), "StableDiffusionXLControlNetPipeline",
         "StableDiffusionXLControlNetImg2ImgPipeline", "ControlNetModel", "", ("image", "control_image"), "guidance_scale", 8, "float16"),
    Kind("Stable Diffusion", ("StableDiffusionPipeline", "StableDiffusionControlNet", "StableDiffusionImg2Img", "StableDiffusionInpaint"),
         "StableDiffusionControlNetPipeline", "StableDiffusionControlNetImg2ImgPipeline", "ControlNetModel", "",
         ("image", "control_image"), "guidance_scale", 8, "float16"),
    Kind("Flux", ("Flux",), "FluxControlNetPipeline", "FluxControlNetImg2ImgPipeline", "FluxControlNetModel",
         "FluxMultiControlNetModel", ("control_image", "control_image"), "guidance_scale", 16, "bfloat16"),
    Kind("Qwen-Image", ("QwenImage",), "QwenImageControlNetPipeline", None, "QwenImageControlNetModel", "QwenImageMultiControlNetModel",
         ("control_image", "control_image"), "true_cfg_scale", 16, "bfloat16"),
)  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How pictures are drawn.

    control: canny, depth or both. strength: 1 draws from noise alone; below it starts from the rendered picture and changes it less
    the smaller it is. control_scale: how hard the maps pull. size: the longer side in pixels at which the generator works, 0 for the
    picture's own. negative: what the picture shall not show. device: cpu, cuda, cuda:1, …, or auto. offload: keep what is
    not at work out of the GPU's memory.
    """

    checkpoint: Path
    controlnets: tuple[Path, ...] = ()
    control: str = "canny"
    steps: int = 30
    guidance: float = 4.0
    strength: float = 1.0
    control_scale: float = 1.0
    size: int = 0
    negative: str = ""
    device: str = "auto"
    offload: bool = False

    def __post_init__(self) -> None:
        if self.control not in (*MAPS, "both"):
            raise StyliseError(f"There is no control {self.control[:40]!r}.", "Known are canny, depth and both.")
        limits = (("steps", self.steps, 1, 1000), ("guidance", self.guidance, 0, 100), ("strength", self.strength, 0.01, 1),
                  ("control scale", self.control_scale, 0, 10))  # fmt: skip
        for name, value, low, high in limits:
            if not low <= value <= high:
                raise StyliseError(f"{name} is {value:g}.", f"It must be from {low} to {high}.")
        if self.size and not 64 <= self.size <= 8192:
            raise StyliseError(f"size is {self.size}.", "It must be 0 or from 64 to 8192 pixels.")

    @property
    def maps(self) -> tuple[str, ...]:
        """The kinds of control maps in the order that ControlNets get them."""
        return MAPS if self.control == "both" else (self.control,)


class Generator:
    """A loaded pipeline. `draw` is a function of its arguments alone."""

    def __init__(self, style: Style) -> None:
        diffusers, torch = _libraries()
        self.style, self.kind = style, kind_of(style.checkpoint)
        self.device = _device(torch, style.device)
        dtype = torch.float32 if self.device == "cpu" else getattr(torch, self.kind.half)
        name = self.kind.from_noise if style.strength >= 1.0 else self.kind.from_picture
        if name is None:
            raise StyliseError(f"{self.kind.name} cannot start from the rendered picture.", "Leave --strength at 1.")
        needs = {"use_safetensors": True, "local_files_only": True, "torch_dtype": dtype}
        nets = self._controlnets(diffusers, needs)
        more = {} if nets is None else {"controlnet": nets}
        self.pipe = _loaded(getattr(diffusers, name), style.checkpoint, "the checkpoint", {**needs, **more, "trust_remote_code": False})
        self.pipe.set_progress_bar_config(disable=True)
        if style.offload and self.device != "cpu":
            self.pipe.enable_model_cpu_offload(device=self.device)
        else:
            self.pipe.to(self.device)
        self._takes = frozenset(inspect.signature(type(self.pipe).__call__).parameters)
        self._torch = torch

    def _controlnets(self, diffusers: Any, needs: dict[str, Any]) -> Any:
        """What the pipeline gets as its ControlNet, or None when the checkpoint holds its own."""
        style, kind = self.style, self.kind
        for path in style.controlnets:
            check_controlnet(path, kind)
        loaded = [_loaded(getattr(diffusers, kind.net), path, "the ControlNet", needs) for path in style.controlnets]
        many = len(style.maps)
        if not loaded:
            if many == 1 and (style.checkpoint / "controlnet" / "config.json").is_file():
                check_controlnet(style.checkpoint / "controlnet", kind)
                return None
            what = "two ControlNets, first the one for edges, then the one for depth" if many == 2 else "a ControlNet"
            raise StyliseError(f"Control by {style.control} needs {what}.", "Give their folders with --controlnet.")
        union = kind.multi and len(loaded) == 1 and many == 2
        if len(loaded) != many and not union:
            raise StyliseError(f"{len(loaded)} ControlNets were given for control by {style.control}.", f"Give {many}, edges first.")
        if many == 1:
            return loaded[0]
        return getattr(diffusers, kind.multi)(loaded) if kind.multi else loaded

    def draw(self, prompt: str, maps: Sequence[Pixels], picture: Pixels, seed: int, stopped: Callable[[], bool] = bool) -> Pixels:
        """Draw one picture, uint8 (H, W, 3), as large as `picture` (H, W, 3).

        prompt: the words; maps: one (H, W, 3) for each of `style.maps`; seed: of all noise. `stopped` is asked between steps, and
        Stopped is raised when it says so. Raises StyliseError when the checkpoint gives no usable picture.
        """
        height, width = picture.shape[:2]
        size = self._size(width, height)
        images = [_resized(each, size) for each in maps]
        style, kind = self.style, self.kind

        def after_step(pipe: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
            if stopped():
                raise Stopped
            return values

        arguments: dict[str, Any] = {
            "prompt": prompt, "width": size[0], "height": size[1], "num_inference_steps": style.steps, kind.guidance: style.guidance,
            "controlnet_conditioning_scale": [style.control_scale] * len(images) if len(images) > 1 else style.control_scale,
            "generator": self._torch.Generator("cpu").manual_seed(seed), "callback_on_step_end": after_step, "output_type": "np",
        }  # fmt: skip
        if style.negative or kind.guidance == "true_cfg_scale":
            arguments["negative_prompt"] = style.negative or " "
        from_picture = style.strength < 1.0
        if from_picture:
            arguments |= {"image": _resized(picture, size), "strength": style.strength}
        arguments[kind.maps[from_picture]] = images if len(images) > 1 else images[0]
        mode = self._union_mode()
        if mode is not None:
            arguments["control_mode"] = mode
        with self._torch.inference_mode():
            result = self.pipe(**{name: value for name, value in arguments.items() if name in self._takes})
        return _checked(result, (width, height))

    def _size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height at which the generator works: the next multiples of what it can do."""
        scale = self.style.size / max(width, height) if self.style.size else 1.0
        step = self.kind.multiple
        return max(step, round(width * scale / step) * step), max(step, round(height * scale / step) * step)

    def _union_mode(self) -> Any:
        """Which kind of map is meant, for ControlNets of Flux that know several; None for others."""
        nets = getattr(self.pipe.controlnet, "nets", [self.pipe.controlnet])
        if "control_mode" not in self._takes or not getattr(nets[0].config, "num_mode", None):
            return None
        modes = [_UNION_MODE[name] for name in self.style.maps]
        return modes if hasattr(self.pipe.controlnet, "nets") else modes[0]


def kind_of(checkpoint: Path) -> Kind:
    """What a checkpoint is, by its model_index.json. Raises StyliseError for what cannot be used, without loading anything."""
    index = checkpoint / "model_index.json"
    if not index.is_file():
        raise StyliseError(
            f"{checkpoint} is no diffusers checkpoint: it has no model_index.json.",
            "Give the folder of one; a single .safetensors file is made into one by diffusers' from_single_file and save_pretrained.",
        )
    values = read_json(index, StyliseError, 1 << 20)
    name = values.get("_class_name") if isinstance(values, dict) else None
    kind = next((kind for kind in KINDS if isinstance(name, str) and name.startswith(kind.names)), None)
    if kind is None:
        known = ", ".join(kind.name for kind in KINDS)
        raise StyliseError(f"{checkpoint} holds a {str(name)[:80]}, which is not known here.", f"Known are {known}.")
    for part, origin in values.items():
        if isinstance(origin, list) and (not origin or origin[0] not in _LIBRARIES):
            what = f"{checkpoint}: its {str(part)[:40]} comes with code of its own"
            raise StyliseError(f"{what}, which is not run.", "Use another checkpoint.")
    _without_code(checkpoint)
    return kind


def check_controlnet(path: Path, kind: Kind) -> None:
    """Raise StyliseError unless a folder holds a ControlNet that fits a kind of checkpoint."""
    config = path / "config.json"
    if not config.is_file():
        raise StyliseError(f"{path} is no ControlNet of diffusers: it has no config.json.", "Give the folder of one.")
    values = read_json(config, StyliseError, 1 << 20)
    name = values.get("_class_name") if isinstance(values, dict) else None
    if name != kind.net:
        raise StyliseError(f"{path} holds a {str(name)[:80]}; {kind.name} needs a {kind.net}.", "Use one made for the checkpoint.")
    _without_code(path)


def _without_code(folder: Path) -> None:
    for count, path in enumerate(folder.rglob("*")):
        if count > _MOST_FILES:
            raise StyliseError(f"{folder} holds more than {_MOST_FILES} files.", "Give the folder of one checkpoint.")
        if path.suffix.lower() in _CODE:
            raise StyliseError(f"{path} is program code, which a checkpoint needs none of.", "Remove it if you trust the rest.")


def _libraries() -> tuple[Any, Any]:
    """diffusers and torch, quiet and told to stay off the network."""
    for switch, value in (("HF_HUB_OFFLINE", "1"), ("HF_HUB_DISABLE_PROGRESS_BARS", "1"), ("TRANSFORMERS_VERBOSITY", "error")):
        os.environ.setdefault(switch, value)
    try:
        import diffusers
        import torch
        from diffusers.utils import logging
    except ImportError as error:
        raise StyliseError(f"Pictures are restyled by diffusers, which cannot be loaded ({error}).", f"{INSTALL}.") from None
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return diffusers, torch


def _device(torch: Any, wanted: str) -> str:
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise StyliseError(f"The device {wanted[:40]!r} cannot be used: {str(error).splitlines()[0][:200]}.", "Try --device cpu.") from None
    return wanted


def _loaded(kind: Any, path: Path, what: str, needs: dict[str, Any]) -> Any:
    """A part from its folder, its failures in words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # `torch_dtype` has another name in newer versions, and works until 1.0
            return kind.from_pretrained(str(path), **needs)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, ImportError) as error:
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise StyliseError(
            f"{what[0].upper()}{what[1:]} {path} cannot be loaded: {text}",
            "Only safetensors are read; check that all of its files are there.",
        ) from error


def _resized(pixels: Pixels, size: tuple[int, int]) -> Image.Image:
    """A picture at width x height."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _checked(result: Any, size: tuple[int, int]) -> Pixels:
    """The picture of a pipeline's result at width x height, or StyliseError when it is none."""
    flagged = getattr(result, "nsfw_content_detected", None)
    if flagged and any(flagged):
        raise StyliseError("The checkpoint's safety checker blanked the picture.", "Try another --seed.")
    pixels = np.asarray(result.images[0], np.float32)
    if not np.isfinite(pixels).all():
        raise StyliseError("The picture came out with values that are not numbers.", "Try --device cpu, which has more precision.")
    image = Image.fromarray(np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8))
    return np.asarray(image if image.size == size else image.resize(size, Image.Resampling.LANCZOS), np.uint8)
