"""Reads the values out of a pickle without unpickling it: no module is imported, no callable is ever called.

A pickle is a program. This is an interpreter for that program's data part (all opcodes of protocols 0 to 5)
whose "classes" are entries of the fixed table `ALLOWED`, each standing for an inert record: an array with its
shape and bytes, a sparse matrix or chumpy object with its attributes. Any other name is refused with the name.
Arrays are only assembled when asked for (`pickle_values.py`), so parsing costs no more than the file itself.
Source of the opcodes: Python's own documentation of `pickletools`.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .model import ModelError

MAX_OPCODES = 5_000_000
_COPY_BUDGET = 1 << 30  # bytes that encode() and the like may copy in all

_SPARSE = ("csc", "csr", "coo")
_CHUMPY = (
    *("ch.MatVecMult", "ch.dot", "ch_ops.dot"),  # only ever beside what a model needs; not worked out
    *("ch.Ch", "reordering.Select", "reordering.transpose", "reordering.Reshape", "reordering.Concatenate"),
    *(f"{module}.{name}" for module in ("ch", "ch_ops") for name in ("add", "subtract", "multiply", "divide")),
)


def _allowed() -> dict[tuple[str, str], str]:
    """(module, name) -> which inert record it stands for."""
    table = {("collections", "OrderedDict"): "dict", ("_codecs", "encode"): "encode"}
    for module in ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.multiarray"):
        table |= {(module, "_reconstruct"): "array", (module, "scalar"): "scalar"}
    for module in ("numpy.core.numeric", "numpy._core.numeric"):
        table[module, "_frombuffer"] = "frombuffer"
    table |= {("numpy", "ndarray"): "ndarray", ("numpy", "dtype"): "dtype", ("numpy", "matrix"): "ndarray"}
    for module in ("numpy.matrixlib.defmatrix", "numpy.core.defmatrix"):
        table[module, "matrix"] = "ndarray"
    for kind in _SPARSE:
        for module in (f"scipy.sparse.{kind}", f"scipy.sparse._{kind}", "scipy.sparse"):
            table |= {(module, f"{kind}_matrix"): kind, (module, f"{kind}_array"): kind}
    for path in _CHUMPY:
        module, _, name = path.rpartition(".")
        table |= {(f"chumpy.{module}", name): f"chumpy.{name}", ("chumpy", name): f"chumpy.{name}"}
    for module in ("copy_reg", "copyreg"):
        table |= {(module, "_reconstructor"): "reconstructor", (module, "__newobj__"): "newobj"}
    for module in ("__builtin__", "builtins"):
        table |= {(module, "object"): "object", (module, "set"): "list", (module, "frozenset"): "list"}
        table |= {(module, "bytearray"): "bytes", (module, "bytes"): "bytes", (module, "list"): "list"}
    return table


ALLOWED = _allowed()


@dataclass(frozen=True)
class Name:
    """A module's name that the file asked for and the table allows; `kind` is what it stands for here."""

    module: str
    name: str
    kind: str


class Record:
    """Something a class of the table would have made: its kind, the arguments and the state, nothing done with them."""

    __slots__ = ("arguments", "kind", "state")

    def __init__(self, kind: str, arguments: tuple[Any, ...] = ()) -> None:
        self.kind = kind
        self.arguments = arguments
        self.state: Any = None


_MARK = Record("mark")


def read_pickle(data: bytes) -> Any:
    """The value of the first pickle in `data`: plain values, lists, tuples, dicts and `Record`s.

    Raises ModelError for a damaged or endless program, for any name outside `ALLOWED`, persistent ids,
    extension codes and out-of-band buffers.
    """
    return _Machine(data).run()


class _Machine:
    """The stack machine. Every method named in `_ACTIONS` carries out one opcode."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.budget = _COPY_BUDGET

    def run(self) -> Any:
        for _ in range(MAX_OPCODES):
            if self.place >= len(self.data):
                raise ModelError("the pickle is cut off before its end")
            code = self.data[self.place]
            self.place += 1
            if code == 0x2E:  # STOP
                return self.pop()
            action = _ACTIONS.get(code)
            if action is None:
                raise ModelError(f"not a pickle: byte {code:#04x} at {self.place - 1} is no instruction")
            try:
                action(self)
            except (TypeError, ValueError, OverflowError, struct.error, RecursionError) as error:
                if isinstance(error, ModelError):
                    raise
                raise ModelError(f"the pickle is damaged at byte {self.place} ({error})") from error
        raise ModelError(f"the pickle has more than {MAX_OPCODES} instructions; a model has far fewer")

    # -- reading the program --------------------------------------------------------------------------------

    def take(self, count: int) -> bytes:
        if count < 0 or count > len(self.data) - self.place:
            raise ModelError(f"the pickle is cut off: {count} bytes are announced, {len(self.data) - self.place} left")
        self.place += count
        return self.data[self.place - count : self.place]

    def number(self, layout: str) -> Any:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def line(self, limit: int | None = None) -> bytes:
        end = self.data.find(b"\n", self.place)
        if end < 0:
            raise ModelError("the pickle is cut off in the middle of a line")
        if limit is not None and end - self.place > limit:
            raise ModelError(f"the pickle has a line of {end - self.place} characters where a number or name belongs")
        return self.take(end - self.place + 1)[:-1]

    # -- the stack ------------------------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise ModelError("the pickle is damaged: it takes a value that is not there")
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind) or self.stack[-1] is _MARK:
            raise ModelError(f"the pickle is damaged: a {kind.__name__} belongs at byte {self.place}")
        return self.stack[-1]

    def pop_mark(self) -> list[Any]:
        place = len(self.stack) - 1
        while place >= 0 and self.stack[place] is not _MARK:
            place -= 1
        if place < 0:
            raise ModelError("the pickle is damaged: a mark is missing")
        values = self.stack[place + 1 :]
        del self.stack[place:]
        return values

    def remember(self, key: int) -> None:
        if not self.stack or self.stack[-1] is _MARK:
            raise ModelError("the pickle is damaged: it remembers a value that is not there")
        self.memo[key] = self.stack[-1]

    def recall(self, key: int) -> None:
        if key not in self.memo:
            raise ModelError(f"the pickle is damaged: it recalls value {key}, which it never kept")
        self.push(self.memo[key])

    def spend(self, amount: int) -> None:
        self.budget -= amount
        if self.budget < 0:
            raise ModelError("the pickle copies the same bytes over and over; a model does not")

    # -- containers -----------------------------------------------------------------------------------------

    def append(self, values: list[Any]) -> None:
        holder = self.stack[-1] if self.stack else None
        if isinstance(holder, Record) and holder.kind == "list":
            raise ModelError("the pickle adds to a set it has made already")
        self.top(list).extend(values)

    def set_items(self, values: list[Any]) -> None:
        if len(values) % 2:
            raise ModelError("the pickle is damaged: a key has no value")
        holder = self.top(dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            # Keys of nested tuples could be hashed for ever; no model has any.
            if not isinstance(key, str | bytes | int | float | None):
                raise ModelError(f"a dictionary key is a {type(key).__name__}; only text and numbers are read")
            holder[key] = value

    def new_dict(self, values: list[Any]) -> None:
        self.push({})
        self.set_items(values)

    # -- names and what they make ---------------------------------------------------------------------------

    def name(self, module: Any, name: Any) -> Name:
        if not isinstance(module, str) or not isinstance(name, str):
            raise ModelError("the pickle asks for a name that is no text")
        kind = ALLOWED.get((module, name))
        if kind is None:
            raise ModelError(
                f"this file asks for {module[:100]}.{name[:100]}; a model file holds only arrays, sparse matrices and "
                "chumpy values, so it was not opened and nothing in it was run"
            )
        return Name(module, name, kind)

    def call(self, function: Any, arguments: Any) -> Any:
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise ModelError("the pickle calls something that is not a name")
        kind = function.kind
        if kind == "encode":
            return self.encode(arguments)
        if kind in ("reconstructor", "newobj"):
            return self.make(arguments[0] if arguments else None, ())
        if kind == "dict":
            holder: dict[Any, Any] = {}
            pairs = arguments[0] if arguments else []
            if not isinstance(pairs, list | tuple) or any(not isinstance(p, list | tuple) for p in pairs):
                raise ModelError("an OrderedDict is not made of pairs")
            self.spend(16 * len(pairs))
            self.push(holder)
            for pair in pairs:
                self.set_items(list(pair[:3]))
            return self.stack.pop()
        if kind == "list":
            values = arguments[0] if arguments else []
            if not isinstance(values, list | tuple):
                raise ModelError("a set is not made of a list")
            self.spend(8 * len(values))
            return list(values)
        if kind == "bytes":
            return self.encode(arguments) if arguments else b""
        return Record(kind, arguments)

    def make(self, cls: Any, arguments: Any) -> Any:
        if not isinstance(cls, Name):
            raise ModelError("the pickle makes an object of something that is not a name")
        if cls.kind in ("dict", "list"):
            return {} if cls.kind == "dict" else []
        if cls.kind in _SPARSE or cls.kind.startswith("chumpy."):
            return Record(cls.kind)
        raise ModelError(f"this file makes an object of {cls.module}.{cls.name} in a way that is not known")

    def encode(self, arguments: tuple[Any, ...]) -> bytes:
        text = arguments[0] if arguments else None
        if not isinstance(text, str | bytes):
            raise ModelError("the pickle makes bytes of something that is no text")
        self.spend(len(text))
        return text if isinstance(text, bytes) else text.encode("latin1")

    def build(self) -> None:
        state = self.pop()
        holder = self.stack[-1] if self.stack else None
        if isinstance(holder, dict) and isinstance(state, dict):
            return  # attributes of an OrderedDict; its items come by themselves
        if not isinstance(holder, Record) or holder is _MARK:
            raise ModelError("the pickle sets the state of something that has none")
        holder.state = state

    def global_text(self) -> None:
        module, name = self.line(1000).decode(), self.line(1000).decode()
        self.push(self.name(module, name))

    def reduce(self) -> None:
        arguments = self.pop()
        self.push(self.call(self.pop(), arguments))

    def stack_global(self) -> None:
        name = self.pop()
        self.push(self.name(self.pop(), name))

    def inst(self) -> None:
        module, name = self.line(1000).decode(), self.line(1000).decode()
        self.pop_mark()
        self.push(self.make(self.name(module, name), ()))

    def obj(self) -> None:
        values = self.pop_mark()
        self.push(self.make(values[0] if values else None, ()))

    def new_object(self) -> None:
        arguments = self.pop()
        self.push(self.make(self.pop(), arguments))

    def new_object_ex(self) -> None:
        self.pop()
        self.new_object()

    # -- plain values ---------------------------------------------------------------------------------------

    def int_text(self) -> None:
        text = self.line(80)
        self.push({b"00": False, b"01": True}[text] if text in (b"00", b"01") else int(text))

    def long_text(self) -> None:
        self.push(int(self.line(80).rstrip(b"L")))

    def long_bytes(self, count: int) -> None:
        if count > 64:
            raise ModelError(f"the pickle holds a whole number of {count} bytes")
        self.push(int.from_bytes(self.take(count), "little", signed=True))

    def string_text(self) -> None:
        text = self.line().strip()
        if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in b"'\"":
            raise ModelError("the pickle is damaged: a text lacks its quotes")
        self.push(codecs.escape_decode(text[1:-1])[0].decode("latin1"))  # type: ignore[attr-defined]

    def unicode_text(self) -> None:
        self.push(self.line().decode("raw-unicode-escape"))

    def utf8(self, count: int) -> None:
        self.push(self.take(count).decode("utf-8", "surrogatepass"))

    def proto(self) -> None:
        version = self.number("<B")
        if version > 5:
            raise ModelError(f"the pickle is of protocol {version}; 0 to 5 are read")

    def refuse(self, what: str) -> None:
        raise ModelError(f"this file uses {what}, which a model never needs; it was not opened")


def _actions() -> dict[int, Callable[[_Machine], Any]]:
    """Opcode -> what the machine does. Grouped as in the documentation of `pickletools`."""
    table: dict[str, Callable[[_Machine], Any]] = {
        # plain values
        "N": lambda m: m.push(None), "\x88": lambda m: m.push(True), "\x89": lambda m: m.push(False),
        "I": _Machine.int_text, "L": _Machine.long_text,
        "J": lambda m: m.push(m.number("<i")), "K": lambda m: m.push(m.number("<B")),
        "M": lambda m: m.push(m.number("<H")),
        "\x8a": lambda m: m.long_bytes(m.number("<B")), "\x8b": lambda m: m.long_bytes(m.number("<I")),
        "F": lambda m: m.push(float(m.line(80))), "G": lambda m: m.push(m.number(">d")),
        # text and bytes; a Python 2 text is latin1, whatever was in it
        "S": _Machine.string_text, "V": _Machine.unicode_text,
        "T": lambda m: m.push(m.take(m.number("<i")).decode("latin1")),
        "U": lambda m: m.push(m.take(m.number("<B")).decode("latin1")),
        "X": lambda m: m.utf8(m.number("<I")), "\x8c": lambda m: m.utf8(m.number("<B")),
        "\x8d": lambda m: m.utf8(m.number("<Q")),
        "B": lambda m: m.push(m.take(m.number("<I"))), "C": lambda m: m.push(m.take(m.number("<B"))),
        "\x8e": lambda m: m.push(m.take(m.number("<Q"))), "\x96": lambda m: m.push(m.take(m.number("<Q"))),
        # containers; a set is kept as a list
        "(": lambda m: m.push(_MARK), ")": lambda m: m.push(()), "]": lambda m: m.push([]), "}": lambda m: m.push({}),
        "\x8f": lambda m: m.push([]), "t": lambda m: m.push(tuple(m.pop_mark())), "l": lambda m: m.push(m.pop_mark()),
        "\x91": lambda m: m.push(m.pop_mark()), "d": lambda m: m.new_dict(m.pop_mark()),
        "\x85": lambda m: m.push((m.pop(),)),
        "\x86": lambda m: m.push((m.pop(), m.pop())[::-1]), "\x87": lambda m: m.push((m.pop(), m.pop(), m.pop())[::-1]),
        "a": lambda m: m.append([m.pop()]), "e": lambda m: m.append(m.pop_mark()),
        "\x90": lambda m: m.append(m.pop_mark()),
        "s": lambda m: m.set_items([m.pop(), m.pop()][::-1]), "u": lambda m: m.set_items(m.pop_mark()),
        # the stack and the memo
        "0": lambda m: m.stack.pop() if m.stack else m.pop(), "1": _Machine.pop_mark,
        "2": lambda m: m.push(m.top(object)),
        "p": lambda m: m.remember(int(m.line(20))), "q": lambda m: m.remember(m.number("<B")),
        "r": lambda m: m.remember(m.number("<I")), "\x94": lambda m: m.remember(len(m.memo)),
        "g": lambda m: m.recall(int(m.line(20))), "h": lambda m: m.recall(m.number("<B")),
        "j": lambda m: m.recall(m.number("<I")),
        # names and objects
        "c": _Machine.global_text, "\x93": _Machine.stack_global, "R": _Machine.reduce, "b": _Machine.build,
        "i": _Machine.inst, "o": _Machine.obj, "\x81": _Machine.new_object, "\x92": _Machine.new_object_ex,
        # framing, and what is refused
        "\x80": _Machine.proto, "\x95": lambda m: m.number("<Q"),
        "P": lambda m: m.refuse("a persistent id"), "Q": lambda m: m.refuse("a persistent id"),
        "\x82": lambda m: m.refuse("an extension code"), "\x83": lambda m: m.refuse("an extension code"),
        "\x84": lambda m: m.refuse("an extension code"), "\x97": lambda m: m.refuse("an out-of-band buffer"),
        "\x98": lambda m: None,
    }  # fmt: skip
    return {ord(code): action for code, action in table.items()}


_ACTIONS = _actions()
