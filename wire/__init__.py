"""What travels: typed messages, array frames, limits, keys, and the client.

>>> from bestiary.wire import Client
>>> with Client() as client:
...     points = {"nose": (310, 122), "tail_base": (80, 140)}
...     result = client.reconstruct(  # doctest: +SKIP
...         "dog.jpg", keypoints=points, boxes=(60, 80, 340, 350), species="dog"
...     )
"""

from .animating import Animated, MovingAnimal
from .client import Client, Job
from .errors import WireError
from .lifting import Lifted, ReadTracks, TrackedPoints
from .local import LocalServer
from .reconstruction import Animal, AnimalInput, Echo, Reconstruction

__all__ = [
    "Animal", "AnimalInput", "Animated", "Client", "Echo", "Job", "Lifted", "LocalServer", "MovingAnimal", "ReadTracks",
    "Reconstruction", "TrackedPoints", "WireError",
]  # fmt: skip
