"""The animals of a plan in Blender: meshes that are the model's own forward, vertex for vertex, in their coats.

No armature deforms them: what stands in the scene is what the record says, to a float's last bits. For motion blur the
whole body moves straight on while the shutter is open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np
from numpy.typing import NDArray

from ...animal.coat_fields import can_measure
from ...animal.coat_painting import CoatPainter
from ...animal.coats import Coat
from ...animal.likeness import coat_at_parts
from ...animal.model import AnimalModel, Posed
from ...animal.part_shapes import PartMesh
from ...animal.rotations import matrix_from_axis_angle
from ...scene import material, parts
from ...scene.compat import action_curves
from ...scene.creature import part_mesh, worn_parts
from ...scene.frames import ARMATURE_AXES
from ...scene.hair import grow_hair
from ...scene.mesh import fill
from .plan import AssetAnimal, PlannedAnimal

Array = NDArray[np.float64]

NOT_IN_TRUTH = "bestiary_not_in_truth"
"""The custom property of objects that the picture shows and the truth leaves out: hair, whose masks would be fringes."""

_HAIRS = 40_000
_COAT_LIGHTER, _COAT_WARMER = 0.1, 0.02  # standard deviations of an individual's coat from its species'


@dataclass(frozen=True, eq=False)
class Body:
    """One animal as it stands: vertices (V, 3) and faces (F, 3) of body and parts together, in metres in the world.

    The first `n_skin` vertices are the model's own. posed: the model's posed body in metres, None for an asset's animal.
    forward (3,): which way the root points, for bodies whose keypoints do not tell.
    """

    vertices: Array
    faces: NDArray[np.int32]
    n_skin: int
    posed: Posed | None
    joints: Array
    forward: Array | None = None


class Menagerie:
    """Makes bodies of one model; what depends on the model and the kind of parts alone is worked out once."""

    def __init__(self, model: AnimalModel) -> None:
        self.model = model
        self.painter = CoatPainter(model) if can_measure(model) else None
        self._shade = material.coat_shade(model)
        self._coats: dict[str, str] = {}  # the name of a coat's material in the present file

    def part_mesh(self, animal: PlannedAnimal) -> PartMesh | None:
        """What the animal wears besides its skin, or None."""
        worn = worn_parts(self.model, animal.who, animal.without)
        return part_mesh(self.model, worn) if worn else None

    def new_file(self) -> None:
        """Forget what was built: Blender has an empty file now."""
        self._coats.clear()

    def body(self, animal: PlannedAnimal | AssetAnimal) -> Body:
        """The animal's surface in the world."""
        if isinstance(animal, AssetAnimal):
            return Body(animal.vertices, animal.faces, len(animal.vertices), None, animal.joints, np.asarray(animal.forward))
        scale = animal.metres_per_unit
        posed = self.model.forward(animal.betas, animal.pose, animal.trans)
        posed = Posed(posed.vertices * scale, posed.joints * scale, posed.keypoints * scale)
        worn, forward = self.part_mesh(animal), matrix_from_axis_angle(np.asarray(animal.pose[0]))[:, 0]
        if worn is None:
            return Body(posed.vertices, self.model.faces, self.model.n_vertices, posed, posed.joints, forward)
        rest = self.model.rest(animal.betas)
        extra = skinned(self.model, animal, rest.joints, worn.vertices(rest), worn.weights)
        return Body(np.concatenate([posed.vertices, extra]), np.concatenate([self.model.faces, worn.faces + self.model.n_vertices]),
                    self.model.n_vertices, posed, posed.joints, forward)

    def build(
        self, scene: bpy.types.Scene, animal: PlannedAnimal, body: Body, number: int, shutter_s: float, hair: bool = False
    ) -> list[bpy.types.Object]:
        """The animal's objects in the scene, with `pass_index` number: its skin, and what it wears."""
        name = f"{number:02d} {animal.who.species}"
        rng = np.random.default_rng(animal.who.seed)
        skin = _new_mesh(name, body.vertices[: body.n_skin], self.model.faces)
        if self.model.uv is not None and self.model.uv_faces is not None:
            layer = skin.uv_layers.new(name="UVMap", do_init=False)
            layer.data.foreach_set("uv", self.model.uv[self.model.uv_faces.ravel()].astype(np.float32).ravel())
        item = _add(scene, name, skin, number)
        kind = self.model.species.get(animal.coat)
        coat = varied(kind.coat, rng) if kind is not None and kind.coat is not None else None
        if coat is not None and self.painter is not None:
            pattern = bpy.data.materials.get(self._coats.get(animal.coat, ""))
            made_of = material.dress(item, self.painter, coat, animal.betas, f"{name} fur", pattern)
            self._coats[animal.coat] = made_of.name
        else:
            tint = material.tint(int(rng.integers(100)))
            skin.materials.append(material.new_fur(f"{name} fur", tint))
            material.paint_coat(item, self._shade, tint)
        made = [item]
        if hair and coat is not None and self.painter is not None and (coat.fur > 0 or coat.tufts):
            made.append(self._grow(item, animal, coat, rng))
        worn = self.part_mesh(animal)
        if worn is not None:
            colour = np.array(parts.PLAIN_COAT)
            if coat is not None and self.painter is not None:
                colour = coat_at_parts(worn, self.painter, coat, animal.betas)
            mesh = _new_mesh(f"{name} parts", body.vertices[body.n_skin:], worn.faces)
            parts.dress_parts(mesh, worn, f"{name} parts", colour)
            made.append(_add(scene, f"{name} parts", mesh, number))
        if shutter_s > 0 and np.linalg.norm(animal.velocity) > 0:
            for other in made:
                if other.parent is None:  # hair goes where its skin goes
                    _carry(other, np.asarray(animal.velocity), scene)
        return made

    def _grow(self, item: bpy.types.Object, animal: PlannedAnimal, coat: Coat, rng: np.random.Generator) -> bpy.types.Object:
        """Hair on a skin: combed at rest and carried to the pose, for which the mesh gets the rest shape as its basis."""
        assert self.painter is not None
        mesh, scale = item.data, animal.metres_per_unit
        posed = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", posed)
        rest = scale * self.model.rest(animal.betas).vertices @ ARMATURE_AXES.T
        mesh.vertices.foreach_set("co", rest.astype(np.float32).ravel())
        item.shape_key_add(name="Basis", from_mix=False)
        key = item.shape_key_add(name="Pose", from_mix=False)
        key.data.foreach_set("co", posed)
        key.value = 1.0
        hairs = grow_hair(item, self.painter, coat, animal.betas, scale, _HAIRS, rng)
        hairs[NOT_IN_TRUTH] = True
        return hairs


def skinned(model: AnimalModel, animal: PlannedAnimal, joints: Array, rest: Array, weights: Array) -> Array:
    """Points `rest` (n, 3) of the rest shape where the pose takes them, in metres in the world.

    joints (J, 3): of the rest shape, in model units as `rest` is; weights (n, J).
    """
    orient, origin = model.chain(matrix_from_axis_angle(np.asarray(animal.pose)), joints)
    shift = origin - np.einsum("jab,jb->ja", orient, joints)
    turn = np.einsum("nj,jab->nab", weights, orient)
    return animal.metres_per_unit * (np.einsum("nab,nb->na", turn, rest) + weights @ shift + animal.trans)


def varied(coat: Coat, rng: np.random.Generator) -> Coat:
    """The coat of one individual: a little lighter or darker, warmer or cooler than its species', all of it alike."""
    lighter = float(np.exp(np.clip(rng.normal(0, _COAT_LIGHTER), -0.25, 0.25)))
    warmer = float(np.clip(rng.normal(0, _COAT_WARMER), -0.04, 0.06))

    def turned(value: tuple[float, float, float]) -> tuple[float, float, float]:
        red, green, blue = value
        return tuple(float(np.clip(c, 0.0, 1.0)) for c in (red * lighter * (1 + warmer), green * lighter, blue * lighter * (1 - warmer)))  # type: ignore[return-value]

    layers = tuple(replace(layer, colour=turned(layer.colour)) for layer in coat.layers)  # type: ignore[arg-type]
    return replace(coat, base=turned(coat.base), under=turned(coat.under), layers=layers)  # type: ignore[arg-type]


def _new_mesh(name: str, vertices: Array, faces: NDArray[np.int32]) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new(name)
    fill(mesh, vertices, faces)
    mesh.update(calc_edges=True)
    return mesh


def _add(scene: bpy.types.Scene, name: str, mesh: bpy.types.Mesh, number: int) -> bpy.types.Object:
    item = bpy.data.objects.new(name, mesh)
    item.pass_index = number
    scene.collection.objects.link(item)
    return item


def _carry(item: bpy.types.Object, velocity: Array, scene: bpy.types.Scene) -> None:
    """Move an object straight on while the shutter is open, about where it stands at the middle of the exposure."""
    fps = scene.render.fps / scene.render.fps_base
    step = velocity / fps  # metres a frame
    for frame, sign in ((scene.frame_current - 1, -1.0), (scene.frame_current + 1, 1.0)):
        item.location = sign * step
        item.keyframe_insert("location", frame=frame)
    for curve in action_curves(item.animation_data.action):
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"
