"""What travels: typed messages, array frames, limits, keys, and the client.

>>> from bestiary.wire import Client
>>> with Client() as client:
...     result = client.reconstruct("dog.jpg", keypoints={"nose": (310, 122)}, species="dog")  # doctest: +SKIP
"""

from .client import Client, Job
from .errors import WireError
from .local import LocalServer
from .reconstruction import Animal, AnimalInput, Echo, Reconstruction

__all__ = ["Animal", "AnimalInput", "Client", "Echo", "Job", "LocalServer", "Reconstruction", "WireError"]
