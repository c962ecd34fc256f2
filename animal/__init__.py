"""What an animal is: models and their files, keypoints, rotations, cameras, clips and the rasteriser.

Everything here needs numpy alone, so that it runs in a bare Blender as well as on the server.

Conventions: world right-handed, Z up, metres. Animal frame x forward, y left, z up, in model units.
Cameras are pinholes in OpenCV axes (x right, y down, z forward), and the centre of the top-left pixel is (0.5, 0.5).
"""
