"""The points of one animal while they are being clicked: place, move, skip, delete, swap sides, undo and redo.

Plain Python: the tool in the Image Editor feeds it with mouse and keys, and writes what it holds to the photo.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..animal.keypoints import mirror_keypoint

Position = tuple[float, float]
_State = tuple[dict[str, Position], frozenset[str], str | None]


class PointEditor:
    """Named points in pixels from the photo's top-left corner, with a history.

    Attributes:
        points: name → (x, y), in the order of placing.
        order: every name that may be placed, in the order of asking.
    """

    def __init__(self, order: Sequence[str], points: Iterable[tuple[str, Position]] = ()) -> None:
        self.order = tuple(order)
        self.points: dict[str, Position] = dict(points)
        self._skipped: frozenset[str] = frozenset()
        self._chosen: str | None = None
        self._past: list[_State] = []
        self._future: list[_State] = []

    @property
    def next_name(self) -> str | None:
        """The point that the next click places: the chosen one, else the first that is neither placed nor skipped."""
        if self._chosen is not None:
            return self._chosen
        return next((name for name in self.order if name not in self.points and name not in self._skipped), None)

    def is_skipped(self, name: str) -> bool:
        """Whether the animator passed over this point."""
        return name in self._skipped and name not in self.points

    def place(self, x: float, y: float) -> str | None:
        """Put the next point here; gives its name, or None when every point is placed or skipped."""
        name = self.next_name
        if name is None:
            return None
        self._remember()
        self.points[name] = (x, y)
        self._chosen = None
        self._skipped -= {name}
        return name

    def begin_move(self) -> None:
        """The start of a drag, so that the whole drag is one step of undo."""
        self._remember()

    def move(self, name: str, x: float, y: float) -> None:
        """Put a placed point elsewhere. Call `begin_move` once before."""
        if name in self.points:
            self.points[name] = (x, y)

    def remove(self, name: str) -> bool:
        """Take a point away; it is asked for again."""
        if name not in self.points:
            return False
        self._remember()
        del self.points[name]
        return True

    def skip(self) -> str | None:
        """Pass over the next point (it is hidden, or outside the photo); gives its name."""
        name = self.next_name
        if name is None:
            return None
        self._remember()
        self._skipped |= {name}
        self._chosen = None
        return name

    def choose(self, name: str) -> None:
        """Make this the point that the next click places, whether it is placed already or not."""
        if name in self.order:
            self._remember()
            self._chosen = name

    def step(self, by: int) -> None:
        """Choose the point `by` places further on in the order of asking, among those that are not placed."""
        free = [name for name in self.order if name not in self.points]
        if not free:
            return
        name = self.next_name
        start = free.index(name) if name in free else 0
        self.choose(free[(start + by) % len(free)])

    def swap_sides(self) -> bool:
        """Give every left point its right name and the other way round; False when no point has a side."""
        swapped = {mirror_keypoint(name): position for name, position in self.points.items()}
        if swapped.keys() == self.points.keys() and swapped == self.points:
            return False
        self._remember()
        self.points = swapped
        self._skipped = frozenset(mirror_keypoint(name) for name in self._skipped)
        return True

    def nearest(self, x: float, y: float, radius: float) -> str | None:
        """The placed point nearest to a position, within `radius` pixels of the photo."""
        best, best_distance = None, radius
        for name, (px, py) in self.points.items():
            distance = ((px - x) ** 2 + (py - y) ** 2) ** 0.5
            if distance <= best_distance:
                best, best_distance = name, distance
        return best

    def undo(self) -> bool:
        """Back by one step; False when there is nothing to take back."""
        return self._travel(self._past, self._future)

    def redo(self) -> bool:
        """Forward again by one step."""
        return self._travel(self._future, self._past)

    def _state(self) -> _State:
        return dict(self.points), self._skipped, self._chosen

    def _remember(self) -> None:
        self._past.append(self._state())
        self._future.clear()

    def _travel(self, source: list[_State], target: list[_State]) -> bool:
        if not source:
            return False
        target.append(self._state())
        self.points, self._skipped, self._chosen = source.pop()
        return True
