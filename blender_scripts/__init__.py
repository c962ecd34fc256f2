"""What runs without a window, in a Blender of its own: started as bare files, each finds the package by its own place."""
