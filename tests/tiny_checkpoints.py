"""Image generators with random weights, small enough for a test: each written as a checkpoint and a ControlNet, nothing downloaded."""

from __future__ import annotations

import json
from pathlib import Path


def write_tokenizer(folder: Path) -> Path:
    """A CLIP tokenizer that knows single letters only."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>",
              "unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def write_sd(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Stable Diffusion: writes a checkpoint and a ControlNet for it; gives their folders."""
    import torch
    from diffusers import StableDiffusionPipeline

    torch.manual_seed(seed)
    unet, (text, tokenizer) = _unet(), _clip(folder)
    pipe = StableDiffusionPipeline(vae=_vae(), text_encoder=text, tokenizer=tokenizer, unet=unet, scheduler=_scheduler(),
                                   safety_checker=None, feature_extractor=None, requires_safety_checker=False)  # fmt: skip
    return _saved(folder, "tiny-sd", pipe, _net_of(unet))


def write_sdxl(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Stable Diffusion XL."""
    import torch
    from diffusers import StableDiffusionXLPipeline

    torch.manual_seed(seed)
    unet = _unet(cross_attention_dim=32, addition_embed_type="text_time", addition_time_embed_dim=8,
                 projection_class_embeddings_input_dim=16 + 6 * 8)  # fmt: skip
    text, tokenizer = _clip(folder)
    second, _ = _clip(folder, projected=True)
    pipe = StableDiffusionXLPipeline(vae=_vae(), text_encoder=text, text_encoder_2=second, tokenizer=tokenizer, tokenizer_2=tokenizer,
                                     unet=unet, scheduler=_scheduler(), add_watermarker=False)  # fmt: skip
    return _saved(folder, "tiny-sdxl", pipe, _net_of(unet))


def write_flux(folder: Path, seed: int = 0, modes: int | None = None) -> tuple[Path, Path]:
    """Flux; with `modes` its ControlNet is one for several kinds of maps."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxControlNetModel, FluxPipeline, FluxTransformer2DModel
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(seed)
    shape = {"patch_size": 1, "in_channels": 16, "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16,
             "num_attention_heads": 2, "joint_attention_dim": 32, "pooled_projection_dim": 16, "guidance_embeds": True,
             "axes_dims_rope": (4, 4, 8)}  # fmt: skip
    text, tokenizer = _clip(folder)
    t5 = T5EncoderModel(T5Config(vocab_size=200, d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=2))
    vae = _vae(shift_factor=0.1, scaling_factor=0.3)
    pipe = FluxPipeline(scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, text_encoder=text, tokenizer=tokenizer, text_encoder_2=t5,
                        tokenizer_2=tokenizer, transformer=FluxTransformer2DModel(**shape))  # fmt: skip
    net = FluxControlNetModel(**shape, num_mode=modes)
    return _saved(folder, "tiny-flux", pipe, net)


def write_qwen(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Qwen-Image."""
    import torch
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImageControlNetModel,
        QwenImagePipeline,
        QwenImageTransformer2DModel,
    )
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(seed)
    shape = {"patch_size": 2, "in_channels": 16, "out_channels": 4, "num_layers": 1, "attention_head_dim": 16, "num_attention_heads": 2,
             "joint_attention_dim": 16, "axes_dims_rope": (8, 4, 4)}  # fmt: skip
    text = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(
        text_config={"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
                     "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"}, "rope_theta": 1e6,
                     "vocab_size": 200},
        vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16},
        hidden_size=16, vocab_size=200))  # fmt: skip
    vae = AutoencoderKLQwenImage(base_dim=8, z_dim=4, dim_mult=[1, 2, 4, 4], num_res_blocks=1, temperal_downsample=[False, True, True],
                                 latents_mean=[0.0] * 4, latents_std=[1.0] * 4)  # fmt: skip
    pipe = QwenImagePipeline(scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, text_encoder=text, tokenizer=_plain_tokenizer(folder),
                             transformer=QwenImageTransformer2DModel(**shape))  # fmt: skip
    return _saved(folder, "tiny-qwen", pipe, QwenImageControlNetModel(**shape))


def _unet(cross_attention_dim: int = 16, **more: object) -> object:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        block_out_channels=(8, 16), layers_per_block=1, sample_size=16, in_channels=4, out_channels=4, norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross_attention_dim, attention_head_dim=2, **more)  # fmt: skip


def _vae(**more: object) -> object:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8), in_channels=3, out_channels=3, latent_channels=4, norm_num_groups=4, layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, **more)  # fmt: skip


def _clip(folder: Path, projected: bool = False) -> tuple[object, object]:
    """CLIP's text encoder and its tokenizer."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(str(write_tokenizer(folder / "letters")), local_files_only=True)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, projection_dim=16,
        max_position_embeddings=77, bos_token_id=188, eos_token_id=189, pad_token_id=189)  # fmt: skip
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config), tokenizer


def _plain_tokenizer(folder: Path) -> object:
    """Qwen's tokenizer of single letters, written and read again."""
    from transformers import Qwen2Tokenizer

    place = folder / "qwen_letters"
    place.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(33, 127)] + ["\u0120", "\u010a"]
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    (place / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate([*letters, *specials])}))
    (place / "merges.txt").write_text("#version: 0.2\n")
    (place / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Qwen2Tokenizer", "model_max_length": 1024,
                                                            "pad_token": "<|endoftext|>", "eos_token": "<|im_end|>"}))  # fmt: skip
    return Qwen2Tokenizer.from_pretrained(str(place), local_files_only=True)


def _scheduler() -> object:
    from diffusers import DDIMScheduler

    return DDIMScheduler(clip_sample=False, steps_offset=1)


def _net_of(unet: object) -> object:
    """A ControlNet that does something: a fresh one begins at nothing, by design."""
    import torch
    from diffusers import ControlNetModel

    net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8, 8, 8))
    with torch.no_grad():
        for block in (*net.controlnet_down_blocks, net.controlnet_mid_block, net.controlnet_cond_embedding.conv_out):
            torch.nn.init.normal_(block.weight, std=0.5)
    return net


def _saved(folder: Path, name: str, pipe: object, net: object) -> tuple[Path, Path]:
    checkpoint, controlnet = folder / name, folder / f"{name}-control"
    pipe.save_pretrained(str(checkpoint), safe_serialization=True)
    net.save_pretrained(str(controlnet), safe_serialization=True)
    return checkpoint, controlnet
