"""Herds: pictures of many animals with exact ground truth.

`plan` says what is in a picture, `draw`, `herd3d` and `natural` make plans from a seed, `stage` and its kin build them in
Blender, `passes` renders picture and truth, `truth` turns them into a record, `store` writes files that are whole or absent.
"""
