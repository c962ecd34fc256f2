"""Dogs, wolves and foxes."""

from __future__ import annotations

from .breed import Breed

BREEDS: dict[str, Breed] = {
    "dog": Breed("canid", {}),
    "labrador": Breed("canid", {
        "leg_girth": 0.22, "neck_girth": 0.15, "neck_length": -0.12, "head_width": 0.14, "muzzle_girth": 0.22,
        "muzzle_length": -0.08, "ear_roll": 1.05, "ear_fold": 1.15, "ear_length": 0.22, "tail_girth": 0.35, "loin_depth": 0.12,
        "groin": 0.02}),
    "german_shepherd": Breed("canid", {
        "neck_girth": 0.16, "ear_width": 0.1, "tail_girth": 0.5, "tail_droop": 0.55, "hind_straight": -0.15,
        "croup_slope": 0.08, "leg_girth": 0.08, "loin_depth": 0.06}),
    "greyhound": Breed("canid", {
        "chest_depth": 0.14, "loin_depth": -0.14, "groin": -0.03, "leg_girth": -0.16, "head_width": -0.14,
        "muzzle_girth": -0.12, "muzzle_length": 0.12, "neck_length": 0.14, "ear_roll": 0.5, "ear_pitch": -0.7,
        "ear_length": -0.3, "tail_droop": 0.55, "tail_girth": -0.1, "loin": 0.012, "ear_fold": 0.5}),
    "dachshund": Breed("canid", {
        "leg_girth": 0.05, "foot_size": -0.10, "head_size": -0.02, "ear_roll": 1.05, "ear_fold": 1.15, "ear_length": 0.4,
        "ear_width": 0.2, "muzzle_length": 0.05, "neck_girth": 0.0, "chest_depth": 0.08, "tail_length": -0.2}),
    "border_terrier": Breed("canid", {
        "head_width": 0.18, "muzzle_length": -0.35, "muzzle_girth": 0.10, "ear_roll": 0.9, "ear_length": -0.2,
        "neck_length": -0.10, "tail_length": -0.45, "tail_droop": -0.6, "leg_girth": 0.2, "head_size": 0.12, "ear_fold": 1.2}),
    "rhodesian_ridgeback": Breed("canid", {
        "neck_girth": 0.08, "ear_roll": 1.05, "ear_fold": 1.15, "head_width": 0.04, "muzzle_girth": 0.12, "chest_depth": 0.06,
        "leg_girth": 0.06, "ear_length": 0.2}),
    "weimaraner": Breed("canid", {
        "ear_roll": 1.05, "ear_fold": 1.15, "ear_length": 0.38, "ear_width": 0.2, "muzzle_girth": 0.12, "chest_depth": 0.08,
        "loin_depth": -0.06, "groin": -0.01, "tail_length": -0.35}),
    "golden_retriever": Breed("canid", {
        "leg_girth": 0.28, "neck_girth": 0.25, "neck_length": -0.10, "head_width": 0.14, "muzzle_girth": 0.18,
        "muzzle_length": -0.08, "ear_roll": 1.05, "ear_fold": 1.15, "tail_girth": 0.75, "tail_brush": 0.2, "groin": 0.03,
        "thigh_girth": 0.12, "ear_length": 0.25}),
    "wolf": Breed("canid", {
        "neck_girth": 0.25, "neck_pitch": 0.22, "tail_girth": 0.65, "tail_droop": 0.6, "ear_length": -0.25,
        "head_size": 0.08, "leg_girth": 0.06, "foot_size": 0.12, "tail_length": -0.15}),
    "fox": Breed("canid", {
        "muzzle_girth": -0.22, "muzzle_length": 0.02, "ear_length": 0.15, "ear_width": 0.2, "tail_girth": 0.85,
        "tail_brush": 0.35, "tail_length": 0.15, "neck_pitch": 0.22, "neck_girth": 0.12, "leg_girth": -0.08,
        "tail_droop": 0.3, "head_size": 0.06}),
}  # fmt: skip
