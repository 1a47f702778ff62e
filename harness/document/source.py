"""YAML text as plain data whose every part knows its line.

The dialect is the safe core of YAML 1.2: `null`, `true`, `false`, decimal
numbers and text. So `on`, `no` and `12:30` are texts, a key is always the text
that was written, and there are no tags that make objects and no merge keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml
from yaml import events

from harness.document.mistake import DocumentError, Mistake, Path, key_path

try:
    from yaml import CSafeLoader as _Parser
except ImportError:  # PyYAML built without libyaml: slower, the same events.
    from yaml import SafeLoader as _Parser  # type: ignore[assignment]

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
# What the document may weigh once its aliases are written out: 16 for each part,
# and one for each character. It stops small files that unfold to gigabytes.
MAX_WEIGHT = 16 * 1024 * 1024

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True)
class Node:
    """One part of a document: its plain value, where it starts (from 1), and its parts.

    `keys` has where each key of a mapping stands. `value` is shared, not copied.
    """

    value: Any
    line: int
    column: int
    parts: dict[str | int, Node] = field(default_factory=dict)
    keys: dict[str | int, tuple[int, int]] = field(default_factory=dict)
    weight: int = 16

    def find(self, path: Path) -> tuple[Node, int]:
        """The deepest part on `path` that is there, and how much of `path` leads to it."""
        node = self
        for depth, step in enumerate(path):
            if step not in node.parts:
                return node, depth
            node = node.parts[step]
        return node, len(path)

    def mark(self, path: Path, *, at_key: bool = False) -> tuple[int, int]:
        """Line and column of the value at `path`, or of the nearest part that is there.

        The key's place is given for a mapping or list under a key, or if asked for.
        """
        node, depth = self.find(path)
        if depth and (at_key or isinstance(node.value, dict | list)):
            parent, _ = self.find(path[: depth - 1])
            return parent.keys.get(path[depth - 1], (node.line, node.column))
        return node.line, node.column


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    node: Node
    anchor: str | None
    key: tuple[str, tuple[int, int]] | None = None
    skip: bool = False


class _UnreadableError(Exception):
    """Nothing more of the text can be read."""


def read_text(path: str | FilePath) -> str:
    """The UTF-8 text of a file.

    Raises DocumentError if there is none to be had.
    """
    name = str(path)
    try:
        with FilePath(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DocumentError([Mistake(name, None, None, "", f"cannot read: {reason}")]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) > MAX_BYTES:  # Cut inside a character, perhaps; `load` refuses the length.
            return data.decode("utf-8-sig", "replace")
        good = data[: error.start].decode("utf-8-sig")
        line, column = good.count("\n") + 1, len(good) - good.rfind("\n")
        message = f"not UTF-8: the byte 0x{data[error.start]:02x}"
        raise DocumentError([Mistake(name, line, column, "", message)]) from None


def load(text: str, name: str) -> tuple[Node, list[Mistake], set[tuple[str | int, ...]]]:
    """The document in `text`, what is wrong in it, and the paths that have no sound value.

    Raises DocumentError if there is no document: empty, not YAML, too big.
    """
    reader = _Reader(name)
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        reader.add(None, None, f"larger than {MAX_BYTES // 1024} KiB")
    elif bad := _CONTROL.search(text):
        before = text[: bad.start()]
        line, column = before.count("\n") + 1, bad.start() - before.rfind("\n")
        reader.add(line, column, f"the character U+{ord(bad[0]):04X} is not allowed")
    else:
        if root := reader.read(text):
            return root, reader.mistakes, reader.unsound
    raise DocumentError(reader.mistakes)


class _Reader:
    """Builds nodes from the parser's events, on a stack of its own: depth cannot exhaust it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mistakes: list[Mistake] = []
        self.unsound: set[tuple[str | int, ...]] = set()
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._root: Node | None = None

    def add(self, line: int | None, column: int | None, message: str, path: Path = ()) -> None:
        self.mistakes.append(Mistake(self.name, line, column, key_path(path), message))

    def read(self, text: str) -> Node | None:
        try:
            for event in _events(text):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            message = "not YAML: " + ", ".join(filter(None, (error.context, error.problem)))
            # Newer parsers give up on what nobody could read before it comes to our own limit.
            if "maximum nesting depth" in message:
                message = f"nested deeper than {MAX_DEPTH}"
            self.add(*_position(text, error.problem_mark, error.context_mark), message)
            return None
        except yaml.YAMLError as error:
            self.add(None, None, f"not YAML: {error}")
            return None
        except _UnreadableError:
            return None
        root = self._root
        if root is None or (root.value is None and not root.parts and not text.strip("-. \n\r")):
            self.add(1, 1, "empty: expected a mapping")
            return None
        return root

    def _take(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        match event:
            case events.ScalarEvent():
                if not self._at_key(event, line, column):
                    weight = 16 + len(event.value)
                    value = self._scalar(event, line, column)
                    self._put(Node(value, line, column, weight=weight), event.anchor)
            case events.MappingStartEvent():
                self._start(event, Node({}, line, column), "map")
            case events.SequenceStartEvent():
                self._start(event, Node([], line, column), "seq")
            case events.MappingEndEvent() | events.SequenceEndEvent():
                done = self._open.pop()
                self._put(done.node, done.anchor)
            case events.AliasEvent():
                self._alias(str(event.anchor), line, column)
            case events.DocumentStartEvent() if self._root is not None:
                self.add(line, column, "a second document; expected one")
                raise _UnreadableError

    def _start(self, event: Any, node: Node, tag: str) -> None:
        self._refuse_as_key(node.line, node.column)
        if event.tag not in (None, "!", _TAG + tag):
            self._refuse_tag(event.tag, node.line, node.column)
        if len(self._open) >= MAX_DEPTH:
            self.add(node.line, node.column, f"nested deeper than {MAX_DEPTH}")
            raise _UnreadableError
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(node, event.anchor))

    def _alias(self, anchor: str, line: int, column: int) -> None:
        self._refuse_as_key(line, column)
        known = self._anchors.get(anchor)
        if known is None:
            inside = anchor in self._anchors
            what = "stands inside what it names" if inside else "names no anchor"
            self.add(line, column, f"the alias *{anchor} {what}", self._path())
            raise _UnreadableError
        # The place of use is the place to report; the parts stand where they were written.
        self._put(Node(known.value, line, column, known.parts, known.keys, known.weight), None)

    def _at_key(self, event: Any, line: int, column: int) -> bool:
        """Takes a scalar that stands where a key is due; False if none is due."""
        if not self._key_due():
            return False
        top, key = self._open[-1], str(event.value)
        path = (*self._path(), key)
        if event.tag not in (None, "!", _TAG + "str"):
            self._refuse_tag(event.tag, line, column)
        if key == "<<" and event.implicit[0]:
            self.add(line, column, "merge keys are not supported; write the keys out", path)
            top.skip = True
        elif first := top.node.keys.get(key):
            self.add(line, column, f"duplicate key {key!r}, first on line {first[0]}", path)
            top.skip = True
        if event.anchor:
            self._anchors[event.anchor] = Node(key, line, column, weight=16 + len(key))
        top.key = (key, (line, column))
        return True

    def _key_due(self) -> bool:
        top = self._open[-1] if self._open else None
        return top is not None and isinstance(top.node.value, dict) and top.key is None

    def _refuse_as_key(self, line: int, column: int) -> None:
        if self._key_due():
            self.add(line, column, "a key must be a plain text", self._path())
            raise _UnreadableError

    def _refuse_tag(self, tag: str, line: int, column: int) -> None:
        path = self._path()
        short = tag.replace(_TAG, "!!")
        self.add(line, column, f"the tag {short} is not supported", path)
        self.unsound.add(path)

    def _scalar(self, event: Any, line: int, column: int) -> Any:
        text, tag = str(event.value), event.tag
        if tag is None and event.implicit[0]:
            try:
                return _plain(text)
            except ValueError as error:
                self.add(line, column, str(error), self._path())
                self.unsound.add(self._path())
                return None
        if tag not in (None, "!", _TAG + "str"):
            self._refuse_tag(tag, line, column)
            return None
        return text

    def _put(self, node: Node, anchor: str | None) -> None:
        """Puts a finished node where it belongs."""
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        parent = top.node
        parent.weight += node.weight
        if parent.weight > MAX_WEIGHT:
            self.add(node.line, node.column, "too large once its aliases are written out")
            raise _UnreadableError
        if isinstance(parent.value, list):
            parent.parts[len(parent.value)] = node
            parent.value.append(node.value)
        elif top.key is not None:
            key, mark = top.key
            if not top.skip:
                parent.value[key] = node.value
                parent.parts[key] = node
                parent.keys[key] = mark
            top.key, top.skip = None, False

    def _path(self) -> tuple[str | int, ...]:
        path: list[str | int] = []
        for level in self._open:
            if isinstance(level.node.value, list):
                path.append(len(level.node.value))
            elif level.key is not None:
                path.append(level.key[0])
        return tuple(path)


def _position(text: str, *marks: yaml.Mark | None) -> tuple[int, int]:
    """Line and column of the first of `marks` that is not at the end of the text, or that end.

    What is missing at the end is better looked for where it began.
    """
    *_, last = lines = text.rstrip().split("\n")
    for mark in marks:
        if mark is not None and mark.line < len(lines):
            return mark.line + 1, mark.column + 1
    return len(lines), len(last) + 1


def _events(text: str) -> Iterator[Any]:
    parser = _Parser(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


def _plain(text: str) -> Any:
    """An unquoted scalar by the core rules; a number with leading zeros stays text.

    Raises ValueError for a number that no reader would keep exactly.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) <= 64 and _FLOAT.fullmatch(text):
        if not any(mark in text for mark in ".eE") or not math.isfinite(number := float(text)):
            raise ValueError(f"the number {text} is too large; write it in quotes if it is a text")
        return number
    return text
