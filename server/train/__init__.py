"""Training: one loop for every network, from a TOML file to weights that can be shipped.

Needs numpy, torch, Pillow and safetensors alone, so that it runs on a bare machine with a GPU: nothing here, and nothing that
this package imports, may ask for msgspec, zmq, rich or tyro (a test looks).
"""
