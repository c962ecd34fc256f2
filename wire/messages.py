"""What travels between client and server: typed messages, one struct a kind.

Every message is the ``body`` of a :class:`Header`; arrays never stand in a message, a message names the *frame* that
holds them (see ``frames.py``). Unknown fields are ignored, so that a newer minor version can add some; a change that an
older side would misread raises ``PROTOCOL``.

Units and axes: image points in pixels, x right, y down, the centre of the top-left pixel at (0.5, 0.5); ``betas``,
``pose`` (axis-angle, radians, parent frame) and ``trans`` in model units; ``metres_per_unit`` beside them. A
reconstructed animal stands in the Z-up world, ``metres_per_unit * model.forward(betas, pose, trans)``, and the camera
sees ``x_cam = R @ x_world + t`` (metres), ``pixels = K @ x_cam``. A lifted skeleton moves in the same kind of world, in metres.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

PROTOCOL = 1
"""Version of the protocol. Both sides must agree; every version keeps ``protocol`` and ``job`` in the header."""

MAX_FRAMES = 128
MAX_ANIMALS = 64
MAX_KEYPOINTS = 512
MAX_JOINTS = 512
MAX_TRACK_FRAMES = 100_000
"""Frames of footage in one request to lift."""
MAX_TRACK_POINTS = 4_000_000
"""Frames times joints of one animal: what comes back of them fits into one frame of a message."""

Text = Annotated[str, Meta(max_length=4096)]
"""A sentence or a path."""
Name = Annotated[str, Meta(max_length=256)]
"""A name: of a frame, a keypoint, a species."""
JobId = Annotated[str, Meta(pattern=r"^([0-9a-f]{32})?\Z")]
"""32 hex digits drawn by the client, or empty where a message concerns no job."""
Dimension = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class FrameInfo(Struct, frozen=True):
    """What one frame holds: a raw, C-contiguous, little-endian array."""

    name: Name
    dtype: Annotated[str, Meta(max_length=16)]
    shape: Annotated[list[Dimension], Meta(max_length=8)]


class Preface(Struct):
    """The part of a header that every version of the protocol has and can read."""

    protocol: int
    job: str = ""


BodyT = TypeVar("BodyT")


class Header(Struct, Generic[BodyT]):
    """First part of every message.

    ``token`` is the client's secret on loopback, where no key tells who asks (ignored over CURVE, never sent on to a
    worker). ``deadline_s`` counts from the arrival at the broker.
    """

    protocol: int
    job: JobId
    body: BodyT
    frames: Annotated[list[FrameInfo], Meta(max_length=MAX_FRAMES)] = []
    token: Annotated[str, Meta(max_length=128)] = ""
    deadline_s: Annotated[float, Meta(gt=0)] | None = None


# ---- what a client asks -------------------------------------------------------------------------------------------


class Keypoint(Struct):
    """A named point of one animal, in pixels. ``confidence`` in 0..1; 0 means unknown."""

    name: Name
    x: float
    y: float
    confidence: float = 1.0


class AnimalHints(Struct):
    """What is known of one animal of the image; everything is optional."""

    keypoints: Annotated[list[Keypoint], Meta(max_length=MAX_KEYPOINTS)] = []
    keypoint_set: Name | None = None
    """The names are this set's (``ap10k``, ``animal3d``, …); without it they are the superset's names and aliases."""
    box: tuple[float, float, float, float] | None = None
    """x0, y0, x1, y1 in pixels."""
    mask: Name | None = None
    """Frame uint8 (H, W), as large as the image; non-zero = animal."""
    species: Name | None = None
    family: Name | None = None
    label: Name = ""


class ReconstructRequest(Struct, tag_field="kind", tag="reconstruct"):
    """Shape, pose, camera and place of the animals of one image.

    ``image`` names a frame: uint8 (N,), the bytes of an encoded file, or uint8 (H, W, 3), raw RGB. Without an image
    ``width`` and ``height`` must be given (a fit to hints alone).
    """

    image: Name | None = None
    width: int | None = None
    height: int | None = None
    animals: Annotated[list[AnimalHints], Meta(max_length=MAX_ANIMALS)] = []
    focal_px: float | None = None
    engine: Name = "fit"
    options: Annotated[dict[Name, float | int | bool | Text], Meta(max_length=64)] = {}


class TrackedAnimal(Struct):
    """The points of one animal through F frames of footage, and the skeleton of its J joints.

    ``points`` names a frame: float32 (F, J, 3), x and y in pixels and the confidence 0..1; nan or confidence 0 means missing.
    ``numbers``: int64 (F,), rising, where the frames lie in the footage; None = 0, 1, 2, … ``parents``: indices into
    ``names``, -1 at the one root. ``width`` and ``height`` of the pictures and ``focal_px`` where they are known.
    """

    points: Name
    names: Annotated[list[Name], Meta(min_length=1, max_length=MAX_JOINTS)]
    parents: Annotated[list[int], Meta(min_length=1, max_length=MAX_JOINTS)]
    fps: float
    numbers: Name | None = None
    width: int | None = None
    height: int | None = None
    focal_px: float | None = None
    label: Name = ""
    source: Text = ""


class LiftRequest(Struct, tag_field="kind", tag="lift"):
    """The motion in space of an animal that was followed through footage. Options: docs/wire.md.

    Where the camera's path is known ``K`` (C, 3, 3), ``R`` (C, 3, 3) and ``t`` (C, 3) name float64 frames, one camera or one for
    each frame, in metres; the motion is then in the world that they see.
    """

    animal: TrackedAnimal
    K: Name | None = None
    R: Name | None = None
    t: Name | None = None
    engine: Name = "lift"
    options: Annotated[dict[Name, float | int | bool | Text], Meta(max_length=64)] = {}


class AnimateRequest(Struct, tag_field="kind", tag="animate"):
    """The animals of the server's model, moving as the tracks of one clip do: one for each of ``animals``.

    ``species`` and ``families``: a name or None for each animal, or empty. All tracks are of one piece of footage; ``K``, ``R``, ``t``
    as in :class:`LiftRequest`, of the frames of the first animal. Options: docs/wire.md. Progress brings what is done so far.
    """

    animals: Annotated[list[TrackedAnimal], Meta(min_length=1, max_length=MAX_ANIMALS)]
    species: Annotated[list[Name | None], Meta(max_length=MAX_ANIMALS)] = []
    families: Annotated[list[Name | None], Meta(max_length=MAX_ANIMALS)] = []
    K: Name | None = None
    R: Name | None = None
    t: Name | None = None
    engine: Name = "fit"
    options: Annotated[dict[Name, float | int | bool | Text], Meta(max_length=64)] = {}


class ReadTracksRequest(Struct, tag_field="kind", tag="read_tracks"):
    """The animals of a file of tracks, for clients that cannot read its kind (HDF5). Nothing is lifted.

    ``file`` names a frame: uint8 (N,), the file's bytes; ``file_name`` what it is called. What the request says of fps,
    size and focal length goes before what the file says. ``skeleton``: the name of a keypoint set; ``min_confidence``: points
    below it are missing.
    """

    file: Name
    file_name: Name = "tracks"
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    focal_px: float | None = None
    skeleton: Name | None = None
    min_confidence: float = 0.0
    engine: Name = "lift"
    options: Annotated[dict[Name, float | int | bool | Text], Meta(max_length=64)] = {}


class EchoRequest(Struct, tag_field="kind", tag="echo"):
    """A diagnostic job: takes the way of any other job, computes nothing.

    ``steps`` progress reports, ``sleep_s`` apart; ``reply`` true sends the frames back, false only their sizes.
    """

    engine: Name = "echo"
    steps: Annotated[int, Meta(ge=0, le=1000)] = 0
    sleep_s: Annotated[float, Meta(ge=0, le=10)] = 0.0
    reply: bool = True
    options: Annotated[dict[Name, float | int | bool | Text], Meta(max_length=64)] = {}


class Cancel(Struct, tag_field="kind", tag="cancel"):
    """End the job of the header, queued or running."""


class Resume(Struct, tag_field="kind", tag="resume"):
    """Tell me where my job of the header stands; from now on answer on this connection."""


class Received(Struct, tag_field="kind", tag="received"):
    """The last answer of the job of the header has arrived: the server need not keep it any longer."""


class Status(Struct, tag_field="kind", tag="status"):
    """Who is there? Answered at once with :class:`StatusReply`."""


JobRequest = ReconstructRequest | LiftRequest | AnimateRequest | ReadTracksRequest | EchoRequest
ClientMessage = JobRequest | Cancel | Resume | Received | Status


# ---- what the server answers --------------------------------------------------------------------------------------


class Accepted(Struct, tag_field="kind", tag="accepted"):
    """The job waits; ``place`` jobs stand before it."""

    place: int = 0


class AnimatedAnimal(Struct):
    """One animal of a clip. Strings named after arrays are names of float32 frames; nan where a frame is not known.

    ``betas`` (B,), ``poses`` (F, J, 3), ``trans`` (F, 3), ``keypoints_2d`` (F, K, 3): as in :class:`ReconstructedAnimal`.
    """

    betas: Name
    poses: Name
    trans: Name
    keypoints_2d: Name
    metres_per_unit: float
    label: Name = ""
    species: Name | None = None
    family: Name | None = None
    facts: dict[Name, float | int | bool | Text] = {}
    """How well it went: reprojection error and the like, by name."""
    warnings: list[Text] = []


class AnimateResult(Struct, tag_field="kind", tag="animate_result"):
    """The animals of a clip in motion, all on the frames ``first``, ``first`` + 1, … of the footage, in the Z-up world.

    ``K`` (C, 3, 3), ``R`` (C, 3, 3), ``t`` (C, 3) name float64 frames, metres: one for a standing camera, else one for each frame.
    """

    model_id: Name
    model_name: Name
    joint_names: list[Name]
    keypoint_names: list[Name]
    animals: list[AnimatedAnimal]
    K: Name
    R: Name
    t: Name
    fps: float
    first: int = 0
    width: int = 0
    height: int = 0
    seconds: float = 0.0


class Progress(Struct, tag_field="kind", tag="progress"):
    """The job runs. ``fraction`` 0..1; ``preview`` names a frame: uint8 (H, W, 3) or (N,) encoded. ``partial``: the result as far as
    it is done, in the place of earlier ones."""

    fraction: float
    stage: Text = ""
    preview: Name | None = None
    partial: AnimateResult | None = None


class ReconstructedAnimal(Struct):
    """One animal of a result. Strings named after arrays are names of float32 frames.

    ``betas`` (B,), ``pose`` (J, 3), ``trans`` (3,), ``keypoints_2d`` (K, 3): x, y in pixels, and 1 where the
    model has the point or 0 where it has none (hidden points count as any other).
    """

    betas: Name
    pose: Name
    trans: Name
    keypoints_2d: Name
    metres_per_unit: float
    label: Name = ""
    species: Name | None = None
    family: Name | None = None
    score: float = 0.0
    keypoint_error_px: float | None = None
    iou: float | None = None
    warnings: list[Text] = []


class ReconstructResult(Struct, tag_field="kind", tag="reconstruct_result"):
    """The animals of one image under one camera. ``K`` (3, 3), ``R`` (3, 3), ``t`` (3,) metres; ``overlay``: PNG."""

    model_id: Name
    model_name: Name
    joint_names: list[Name]
    keypoint_names: list[Name]
    animals: list[ReconstructedAnimal]
    K: list[list[float]]
    R: list[list[float]]
    t: list[float]
    width: int
    height: int
    seconds: float = 0.0
    overlay: Name | None = None


class SwappedSides(Struct):
    """Frames ``first`` to ``last`` (numbers of the footage) in which the tracks had left and right of these points mixed up."""

    first: int
    last: int
    names: list[Name]


class LiftResult(Struct, tag_field="kind", tag="lift_result"):
    """The motion in space of the joints that were seen; strings named after arrays are names of frames.

    ``positions`` float32 (F, J, 3), metres in the world, nan where not known. ``points`` float32 (F, J, 2): the tracks as they
    were used, swapped sides put right, nan where missing. ``numbers`` int64 (F,). ``uncertainty`` float32 (F, J): metres, one
    standard deviation. ``contacts`` bool (F, J): the joint rests on the ground. ``K`` (C, 3, 3), ``R`` (C, 3, 3), ``t`` (C, 3)
    float64: cameras that see the world, one for a standing camera, else one for each frame.
    """

    names: list[Name]
    parents: list[int]
    fps: float
    positions: Name
    points: Name
    numbers: Name
    uncertainty: Name | None = None
    contacts: Name | None = None
    K: Name | None = None
    R: Name | None = None
    t: Name | None = None
    width: int = 0
    height: int = 0
    label: Name = ""
    species: Name | None = None
    network: Name = ""
    swaps: list[SwappedSides] = []
    facts: dict[Name, float | int | bool | Text] = {}
    """How well it went: reprojection error and the like, by name."""
    warnings: list[Text] = []
    seconds: float = 0.0


class TracksResult(Struct, tag_field="kind", tag="tracks_result"):
    """What a file of tracks holds. ``file_kind``: what the file is, in words; ``notes``: what was assumed."""

    file_kind: Text
    animals: Annotated[list[TrackedAnimal], Meta(max_length=MAX_ANIMALS)]
    notes: list[Text] = []


class EchoResult(Struct, tag_field="kind", tag="echo_result"):
    """Answer of the echo engine; ``nbytes`` is the size of the frames that came in."""

    nbytes: int = 0


class Failure(Struct, tag_field="kind", tag="failure"):
    """The job ends without a result. ``code`` is for programs, ``message`` what is wrong, ``advice`` what to do."""

    code: Name
    message: Text
    advice: Text = ""


class Cancelled(Struct, tag_field="kind", tag="cancelled"):
    """The job ended because it was cancelled."""


class WorkerStatus(Struct):
    """One worker process. ``state``: starting, idle, busy or failed; ``message`` says why it failed."""

    device: Name
    state: Name
    jobs_done: int = 0
    message: Text = ""


class StatusReply(Struct, tag_field="kind", tag="status_reply"):
    """Who answers and how busy it is. ``model_id`` is empty until the first worker is ready."""

    version: Name
    protocol: int
    model_id: Name
    model_name: Name
    engines: list[Name]
    workers: list[WorkerStatus]
    queue: int
    uptime_s: float


Result = ReconstructResult | LiftResult | AnimateResult | TracksResult | EchoResult
ServerMessage = Accepted | Progress | Result | Failure | Cancelled | StatusReply
RESULTS = (ReconstructResult, LiftResult, AnimateResult, TracksResult, EchoResult)
FINAL = (*RESULTS, Failure, Cancelled)
"""Exactly one of these ends a job."""
