"""Motion from any animal's rig onto any other: whose bone is whose, how the motion is carried over, how it is written.

The way: both rigs are read as plain arrays (`rig_shape`), the parts of the body are found in each (`body_map`), the source's motion
is carried over part by part with its contacts (`solve`), and the result is written to the bones that an animator
would key. What does not need Blender is numpy only, so that it can be tested and read without it.
"""
