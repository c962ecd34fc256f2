"""Add > Mesh > Animal: species by their kin, a search field above them."""

import bpy
from bpy.types import Menu

from .creatures import model_or_none, shown

GROUPS = (
    ("Dogs and Wolves", ("canid",)),
    ("Cats", ("felid", "viverrid")),
    ("Bears", ("ursid", "ailurid", "procyonid")),
    ("Weasels and Hyenas", ("mustelid", "mephitid", "hyaenid", "herpestid")),
    ("Rabbits and Rodents", ("lagomorph", "rodent")),
    ("Apes and Monkeys", ("primate",)),
    ("Horses", ("equid",)),
    ("Cattle, Sheep and Antelopes", ("bovid", "antilocaprid")),
    ("Deer", ("cervid",)),
    ("Camels and Giraffes", ("camelid", "giraffid")),
    ("Pigs", ("suid", "tayassuid")),
    ("Elephants, Rhinos and Hippos", ("elephantid", "rhinocerotid", "hippopotamid", "tapirid")),
)
"""The submenus: what an animator would look under, and the families in each. All others are under Others."""

_OTHERS = "Others"


def grouped(model) -> dict[str, list[str]]:
    """The species of a model by submenu, each sorted by name; submenus without any are left out."""
    home = {family: label for label, families in GROUPS for family in families}
    found: dict[str, list[str]] = {label: [] for label, _ in (*GROUPS, (_OTHERS, ()))}
    for name in sorted(model.species):
        found[home.get(model.species[name].family, _OTHERS)].append(name)
    return {label: names for label, names in found.items() if names}


def _menu_name(label: str) -> str:
    return "BESTIARY_MT_add_" + "".join(c if c.isalnum() else "_" for c in label.lower())


def _family_menu(label: str) -> type:
    """The menu class of one group."""

    def draw(self, _context):
        """The species of this group."""
        model = model_or_none()
        for name in grouped(model).get(label, ()) if model is not None else ():
            self.layout.operator("bestiary.create_animal", text=shown(name)).species = name

    contents = {"bl_idname": _menu_name(label), "bl_label": label, "draw": draw, "__doc__": f"Animals to add: {label}."}
    return type(_menu_name(label), (Menu,), contents)


class BESTIARY_MT_add_animal(Menu):
    """Every species of the animal model."""

    bl_idname = "BESTIARY_MT_add_animal"
    bl_label = "Animal"

    def draw(self, _context):
        """Search, then the groups."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("bestiary.search_animal", text="Search...", icon="VIEWZOOM")
        layout.separator()
        model = model_or_none()
        if model is None:
            layout.label(text="The animal model cannot be read: see Preferences", icon="ERROR")
            return
        for label in grouped(model):
            layout.menu(_menu_name(label))


def _entry(self, context):
    """The entry in Add > Mesh; in edit mode that menu adds to the mesh that is edited, where animals have no place."""
    if context.mode == "OBJECT":
        self.layout.separator()
        self.layout.menu(BESTIARY_MT_add_animal.bl_idname, icon="OUTLINER_OB_ARMATURE")


def _import_entry(self, _context):
    """The entry in File > Import."""
    self.layout.operator("bestiary.open_motion", text="Bestiary Motion (.npz)")


CLASSES = (BESTIARY_MT_add_animal, *(_family_menu(label) for label, _ in (*GROUPS, (_OTHERS, ()))))


def register() -> None:
    """Hang the entries into Blender's menus."""
    bpy.types.VIEW3D_MT_mesh_add.append(_entry)
    bpy.types.TOPBAR_MT_file_import.append(_import_entry)


def unregister() -> None:
    """Take them out."""
    bpy.types.TOPBAR_MT_file_import.remove(_import_entry)
    bpy.types.VIEW3D_MT_mesh_add.remove(_entry)
