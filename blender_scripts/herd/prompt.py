"""A picture's record put into a sentence or two, as a caption that a text-conditioned generator can be steered by.

Encoders of text read the start best, and some read 77 tokens only: first come the animals and what they do, then ground and light,
then each animal from left to right, and the camera last. Only what the record says is said; the same record gives the same
words. With many animals the wording becomes terser, never beyond `MAX_WORDS`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from .nouns import GROWN_UP, MALES, NEWBORN, article, doing_word, listed, noun, number, plural, several

MAX_WORDS = 115

GROUND = {
    "grass": "on short grass", "meadow": "in a meadow of high grass and flowers", "sand": "on sand", "snow": "in snow",
    "rock": "on bare rock", "water": "at the edge of water", "floor": "indoors on a plain floor",
}  # fmt: skip
LIGHT = {"cloudy": "under scattered clouds", "overcast": "under an overcast sky", "dusk": "at dusk"}
INDOORS = {"sun": "in bright daylight", "cloudy": "in soft daylight", "overcast": "in dull light", "dusk": "in dim evening light"}
LACKS = {"horn": "horns", "antler": "antlers", "tusk": "tusks", "mane": "a mane"}
MOVING = ("walking", "running", "trotting", "galloping", "creeping", "moving")
"""What has a direction of its own: "walking left" instead of "walking, facing left"."""

_STILL = {
    "left": "facing left", "right": "facing right", "towards": "facing the viewer", "away": "facing away",
    "towards-left": "facing left and towards the viewer", "towards-right": "facing right and towards the viewer",
    "away-left": "facing left and away", "away-right": "facing right and away",
}  # fmt: skip
_GOING = {
    "left": "left", "right": "right", "towards": "towards the viewer", "away": "away", "towards-left": "left towards the viewer",
    "towards-right": "right towards the viewer", "away-left": "away to the left", "away-right": "away to the right",
}  # fmt: skip
_TERSE = {
    "left": "facing left", "right": "facing right", "towards": "facing us", "away": "facing away", "towards-left": "front left",
    "towards-right": "front right", "away-left": "rear left", "away-right": "rear right",
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """What is said of one animal. extra: coat and what it lacks; hidden: how much is not seen; far: much farther than the nearest."""

    name: str
    grown: str
    youth: float
    doing: str
    facing: str
    extra: str
    hidden: str
    far: bool


def compose(record: Mapping[str, Any]) -> str:
    """One to three short sentences of a record (docs/files.md, "Herds"), at most about 120 words however many the animals."""
    animals = seen_animals(record)
    place = scene_words(record)
    if not animals:
        return f"A photograph of a place without animals, {place}."
    camera = camera_words(record)
    text = ""
    for terse in range(4):
        detail = _line(animals, terse)
        text = f"{_headline(animals, detail, place)}. {camera if terse < 3 else ''}".strip()
        if len(text.split()) <= MAX_WORDS:
            break
    return " ".join(text.split()[: MAX_WORDS + 5])


def seen_animals(record: Mapping[str, Any]) -> list[Seen]:
    """The animals of which anything is seen, from left to right."""
    by_id = {animal["id"]: animal for animal in record.get("animals", ())}
    order = [i for i in record.get("left_to_right", ()) if i in by_id]
    order += [i for i in by_id if i not in order]
    shown = [by_id[i] for i in order if _number(by_id[i].get("area_visible"), 1) > 0]
    depths = [_number(animal.get("depth_m"), math.nan) for animal in shown]
    nearest = min((depth for depth in depths if depth > 0), default=math.nan)
    return [_seen(animal, depth > 2.2 * nearest) for animal, depth in zip(shown, depths, strict=True)]


def _seen(animal: Mapping[str, Any], far: bool) -> Seen:
    who = animal.get("who") or {}
    species, family, youth = str(animal.get("species") or ""), str(animal.get("family") or ""), _number(who.get("youth"), 0.0)
    grown = noun(species, family)
    other, blend = str(who.get("other") or ""), _number(who.get("blend"), 0.0)
    if other and blend > 0.7:
        grown, species = noun(other, family), other
    elif other and blend >= 0.3:
        grown, species = f"{grown}-{noun(other)} cross", ""
    name = noun(species, family, youth) if species else f"{'young ' if youth >= GROWN_UP else ''}{grown}"
    extra = []
    coat = str(animal.get("coat") or "")
    if coat and coat not in (species, who.get("species"), other):
        extra.append(f"coloured like {article(noun(coat))}")
    missing = [LACKS[kind] for kind in dict.fromkeys(animal.get("without") or ()) if kind in LACKS]
    if missing and youth < NEWBORN:
        extra.append(f"without {listed(missing)}")
    doing, facing = doing_word(str(animal.get("doing") or "")), str(animal.get("facing") or "")
    return Seen(name, grown, youth, doing, facing, " and ".join(extra), _hidden(animal), far)


def _hidden(animal: Mapping[str, Any]) -> str:
    visible, inside = _number(animal.get("visible_fraction"), 1.0), _number(animal.get("in_frame_fraction"), 1.0)
    if visible < 0.5:
        return "mostly hidden"
    if visible < 0.9:
        return "partly hidden"
    return "cut off by the frame" if inside < 0.85 else ""


def count_words(animals: list[Seen]) -> str:
    """The animals together: "three wolves", "a cow and her calf", "two oxen and a horse"; "eight animals" of many kinds."""
    kinds: dict[str, int] = {}
    for animal in animals:
        kinds[animal.name] = kinds.get(animal.name, 0) + 1
    pair = _mother_and_young(animals)
    if pair:
        return pair
    if len(kinds) > 3 and len(animals) > 4:
        return f"{number(len(animals))} animals"
    return listed([several(count, name) for name, count in sorted(kinds.items(), key=lambda kind: -kind[1])])


def _mother_and_young(animals: list[Seen]) -> str:
    """"a cow and her calf" of a grown animal and a newborn of its species, else nothing."""
    if len(animals) != 2:
        return ""
    young, old = sorted(animals, key=lambda animal: -animal.youth)
    same = young.grown == old.grown and young.youth >= NEWBORN and old.youth < GROWN_UP
    if not same or old.grown.split()[-1].lower() in MALES:
        return ""
    return f"{article(old.name)} and her {young.name.removeprefix(old.grown).strip()}"


def _headline(animals: list[Seen], detail: str, place: str) -> str:
    """The first sentence: who, doing what if all do the same, where, and then each of them."""
    doing = {animal.doing for animal in animals}
    parts = f"A photograph of {count_words(animals)}"
    if len(animals) == 1:
        return f"{parts} {detail}{',' if ',' in detail else ''} {place}"
    if len(doing) == 1:
        parts += f" {animals[0].doing}"
    return f"{parts} {place}; {detail}"


def _line(animals: list[Seen], terse: int) -> str:
    """Each animal from left to right; equal neighbours become one, the most common kind is called "one". `terse` 0..3: fewer words."""
    if len(animals) == 1:
        return ", ".join(_describe(animals[0], terse, True))
    said = len({animal.doing for animal in animals}) > 1
    most = max(names := [animal.name for animal in animals], key=names.count)
    common = most if names.count(most) > max(2, len(names) / 2) or names.count(most) == len(names) else ""
    items = [(animal.name, tuple(_describe(animal, terse, said))) for animal in animals]
    if len(set(items)) == 1 and items[0][1]:
        return f"{'both' if len(items) == 2 else 'all'} {', '.join(items[0][1])}"
    parts = []
    for (name, words), same in groupby(items):
        count = len(list(same))
        subject = number(count) if name == common else several(count, name) if terse < 3 or count == 1 else plural(name)
        parts.append(f"{subject} {', '.join(words)}".strip())
    between = "; " if any("," in part for part in parts) else ", "
    return f"from left to right: {between.join(parts)}"


def _describe(animal: Seen, terse: int, doing: bool) -> list[str]:
    """Short phrases that are put after the animal's name, most important first."""
    if animal.doing in MOVING and terse < 2:
        going = _GOING.get(animal.facing, "")
        first = [f"{animal.doing} {going}".strip() if doing else f"heading {going}" if going else ""]
    else:
        facing = (_STILL if terse < 2 else _TERSE).get(animal.facing, "")
        first = [animal.doing if doing else "", facing]
    more = [animal.extra if terse < 1 else "", animal.hidden, "in the distance" if animal.far and terse < 2 else ""]
    return [words for words in [*first, *more] if words]


def scene_words(record: Mapping[str, Any]) -> str:
    """Ground and light: "in snow at dusk", "on sand in sunlight from the left"."""
    scene = record.get("scene") or {}
    ground, light = str(scene.get("ground") or ""), str(scene.get("light") or "")
    where = GROUND.get(ground, f"on {ground}" if ground else "outdoors")
    if ground == "floor":
        return f"{where} {INDOORS.get(light, '')}".strip()
    return f"{where} {LIGHT.get(light) or _sunlight(record, scene)}".strip()


def _sunlight(record: Mapping[str, Any], scene: Mapping[str, Any]) -> str:
    """Where the sun stands, as the viewer sees it."""
    azimuth, height = _number(scene.get("sun_azimuth"), math.nan), _number(scene.get("sun_elevation"), math.nan)
    if not math.isfinite(azimuth + height):
        return "in sunlight"
    low = "low " if height < 0.35 else ""
    if height > 1.1:
        return "in high sunlight"
    R = _matrix(record, "R")
    sun = R @ [math.cos(height) * math.cos(azimuth), math.cos(height) * math.sin(azimuth), math.sin(height)]
    if abs(sun[0]) > abs(sun[2]):
        return f"in {low}sunlight from the {'right' if sun[0] > 0 else 'left'}"
    return f"against the {low}sun" if sun[2] > 0 else f"with the {low}sun behind the camera"


def camera_words(record: Mapping[str, Any]) -> str:
    """Distance, height, direction and lens in a photographer's words: a sentence."""
    R, K = _matrix(record, "R"), _matrix(record, "K")
    position = -R.T @ np.asarray((record.get("camera") or {}).get("t", (0, 0, 0)), np.float64)
    depths = [_number(animal.get("depth_m"), math.nan) for animal in record.get("animals", ())]
    depths = [depth for depth in depths if depth > 0]
    away = f"from {_metres(float(np.median(depths)))} away, " if depths else ""
    down = math.degrees(math.asin(float(np.clip(-R[2, 2], -1, 1))))
    text = f"Taken {away}{_height(float(position[2]), down)}, with {_lens(K, record)}"
    return f"{text}{_effects(record.get('lens') or {})}."


def _height(height: float, down: float) -> str:
    """height of the camera in metres, down: how far it looks down in degrees."""
    if down > 75:
        return "looking straight down from above"
    if height > 5:
        look = "looking steeply down " if down > 45 else "looking down " if down > 20 else ""
        return f"{look}from {_metres(height)} above the ground"
    if height > 2.2:
        return "from a raised viewpoint"
    if height > 1.2:
        return "at a person's eye level"
    return "from a low viewpoint" if height > 0.45 else "from close to the ground"


def _metres(length: float) -> str:
    """A length as one would guess it: 40 centimetres, 1.5, 7, 35, 200 metres."""
    if length < 0.95:
        return f"{max(5, round(length * 20) * 5)} centimetres"
    step = 0.5 if length < 3 else 1 if length < 20 else 5 if length < 100 else 50
    rounded = round(length / step) * step
    return "1 metre" if rounded == 1 else f"{rounded:g} metres"


def _lens(K: np.ndarray, record: Mapping[str, Any]) -> str:
    """The focal length as on a camera with 36 mm wide film."""
    side = max(_number(record.get("width"), 0), _number(record.get("height"), 0), 1.0)
    focal = float(K[0, 0]) / side * 36.0
    kind = "wide-angle " if focal < 30 else "telephoto " if focal >= 75 else ""
    step = 1 if focal < 40 else 5 if focal < 100 else 10
    length = round(focal / step) * step
    return f"{'an' if str(length).startswith('8') or length in (11, 18) else 'a'} {length} mm {kind}lens"


def _effects(lens: Mapping[str, Any]) -> str:
    """What the lens and the sensor add."""
    words = []
    if 0 < _number(lens.get("f_number"), 0.0) <= 4:
        words.append("a shallow depth of field")
    if _number(lens.get("exposure_s"), 0.0) > 1 / 50:
        words.append("slight motion blur")
    if _number(lens.get("noise"), 0.0) > 0.03:
        words.append("visible grain")
    return f", {listed(words)}" if words else ""


def _matrix(record: Mapping[str, Any], name: str) -> np.ndarray:
    """K or R (3, 3) of the record's camera, the identity when there is none."""
    return np.asarray((record.get("camera") or {}).get(name, np.eye(3)), np.float64).reshape(3, 3)


def _number(value: Any, default: float) -> float:
    """The value as a finite number, or the default for None and what is none."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else default
