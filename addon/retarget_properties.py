"""What the animator chooses for retargeting, kept with the scene: both rigs, the clip, whose bone is whose, how the motion is written."""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import PropertyGroup

from ..scene import compat
from ..scene.retarget.body_map import EARS, LEGS, MIDLINE, SEGMENTS
from . import retarget_preview

GROUPED = ("root", "spine", "neck", "head", "jaw", *EARS, "tail", *LEGS)
"""The rows of the list as they stand below each other; a leg is a heading with its segments below."""
assert set(MIDLINE) | set(EARS) | set(LEGS) == set(GROUPED)


def _refresh(_settings, context) -> None:
    retarget_preview.refresh(context)


def _source_changed(settings, context) -> None:
    """Another rig: what was matched is not its own, and its clip is the one that it plays."""
    settings.clear_side("source")
    data = settings.source.animation_data if settings.source else None
    settings.action = data.action if data is not None else None
    if settings.action is None and settings.source is not None:
        own = [action for action in bpy.data.actions if moves_bones(action, settings.source)]
        settings.action = own[0] if len(own) == 1 else None
    retarget_preview.stop()


def _target_changed(settings, _context) -> None:
    settings.clear_side("target")
    retarget_preview.stop()


def _action_changed(settings, _context) -> None:
    settings.slot = ""
    retarget_preview.stop()


def _slot_changed(_settings, _context) -> None:
    retarget_preview.stop()


def moves_bones(action: bpy.types.Action, armature: bpy.types.Object) -> bool:
    """Whether an action has a curve for a bone, or the whole, of an armature object."""
    for curve in compat.action_curves(action):
        path = curve.data_path
        if path.startswith('pose.bones["'):
            if path[12:].partition('"]')[0] in armature.pose.bones:
                return True
        elif path in ("location", "rotation_quaternion", "rotation_euler"):
            return action == (armature.animation_data and armature.animation_data.action)
    return False


def slot_names(settings, _context, _text) -> list[str]:
    """The slots of the chosen action that an object can play."""
    slots = getattr(settings.action, "slots", ())
    return [slot.name_display for slot in slots if slot.target_id_type in ("OBJECT", "UNSPECIFIED")]


class BESTIARY_PG_matched_bone(PropertyGroup):
    """One bone of a part; `name` is the bone's."""

    confidence: FloatProperty(name="Sure", description="How sure the match is", min=0.0, max=1.0, default=1.0)


class BESTIARY_PG_matched_part(PropertyGroup):
    """One row of the list: a part of the body, by `name`, with its bones in both rigs; or the heading of a leg."""

    heading: BoolProperty(name="Heading", description="This row stands for a whole leg")
    group: StringProperty(name="Leg", description="The leg that the part is of")
    unfolded: BoolProperty(name="Unfold", description="Show the parts of this leg")
    source: CollectionProperty(name="Source Bones", description="Its bones in the source", type=BESTIARY_PG_matched_bone)
    target: CollectionProperty(name="Target Bones", description="Its bones in the target", type=BESTIARY_PG_matched_bone)


def _source_poll(_settings, item) -> bool:
    return item.type == "ARMATURE"


def _action_poll(settings, action) -> bool:
    return settings.source is None or moves_bones(action, settings.source)


class BESTIARY_PG_retarget(PropertyGroup):
    """The retargeting of a scene."""

    source: PointerProperty(
        name="Source", description="The armature that moves as the other one is to move", type=bpy.types.Object,
        poll=_source_poll, update=_source_changed,
    )
    action: PointerProperty(
        name="Clip", description="The source's action that is carried over", type=bpy.types.Action,
        poll=_action_poll, update=_action_changed,
    )
    slot: StringProperty(
        name="Slot", description="The part of the action that is meant. Empty: the one that plays", search=slot_names,
        update=_slot_changed,
    )
    target: PointerProperty(
        name="Target", description="Your own rig, which gets the motion", type=bpy.types.Object,
        poll=_source_poll, update=_target_changed,
    )
    parts: CollectionProperty(name="Parts", description="Which bones are which part of the body", type=BESTIARY_PG_matched_part)
    active_part: IntProperty(name="Part", description="The part of the body that is shown below the list", min=0)
    source_from: StringProperty(name="Source Match", description="Where the source's parts are from", options={"HIDDEN"})
    target_from: StringProperty(name="Target Match", description="Where the target's parts are from", options={"HIDDEN"})
    presets: BoolProperty(
        name="Known Rigs", default=True,
        description="Rigs whose parts are known by name need not be searched for them",
    )

    path: EnumProperty(
        name="Way",
        description="What becomes of the animal's way over the ground",
        items=(
            ("keep", "As in the Clip", "It goes where the source goes, in steps of the target's size"),
            ("in_place", "On the Spot", "It moves its legs and stays where it is, as games want it"),
            ("travel", "Moved On", "A clip that walks on the spot walks over the ground"),
        ),
        update=_refresh,
    )
    use_path_scale: BoolProperty(
        name="Own Scale of the Way", description="Switch on to say how far it goes; otherwise as its legs are longer or shorter",
        update=_refresh,
    )
    path_scale: FloatProperty(
        name="Scale", description="How far the target goes for each metre of the source", default=1.0, min=0.0, soft_max=5.0,
        max=100.0, update=_refresh,
    )
    contacts: BoolProperty(
        name="Keep Feet Standing", description="Feet that stand in the clip stand still on the target until they leave the ground",
        default=True, update=_refresh,
    )
    ground: BoolProperty(
        name="Keep Above Ground", description="Nothing of the animal goes through the ground", default=True, update=_refresh
    )
    head_reach: BoolProperty(
        name="Head to the Ground", description="A head that goes down to eat or sniff goes down as far on the target",
        default=True, update=_refresh,
    )
    smooth: FloatProperty(
        name="Smooth", description="How long a shake may be to be smoothed out, in seconds; 0 leaves the motion as it is",
        default=0.0, min=0.0, soft_max=0.5, max=5.0, step=1, precision=3, subtype="TIME_ABSOLUTE", unit="TIME_ABSOLUTE",
        update=_refresh,
    )
    cycle: BoolProperty(
        name="Cut a Loop", description="Find the stretch of the clip that repeats, such as one stride, and make a clean loop of it",
        update=_refresh,
    )
    use_fps: BoolProperty(
        name="Clip's Own Rate",
        description="Switch on where the clip was made for another frame rate than the scene's: it is played at its own speed",
    )
    fps: FloatProperty(
        name="Frames a Second", description="The frame rate that the clip was made for", default=30.0, min=0.1, max=10_000.0,
        precision=3,
    )
    whole_frames: BoolProperty(
        name="Keys on Whole Frames", default=True,
        description="Keys stand on the scene's frames, also where the clip's own lie between them. The speed stays exactly the same",
    )
    reduce: BoolProperty(name="Fewer Keys", description="Leave out keys that the curves do not need, instead of one a frame")
    reduce_degrees: FloatProperty(
        name="Most Error", description="How far any bone may be off because of it, in degrees", default=0.5, min=0.001,
        soft_max=5.0, max=45.0, precision=2,
    )
    result: EnumProperty(
        name="Write",
        description="Where the motion goes",
        items=(
            ("NLA", "NLA Strip", "A new action on an NLA track of its own; what the target plays now stays"),
            ("ACTION", "Active Action", "A new action that the target plays at once; the one it had is kept in the file"),
            ("LIVE", "Live Constraints", "Constraints follow the source, so that you can change it and see; bake them when you like it"),
        ),
    )
    legs: EnumProperty(
        name="Legs",
        description="Which controls of the legs play, where a rig has both. Both get the motion, and can be switched later",
        items=(
            ("FK", "FK", "The legs are turned joint by joint, exactly as the motion has it"),
            ("IK", "IK", "The feet are moved, and the legs follow: best for changing where a foot stands"),
        ),
    )
    name_new: StringProperty(name="Name", description="Of the new action. Empty: the clip's and the rig's")

    def row(self, part: str) -> BESTIARY_PG_matched_part | None:
        """The row of a part of the body, or None before anything was matched."""
        at = self.parts.find(part)
        return self.parts[at] if at >= 0 else None

    def active(self) -> BESTIARY_PG_matched_part | None:
        """The row that is chosen in the list."""
        return self.parts[self.active_part] if 0 <= self.active_part < len(self.parts) else None

    def clear_side(self, side: str) -> None:
        """Forget the bones of one rig ("source" or "target")."""
        for row in self.parts:
            getattr(row, side).clear()
        setattr(self, f"{side}_from", "")

    def make_rows(self) -> None:
        """All rows, where they are not there yet: the midline's parts, then each leg with its segments folded below it."""
        if len(self.parts):
            return
        for name in GROUPED:
            row = self.parts.add()
            row.name, row.heading = name, name in LEGS
            for segment in SEGMENTS if row.heading else ():
                below = self.parts.add()
                below.name, below.group = f"{name}_{segment}", name

    def matched(self, side: str) -> bool:
        """Whether any bone of one rig is in the list."""
        return any(len(getattr(row, side)) for row in self.parts)


CLASSES = (BESTIARY_PG_matched_bone, BESTIARY_PG_matched_part, BESTIARY_PG_retarget)


def register() -> None:
    """Hang the choices on scenes."""
    bpy.types.Scene.bestiary_retarget = PointerProperty(type=BESTIARY_PG_retarget)


def unregister() -> None:
    """Take them off again; what was saved in a file stays there."""
    del bpy.types.Scene.bestiary_retarget
