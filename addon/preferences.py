"""The add-on's preferences: which server, which keys, which animal model, and a server on this machine."""

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy.types import AddonPreferences

from . import local_server
from .network import draw_offline
from .text import lines
from .user_files import PACKAGE, user_folder

DEFAULT_ADDRESS = "tcp://127.0.0.1:8755"


class NotEnabled(RuntimeError):
    """The add-on runs without having been enabled in Blender's preferences."""


def _model_changed(_self, _context):
    from .models import forget

    forget()


def _server_changed(_self, _context):
    from .session import session

    session.server_line = ""


class BESTIARY_preferences(AddonPreferences):
    """What stays the same from file to file."""

    bl_idname = PACKAGE

    address: StringProperty(
        name="Server",
        description="Where the Bestiary server answers. tcp://127.0.0.1:8755 is this machine",
        default=DEFAULT_ADDRESS,
        update=_server_changed,
    )
    key_folder: StringProperty(
        name="Key Folder",
        description="Folder with this computer's own key (client.secret) and the server's (server.public). "
        "Only needed for a server on another machine",
        subtype="DIR_PATH",
    )
    model_file: StringProperty(
        name="Animal Model",
        description="The animal model to build rigs with: .npz, or a SMAL or SMAL+ file of your own. "
        "Empty: the open animal that comes with Bestiary. The server must use the same one",
        subtype="FILE_PATH",
        update=_model_changed,
    )
    python: StringProperty(
        name="Python",
        description="The Python program that runs a server on this machine. It needs torch and a few other packages",
        subtype="FILE_PATH",
    )
    device: EnumProperty(
        name="Compute On",
        description="What a server on this machine computes with",
        items=(
            ("auto", "Best Available", "The graphics card if it can be used, else the processor"),
            ("cuda", "NVIDIA Graphics Card", "Only the graphics card"),
            ("cpu", "Processor", "Only the processor: slower, works everywhere"),
        ),
    )
    show_log: BoolProperty(name="Log", description="Show the last lines that the server on this machine has written")

    @property
    def model_path(self) -> str:
        """The model file as an absolute path, or an empty text for the default model."""
        return bpy.path.abspath(self.model_file) if self.model_file else ""

    @property
    def key_path(self) -> str | None:
        """The key folder as an absolute path, or None."""
        return bpy.path.abspath(self.key_folder) if self.key_folder else None

    def draw(self, _context):
        """Three boxes: the server's place, the model, a server on this machine."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        draw_offline(layout, 90)
        draw_connection(layout.box(), self)
        draw_local_server(layout.box(), self)


def draw_connection(box: bpy.types.UILayout, prefs: BESTIARY_preferences) -> None:
    """The server's address, the keys, the model."""
    column = box.column()
    column.label(text="Server and Model", icon="WORLD")
    column.prop(prefs, "address")
    column.operator("bestiary.check_server", icon="QUESTION")
    from .session import session

    if session.server_line:
        lines(column, session.server_line, 90, icon="INFO")
    column.separator()
    column.prop(prefs, "model_file", placeholder="The open animal")
    column.separator()
    column.label(text="For a server on another machine:")
    column.prop(prefs, "key_folder")
    row = column.row(align=True)
    row.operator("bestiary.make_keys", icon="KEYINGSET")
    row.operator("bestiary.take_server_key", icon="IMPORT")


def draw_local_server(box: bpy.types.UILayout, prefs: BESTIARY_preferences) -> None:
    """A server on this machine: its Python, start and stop, its last words."""
    column = box.column()
    column.label(text="Server on This Machine", icon="SYSTEM")
    row = column.row(align=True)
    row.prop(prefs, "python", placeholder="Find one when starting")
    row.operator("bestiary.find_python", text="", icon="VIEWZOOM")
    column.prop(prefs, "device")
    draw_start_stop(column)
    server = local_server.current
    if server is not None or (user_folder("server") / "server.log").is_file():
        column.prop(prefs, "show_log", icon="TRIA_DOWN" if prefs.show_log else "TRIA_RIGHT", emboss=False)
        if prefs.show_log:
            words = (server or local_server.LocalServer("", [], user_folder("server") / "server.log")).last_words(10)
            inner = column.box().column(align=True)
            for line in words or ["(nothing yet)"]:
                inner.label(text=line[:140])


def draw_start_stop(layout: bpy.types.UILayout) -> None:
    """The one button that fits: start, or stop."""
    server = local_server.current
    if server is not None and server.running:
        layout.operator("bestiary.stop_server", icon="CANCEL")
    else:
        layout.operator("bestiary.start_server", icon="PLAY")


def preferences() -> BESTIARY_preferences:
    """The add-on's preferences. Raises NotEnabled when the add-on is not enabled in Blender."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    if addon is None or addon.preferences is None:
        raise NotEnabled("Bestiary is not enabled in Blender's preferences")
    return addon.preferences


CLASSES = (BESTIARY_preferences,)
