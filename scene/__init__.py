"""Animals as Blender data: armature, skinned mesh, shape keys, actions, materials and cameras.

Everything here takes plain numpy (`animal` records) and makes or reads data-blocks; nothing talks to a server, and
nothing pushes an undo step of its own: the operator that calls it is the step. `animals.build_animals` is the door;
`compat` is the only file that knows one Blender version from another.

World as in Blender: right-handed, Z up, metres. Blender-side axes of a rig: armature space has the animal looking along
-Y with its left side on +X, as Blender's own mirror tools and Rigify's metarigs expect (`frames`).
"""
