"""What the animator chooses of footage, kept with the scene: the tracks, the skeleton, the lens, how it comes into the scene."""

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

from .footage import skeleton_names
from .properties import search_kinds


class BESTIARY_PG_tracked(PropertyGroup):
    """One animal of the tracks; `name` is what it will be called in the scene."""

    use: BoolProperty(name="Animate", description="Whether Animate from Footage makes an animal of these tracks", default=True)
    kind: StringProperty(
        name="Its Species",
        description="What this animal is, where it is another one than the species below. Empty: that species",
        search=search_kinds,
        search_options={"SUGGESTION"},
    )

    joints: IntProperty(name="Joints", description="How many points of the animal were tracked", min=0)
    frames: IntProperty(name="Frames", description="How many frames the tracks have", min=0)
    fps: FloatProperty(name="Frames a Second", description="The tracks' own frame rate", min=0.0)
    seen: FloatProperty(
        name="Seen", description="The part of the points that is known", subtype="FACTOR", min=0.0, max=1.0
    )


class BESTIARY_PG_footage(PropertyGroup):
    """The footage of a scene: where the tracks come from and how they are to be read."""

    file: StringProperty(name="Tracks", description="The file of tracks that was imported", subtype="FILE_PATH")
    clip: PointerProperty(
        name="Movie Clip",
        description="The movie clip whose own markers are the tracks",
        type=bpy.types.MovieClip,
    )
    notes: StringProperty(name="Notes", description="What was assumed when the tracks were read", options={"HIDDEN"})
    animals: CollectionProperty(
        name="Animals", description="The animals whose points were tracked", type=BESTIARY_PG_tracked
    )
    active_animal: IntProperty(name="Animal", description="The animal that is lifted", min=0)
    skeleton: StringProperty(
        name="Skeleton",
        description="Which points hang on which: a named skeleton, or the file of your own. "
        "Empty: as the tracks say, or as the points' names tell",
        search=skeleton_names,
        search_options={"SUGGESTION"},
    )
    kind: StringProperty(
        name="Species",
        description="What animal it is, as near as you know: it tells how large the animal is. Leave it empty if you do not know",
        search=search_kinds,
        search_options={"SUGGESTION"},
    )
    use_size: BoolProperty(
        name="Known Size", description="Switch on if you know how large this animal is; otherwise the species tells, or it is guessed"
    )
    size_m: FloatProperty(
        name="Size", description="How large the animal is", default=0.6, min=0.005, soft_max=5.0, max=100.0, subtype="DISTANCE"
    )
    measures: EnumProperty(
        name="Measured",
        description="What the size is of",
        items=(
            ("height", "Shoulder Height", "From the ground to the shoulders of the standing animal"),
            ("length", "Length", "Between the two tracked points that are farthest apart, nose and tip of the tail in most animals"),
        ),
    )
    camera_moves: BoolProperty(
        name="Camera Follows",
        description="Switch on if the camera follows the animal. Otherwise it stands still, or is the solved one",
    )
    use_solved: BoolProperty(
        name="Solved Camera",
        description="Use the path of the camera that was solved for the movie clip, and its floor and scale: set those first",
    )
    feet: BoolProperty(
        name="Feet on the Ground", description="Feet that touch the ground stand still until they leave it", default=True
    )
    smooth: FloatProperty(
        name="Smooth",
        description="How much of the jitter is taken out: 1 as much as the tracks seem to shake, 0 none",
        default=1.0,
        min=0.0,
        soft_max=2.0,
        max=10.0,
        subtype="FACTOR",
    )
    poses: EnumProperty(
        name="Poses",
        description="Where the poses of Animate from Footage come from",
        items=(
            ("fit", "Fit", "The animal's body is fitted to the tracks, all frames together. Best where most points of a body are tracked"),
            ("lift", "Lift, Then Fit", "The tracks are lifted to motion in space first, and the body follows both. It can help where the "
             "animal is seen from one side only"),
        ),
    )
    use_fps: BoolProperty(
        name="Known Rate", description="Switch on to say how many frames a second the footage has, whatever the tracks say"
    )
    fps: FloatProperty(
        name="Frames a Second", description="Frames a second of the footage", default=30.0, min=0.1, max=10_000.0, precision=3
    )
    use_lens: BoolProperty(
        name="Known Lens",
        description="Switch on if you know the lens that the footage was taken with; otherwise it is guessed",
    )
    lens_mm: FloatProperty(
        name="Focal Length",
        description="Focal length as on a full-frame (36 mm wide) camera",
        default=50.0,
        min=4.0,
        soft_max=400.0,
        max=5000.0,
        subtype="DISTANCE_CAMERA",
    )
    film: StringProperty(
        name="Film",
        description="The footage itself, a movie or the first of numbered pictures, to be seen behind the camera's view. Optional",
        subtype="FILE_PATH",
    )
    match_scene: BoolProperty(
        name="Set Up Scene",
        description="Give the scene the footage's frame rate, length and resolution, and make the matching camera the active one. "
        "Otherwise the scene stays as it is, and keys fall between its frames where the rates differ",
        default=False,
    )

    def active(self) -> BESTIARY_PG_tracked | None:
        """The animal that is lifted, or None when no tracks were imported."""
        if not self.animals:
            return None
        return self.animals[min(self.active_animal, len(self.animals) - 1)]


CLASSES = (BESTIARY_PG_tracked, BESTIARY_PG_footage)


def register() -> None:
    """Hang the choices on scenes."""
    bpy.types.Scene.bestiary_footage = PointerProperty(type=BESTIARY_PG_footage)


def unregister() -> None:
    """Take them off again; what was saved in a file stays there."""
    del bpy.types.Scene.bestiary_footage
