"""An animal made to order: built from a description, and shaped afterwards by its sliders.

`create` builds a rig from an `Individual`; `reshape` changes the description of one that stands in the scene. A slider
moves shape keys and parts at once (`reshape` with settle=False); bones, ground and size follow by `settle`, since rest
bones can only be moved in edit mode. What the animal was described as is kept on the armature, beside the rig's record.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.coat_fields import can_measure
from ..animal.coat_painting import CoatPainter
from ..animal.individual import (
    Individual,
    base_betas,
    clamped,
    metres_per_unit,
    shape_offset,
    shoulder_height,
    warn_out_of_range,
)
from ..animal.likeness import coat_at_parts
from ..animal.model import AnimalModel
from ..animal.part_shapes import PartMesh, has_face
from ..animal.parts import Part
from ..animal.placing import AnimalPose
from ..animal.rotations import quaternion_from_matrix
from ..animal.species import find_species
from . import animals, armature, correctives, material, parts, rig
from .all_or_nothing import all_or_nothing
from .bone_layout import lay_bones
from .controls import build as controls
from .frames import RestFrame

Array = NDArray[np.float64]

KEY = "bestiary_creature"
"""The custom property, on the armature object, that holds the description."""

FROM_PHOTO = -1.0
"""The height of an individual whose size came with its rig, out of a photo."""

_COAT = "bestiary_coat"  # on the body: the species whose coat it was given
_WORN = "bestiary_worn"  # on the parts object: which parts it was made of
_TOUCHED = 1e-3  # betas; a shape key further from where it was put was moved by hand
_STILL = 1e-5  # model units and betas below which nothing needs to be laid anew


@dataclass(frozen=True)
class Creature:
    """What an animal in the scene is described as.

    who: the individual. coat: the species whose coat it wears, empty for its own. without: kinds of parts left off.
    base (B,): its betas before sliders and youth: of `who`, and whatever was changed by hand since.
    """

    who: Individual
    coat: str = ""
    without: tuple[str, ...] = ()
    base: tuple[float, ...] = ()


def create(
    model: AnimalModel, who: Individual, *, coat: str = "", without: tuple[str, ...] = (),
    location: tuple[float, float, float] = (0.0, 0.0, 0.0), name: str = "", scene: bpy.types.Scene | None = None,
) -> bpy.types.Object:
    """Build an animal that stands at `location` and looks along -Y, in a collection of its own; gives its armature.

    coat: of another species; without: kinds of parts to leave off. Selection, active object and everything else in the
    file stay as they were; when something fails nothing is left. Raises SpeciesError, with near names, for an unknown
    species.
    """
    scene = scene or bpy.context.scene
    find_species(coat or who.species, model.species)
    base = base_betas(model, who)
    betas = clamped(model, base + shape_offset(model, who))
    warn_out_of_range(model, betas)
    species = find_species(who.species, model.species).name
    rest = model.rest(betas)
    still = AnimalPose(betas, np.zeros((model.n_joints, 3)), np.array([0.0, 0.0, -float(rest.vertices[:, 2].min())]),
                       metres_per_unit(model, who), name or title(who), coat_species(who, coat) or species)
    with all_or_nothing(scene):
        collection = animals.build_animals([still], None, None, model, name=name or title(who), scene=scene)
        item = rig.rigs(collection)[0]
        from mathutils import Matrix

        item.matrix_basis = Matrix.Translation(location)
        record = rig.read_record(item)
        assert record is not None
        rig.write_record(item, replace(record, species=species))
        write_creature(item, Creature(who, coat, tuple(without), tuple(base.tolist())))
        body = rig.body_of(item)
        if body is not None:
            body[_COAT] = still.species
        wear_parts(item, model)
    return item


def title(who: Individual) -> str:
    """What an individual is called in the scene."""
    name = who.species.replace("_", " ").strip().capitalize()
    return f"{name} x {who.other.replace('_', ' ').strip()}" if who.other and who.blend > 0 else name


def coat_species(who: Individual, coat: str) -> str:
    """The species whose coat an individual wears: the one asked for, or that of the larger share."""
    return coat or (who.other if who.other and who.blend > 0.5 else who.species)


# -- the description --------------------------------------------------------------------------------------------------


def write_creature(item: bpy.types.Object, creature: Creature) -> None:
    """Keep a description on its armature object, in the place of an older one."""
    values = asdict(creature)
    base = values.pop("base")
    item[KEY] = {"about": json.dumps({**values, "who": {**values["who"], "sliders": dict(creature.who.sliders)}}), "base": list(base)}


def read_creature(item: bpy.types.Object | None) -> Creature | None:
    """The description of an armature object, or None when it has none (or what it holds cannot be read)."""
    group = None if item is None or item.type != "ARMATURE" else item.get(KEY)
    if group is None:
        return None
    try:
        values: dict[str, Any] = json.loads(group["about"])
        who = Individual(**values["who"])
        return Creature(who, str(values["coat"]), tuple(map(str, values["without"])), tuple(float(b) for b in group["base"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def describe(item: bpy.types.Object, model: AnimalModel) -> Creature:
    """The description of a rig. One that came from a photo gets one: its present shape and size, no parts until asked for.

    A rig whose species is not known counts as the species with the nearest betas. Raises ValueError for a rig of another
    model or none, or whose shape was baked.
    """
    record = _record(item, model)
    creature = read_creature(item)
    if rig.BAKED_KEY in item:
        raise ValueError(f"The shape of {item.name} is baked into its mesh: there is nothing left to adjust")
    if creature is None:
        betas = rig.read_betas(item, record)
        kinds = model.species
        nearest = min(kinds, key=lambda name: float(np.linalg.norm(kinds[name].betas - betas)), default="")
        who = Individual(record.species if record.species in kinds else nearest, height_m=FROM_PHOTO)
        creature = Creature(who, "", kinds_of(model, who), tuple(betas.tolist()))
        write_creature(item, creature)
    return creature


def _record(item: bpy.types.Object, model: AnimalModel) -> rig.RigRecord:
    record = rig.read_record(item)
    if record is None or record.model_id != model.model_id or len(record.betas) != model.n_betas:
        raise ValueError(f"{item.name} was not made from the animal model {model.name!r}")
    return record


# -- shaping ----------------------------------------------------------------------------------------------------------


def reshape(item: bpy.types.Object, model: AnimalModel, who: Individual, *, settled: bool = True) -> None:
    """Make an animal what `who` says, in place; pose, place, coat and the user's own edits of shape keys are kept.

    settled=False only moves shape keys and parts, which is quick enough for every step of a slider; call `settle` when
    the slider rests. Raises SpeciesError for an unknown species, ValueError for a rig of another model.
    """
    creature, record = describe(item, model), _record(item, model)
    base = _edited_base(item, model, creature, record)
    if _origin(who) != _origin(creature.who):
        base = base_betas(model, who)
    betas = clamped(model, base + shape_offset(model, who))
    rest = model.rest(betas)
    write_creature(item, replace(creature, who=who, base=tuple(base.tolist())))
    _turn_keys(item, record, betas)
    ground = RestFrame.standing(rest.vertices, record.unit).points(np.zeros(3)) - record.frame.points(np.zeros(3))
    for made in (rig.body_of(item), parts.parts_of(item)):
        if made is not None:  # the feet stay on the ground; settle writes it into the mesh
            made.location = ground
    worn, wanted = parts.parts_of(item), worn_parts(model, who, creature.without)
    if worn is not None and worn.get(_WORN) == _label(wanted):  # other parts than it wears wait for settle
        parts.move_parts(worn, part_mesh(model, wanted), rest, record.frame)
    if settled:
        settle(item, model)


def _origin(who: Individual) -> tuple[object, ...]:
    """What the betas before sliders depend on."""
    return who.species, who.other, who.blend, who.seed, who.variation


def _edited_base(item: bpy.types.Object, model: AnimalModel, creature: Creature, record: rig.RigRecord) -> Array:
    """(B,) the betas before sliders, with what the user has changed on the shape keys by hand since."""
    base = np.array(creature.base) if len(creature.base) == model.n_betas else np.array(record.betas)
    by_hand = rig.read_betas(item, record) - clamped(model, base + shape_offset(model, creature.who))
    return base + np.where(np.abs(by_hand) > _TOUCHED, by_hand, 0.0)


def _turn_keys(item: bpy.types.Object, record: rig.RigRecord, betas: Array) -> None:
    """Set the values of the shape keys; their sliders' ends give way where they must."""
    body = rig.body_of(item)
    if body is None or body.data.shape_keys is None:
        return
    blocks = body.data.shape_keys.key_blocks
    values = betas / np.array(record.beta_gain)
    for k, value in enumerate(values.tolist()):
        block = blocks.get(rig.BETA_KEY.format(k))
        if block is None or abs(block.value - value) < 1e-7:
            continue
        if not block.slider_min <= value <= block.slider_max:
            block.slider_min, block.slider_max = min(block.slider_min, value), max(block.slider_max, value)
        block.value = value


def is_settled(item: bpy.types.Object, model: AnimalModel) -> bool:
    """Whether bones, ground, size and parts of an animal are as its shape keys and description want them.

    True for everything that is no animal with a description, or one of another model.
    """
    record, creature = rig.read_record(item), read_creature(item)
    if record is None or creature is None or record.model_id != model.model_id:
        return True
    body, worn = rig.body_of(item), parts.parts_of(item)
    if body is not None and body.location.length > 1e-6:
        return False
    if np.abs(rig.read_betas(item, record) - np.array(record.betas)).max(initial=0.0) > _STILL:
        return False
    if body is not None and body.get(_COAT, "") not in ("", coat_species(creature.who, creature.coat)):
        return False
    wanted = worn_parts(model, creature.who, creature.without)
    if (worn.get(_WORN) if worn is not None else None) != (_label(wanted) if wanted else None):
        return False
    return abs(_scale(model, creature.who, record) / record.metres_per_unit - 1.0) < _STILL


def _scale(model: AnimalModel, who: Individual, record: rig.RigRecord) -> float:
    """Metres per model unit that the description asks for; a rig from a photo keeps its own until it is given a height."""
    if who.species not in model.species or not _described(who):
        return record.metres_per_unit
    return metres_per_unit(model, who)


def _described(who: Individual) -> bool:
    return who.height_m != FROM_PHOTO


def settle(item: bpy.types.Object, model: AnimalModel) -> None:
    """Let bones, ground and size follow the shape: what cannot be done at every step of a slider.

    Joint rotations and the root's shift are kept. Nothing is selected, no mode changes and no undo step is pushed.
    Raises ValueError for a rig of another model.
    """
    creature, record = describe(item, model), _record(item, model)
    betas = rig.read_betas(item, record)
    rest = model.rest(betas)
    scale = _scale(model, creature.who, record)
    unit = record.unit * scale / record.metres_per_unit
    frame = RestFrame.standing(rest.vertices, unit)
    turns, shift = _read_pose(item, record)
    _shift_keys(item, model, record, frame)
    armature.lay_anew(item, lay_bones(model, betas), frame)
    made = replace(record, betas=tuple(betas.tolist()), metres_per_unit=scale, unit=unit, shift=tuple(frame.shift.tolist()))
    rig.write_record(item, made)
    _write_pose(item, made, turns, shift * unit / record.unit)
    if controls.has_controls(item):
        controls.scale_places(item, unit / record.unit)
    for child in (rig.body_of(item), parts.parts_of(item)):
        if child is not None:
            child.location = (0.0, 0.0, 0.0)
    body, coat = rig.body_of(item), coat_species(creature.who, creature.coat)
    if body is not None:
        correctives.refresh_drivers(body, item, model)
        if body.get(_COAT, coat) != coat:  # a material that the user gave it stays while the species does
            _dress(item, body, model, coat, betas)
    wear_parts(item, model)


def _read_pose(item: bpy.types.Object, record: rig.RigRecord) -> tuple[Array, Array]:
    """What the pose does to the rest: turns (J, 3, 3) of the joints and the root's shift (3,), in armature axes."""
    axes = rig.rest_axes(item, record)
    local = np.array([np.array(item.pose.bones[name].matrix_basis.to_3x3().normalized()) for name in record.bones])
    return axes @ local @ np.swapaxes(axes, 1, 2), axes[0] @ np.array(item.pose.bones[record.bones[0]].location)


def _write_pose(item: bpy.types.Object, record: rig.RigRecord, turns: Array, shift: Array) -> None:
    """Put what `_read_pose` gave on bones that lie elsewhere by now."""
    axes = rig.rest_axes(item, record)
    quaternions = quaternion_from_matrix(np.swapaxes(axes, 1, 2) @ turns @ axes)
    for name, quaternion in zip(record.bones, quaternions, strict=True):
        bone = item.pose.bones[name]
        mode = bone.rotation_mode
        bone.rotation_mode = "QUATERNION"
        bone.rotation_quaternion = quaternion
        bone.rotation_mode = mode  # Blender carries the rotation over
    item.pose.bones[record.bones[0]].location = axes[0].T @ shift


def _dress(item: bpy.types.Object, body: bpy.types.Object, model: AnimalModel, coat: str, betas: Array) -> None:
    """Give a body the coat of a species, and take the material that it wore out of the file when nothing else uses it."""
    before = [worn for worn in body.data.materials if worn is not None]
    material.Wardrobe(model).dress(body, coat, betas, 0, f"{item.name} fur")
    body[_COAT] = coat
    for worn in before:
        if not worn.users:
            bpy.data.materials.remove(worn)


def _shift_keys(item: bpy.types.Object, model: AnimalModel, record: rig.RigRecord, frame: RestFrame) -> None:
    """Write the rest vertices and shape keys of a body for another size or ground; other keys keep their offsets."""
    body = rig.body_of(item)
    if body is None:
        return
    old = record.frame
    if abs(frame.unit / old.unit - 1.0) < 1e-7 and np.abs(frame.shift - old.shift).max() < _STILL:
        return
    scale = np.float32(frame.unit / old.unit)
    move = (frame.points(np.zeros(3)) - scale * old.points(np.zeros(3))).astype(np.float32)
    layers = [body.data.vertices] if body.data.shape_keys is None else [
        body.data.vertices, *(block.points for block in body.data.shape_keys.key_blocks)]
    flat = np.empty(3 * len(body.data.vertices), dtype=np.float32)
    for layer in layers:
        layer.foreach_get("co", flat)
        layer.foreach_set("co", (scale * flat.reshape(-1, 3) + move).ravel())
    body.data.update()


# -- parts ------------------------------------------------------------------------------------------------------------


def worn_parts(model: AnimalModel, who: Individual, without: tuple[str, ...] = ()) -> tuple[Part, ...]:
    """The parts of an individual: those of the species that it has most of; a young animal has none of the hard ones."""
    name = who.other if who.other and who.blend > 0.5 else who.species
    species = model.species.get(name)
    if species is None or not has_face(model):
        return ()
    left_off = {*without, *(("horn", "antler", "tusk") if who.youth > 0.5 else ())}
    return tuple(part for part in species.parts if part.kind not in left_off)




def wear_parts(item: bpy.types.Object, model: AnimalModel) -> bpy.types.Object | None:
    """Give a rig the parts of its description, laid for its present shape; takes off those it should not have."""
    creature, record = describe(item, model), _record(item, model)
    wanted = worn_parts(model, creature.who, creature.without)
    worn = parts.parts_of(item)
    label = _label(wanted)
    if worn is not None and (worn.get(_WORN) != label or not wanted):
        parts.remove_parts(item)
        worn = None
    if not wanted:
        return None
    rest, shape = model.rest(rig.read_betas(item, record)), part_mesh(model, wanted)
    if worn is not None:
        parts.move_parts(worn, shape, rest, record.frame)
        return worn
    species = model.species.get(coat_species(creature.who, creature.coat))
    coat = np.array(parts.PLAIN_COAT)
    if species is not None and species.coat is not None and can_measure(model):
        coat = coat_at_parts(shape, CoatPainter(model), species.coat, rig.read_betas(item, record))
    worn = parts.new_parts(f"{item.name} parts", shape, rest, record.frame, record.bones, item, coat)
    worn[_WORN] = label
    for collection in item.users_collection:
        collection.objects.link(worn)
    return worn


def _label(worn: tuple[Part, ...]) -> str:
    return json.dumps([part.to_json() for part in worn])


_meshes: dict[tuple[int, tuple[Part, ...]], PartMesh] = {}


def part_mesh(model: AnimalModel, worn: tuple[Part, ...]) -> PartMesh:
    """What is the same for all animals of a model that wear these parts; the last few are kept."""
    key = (id(model), worn)
    found = _meshes.get(key)
    if found is None or found.model is not model:
        while len(_meshes) >= 16:
            _meshes.pop(next(iter(_meshes)))
        found = _meshes[key] = PartMesh.of(model, worn)
    return found



# -- one thing at a time ----------------------------------------------------------------------------------------------


def known_name(model: AnimalModel | None, text: str) -> str:
    """The model's own name of a species that someone typed; the text as it is when there is none."""
    if model is None or not text.strip():
        return text.strip()
    try:
        return find_species(text, model.species).name
    except ValueError:
        return text.strip()


def height(item: bpy.types.Object, model: AnimalModel | None) -> float:
    """Metres at the shoulder that an animal is described with, 0 when that is not known."""
    creature, record = read_creature(item), rig.read_record(item)
    if model is None or creature is None or record is None or creature.who.species not in model.species:
        return 0.0
    if creature.who.height_m > 0:
        return creature.who.height_m
    grown = replace(creature.who, youth=0.0)
    if _described(creature.who):
        return shoulder_height(model, grown)
    usual = replace(grown, height_m=0.0)
    return shoulder_height(model, usual) * record.metres_per_unit / metres_per_unit(model, usual)


def kinds_of(model: AnimalModel, who: Individual) -> tuple[str, ...]:
    """The kinds of parts that an individual can wear."""
    return parts.kinds(worn_parts(model, replace(who, youth=0.0))) if who.species in model.species else ()


def wear(item: bpy.types.Object, model: AnimalModel, kind: str, worn: bool) -> None:
    """Put the parts of one kind on an animal, or take them off."""
    creature = describe(item, model)
    without = tuple(name for name in creature.without if name != kind) + (() if worn else (kind,))
    write_creature(item, replace(creature, without=without))
    wear_parts(item, model)


def recoat(item: bpy.types.Object, model: AnimalModel, coat: str) -> None:
    """Give an animal the coat of a species, its own for an empty name. Raises SpeciesError for an unknown one."""
    creature = describe(item, model)
    if coat:
        find_species(coat, model.species)
    write_creature(item, replace(creature, coat=coat))
    body, wanted = rig.body_of(item), coat_species(creature.who, coat)
    if body is not None and (wanted in model.species or coat):
        _dress(item, body, model, wanted, rig.read_betas(item, _record(item, model)))
