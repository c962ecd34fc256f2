"""From 2D tracks to 3D motion, for any skeleton: networks, what goes into them, and what is made of what comes out."""
