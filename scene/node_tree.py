"""Shader nodes written as formulas: a thin hand over a material's node tree.

Values are node sockets or plain numbers; every method adds one node (or a few) and gives its output socket.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

Socket = bpy.types.NodeSocket
Value = Any  # a socket, a number, or three or four numbers


class NodeTree:
    """Adds nodes to a material's tree, laid out in columns: a row for each thing painted."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.nodes, self.links = tree.nodes, tree.links
        self._row, self._column = 0, 0

    def row(self) -> None:
        """Start the next row of the layout."""
        self._row, self._column = self._row + 1, 0

    def add(self, kind: str, name: str = "", **settings: Any) -> bpy.types.Node:
        """A node of this type with these properties."""
        node = self.nodes.new(kind)
        node.location = (-3600 + 190 * self._column, 300 - 330 * self._row)
        self._column += 1
        if name:
            node.name = node.label = name
        for key, value in settings.items():
            setattr(node, key, value)
        return node

    def put(self, socket: Socket, value: Value) -> None:
        """Link or set an input."""
        if isinstance(value, bpy.types.NodeSocket):
            self.links.new(value, socket)
        else:
            socket.default_value = value

    def number(self, attribute: str) -> Socket:
        """A mesh attribute as a number."""
        return self.add("ShaderNodeAttribute", attribute_name=attribute).outputs["Fac"]

    def vector(self, attribute: str) -> Socket:
        """A mesh attribute as a vector."""
        return self.add("ShaderNodeAttribute", attribute_name=attribute).outputs["Vector"]

    def colour(self, name: str, rgb: Sequence[float]) -> Socket:
        """A colour that the user may change; the node bears this name."""
        node = self.add("ShaderNodeRGB", name)
        node.outputs[0].default_value = (*rgb, 1.0)
        return node.outputs[0]

    def math(self, operation: str, *values: Value) -> Socket:
        """One Math node: MULTIPLY_ADD, MINIMUM, …"""
        node = self.add("ShaderNodeMath", operation=operation)
        for socket, value in zip(node.inputs, values, strict=False):
            self.put(socket, value)
        return node.outputs[0]

    def scaled(self, vector: Socket, factor: float | Sequence[float]) -> Socket:
        """A vector times a number or, axis by axis, three."""
        factors = (factor,) * 3 if isinstance(factor, int | float) else tuple(factor)
        node = self.add("ShaderNodeVectorMath", operation="MULTIPLY")
        self.put(node.inputs[0], vector)
        node.inputs[1].default_value = factors
        return node.outputs[0]

    def length(self, vector: Socket) -> Socket:
        """A vector's length."""
        node = self.add("ShaderNodeVectorMath", operation="LENGTH")
        self.put(node.inputs[0], vector)
        return node.outputs["Value"]

    def step(self, value: Value, start: float | Socket, end: float | Socket) -> Socket:
        """0 at `start`, 1 at `end`, smooth between, clamped; `end` may be the smaller."""
        node = self.add("ShaderNodeMapRange", interpolation_type="SMOOTHSTEP")
        for name, given in (("Value", value), ("From Min", start), ("From Max", end)):
            self.put(node.inputs[name], given)
        return node.outputs[0]

    def noise(self, vector: Socket, scale: float, detail: float = 1.0, offset: float = 0.0) -> Socket:
        """Smooth noise about 0, mostly within -1..1; another offset, another noise."""
        node = self.add("ShaderNodeTexNoise", noise_dimensions="4D")
        self.put(node.inputs["Vector"], vector)
        node.inputs["W"].default_value = offset
        node.inputs["Scale"].default_value, node.inputs["Detail"].default_value = scale, detail
        return self.math("MULTIPLY_ADD", node.outputs[0], 3.0, -1.5)

    def cells(self, vector: Socket, feature: str, jitter: float) -> bpy.types.Node:
        """A Voronoi node, one cell in a unit; feature F1 or DISTANCE_TO_EDGE."""
        node = self.add("ShaderNodeTexVoronoi", feature=feature)
        self.put(node.inputs["Vector"], vector)
        node.inputs["Scale"].default_value = 1.0
        node.inputs["Randomness"].default_value = jitter
        return node

    def mix(self, share: Value, below: Value, above: Value) -> Socket:
        """Two colours blended: `below` at share 0."""
        node = self.add("ShaderNodeMix", data_type="RGBA")
        for socket in node.inputs:
            if socket.name == "Factor" and socket.type == "VALUE":
                self.put(socket, share)
            elif socket.type == "RGBA" and socket.name in ("A", "B"):
                value = below if socket.name == "A" else above
                self.put(socket, value if isinstance(value, bpy.types.NodeSocket) else (*value[:3], 1.0))
        return next(socket for socket in node.outputs if socket.type == "RGBA")

    def times(self, colour: Socket, factor: Socket) -> Socket:
        """A colour times a number."""
        node = self.add("ShaderNodeVectorMath", operation="SCALE")
        self.put(node.inputs[0], colour)
        self.put(node.inputs["Scale"], factor)
        return node.outputs[0]
