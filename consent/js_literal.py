"""What a piece of JavaScript says outright: its literals, read from the syntax tree, never run.

For configuration files of other tools, which are JavaScript more often than JSON. A function, a
variable of elsewhere or a computed value becomes UNKNOWN; nothing is looked up, fetched or called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

LONGEST = 1_000_000  # bytes of one file
DEEPEST = 60  # levels of objects and lists


class Unknown(Enum):
    """The value of whatever would have to be run to be known."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True)
class Pattern:
    """A regular expression as it is written; nobody matches with it here."""

    source: str
    flags: str = ""


Value = None | bool | int | float | str | Pattern | Unknown | list["Value"] | dict[str, "Value"]


@dataclass
class Said:
    """What a script says: `names` holds `a` of `a = …` and `window.a` of `window.a = …`."""

    names: dict[str, Value] = field(default_factory=dict)
    calls: list[tuple[str, list[Value]]] = field(default_factory=list)
    exported: Value = UNKNOWN
    alone: Value = UNKNOWN  # where the whole text is one object or list, as in JSON


def read(text: str) -> Said:
    """Everything `text` says; raises ValueError for what is not JavaScript, or too much of it."""
    data = text.removeprefix("\ufeff").strip()
    bare = data[:1] in ("{", "[")
    source = f"({data})".encode() if bare else data.encode()
    if len(source) > LONGEST:
        raise ValueError(f"More than {LONGEST:,} bytes.")
    tree = Parser(Language(tree_sitter_javascript.language())).parse(source)
    if tree.root_node.has_error:
        raise ValueError(f"Line {_line_of_error(tree.root_node)} is not JavaScript or JSON.")
    return _Reader().script(tree.root_node, bare)


def _line_of_error(root: Node) -> int:
    for node in _all(root):
        if node.is_error or node.is_missing:
            return node.start_point[0] + 1
    return 1


def _all(root: Node) -> Iterator[Node]:
    """The nodes in the order of the text, without recursion: nesting is the writer's choice."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def _text(node: Node | None) -> str:
    return (node.text or b"").decode() if node else ""


class _Reader:
    """Knows the names seen so far, so that `const c = {…}; run(c)` reads as `run({…})`."""

    def __init__(self) -> None:
        self.said = Said()

    def script(self, root: Node, bare: bool) -> Said:
        said = self.said
        for node in _all(root):
            if node.type == "variable_declarator":
                self._name(_text(node.child_by_field_name("name")), node, "value")
            elif node.type == "assignment_expression":
                self._name(_text(node.child_by_field_name("left")), node, "right")
            elif node.type == "call_expression":
                self._call(node)
            elif node.type == "export_statement":
                value = node.child_by_field_name("value") or _last(node)
                said.exported = self.value(value, 0)
            elif bare and node.type == "parenthesized_expression" and said.alone is UNKNOWN:
                said.alone = self.value(_last(node), 0)
        return said

    def _name(self, name: str, node: Node, part: str) -> None:
        value = self.value(node.child_by_field_name(part), 0)
        if name and value is not UNKNOWN:
            self.said.names[name] = value

    def _call(self, node: Node) -> None:
        called = node.child_by_field_name("arguments")
        if called is not None and called.type == "arguments":
            values = [self.value(one, 0) for one in called.named_children]
            self.said.calls.append((_text(node.child_by_field_name("function")), values))

    def value(self, node: Node | None, depth: int) -> Value:
        if node is None:
            return UNKNOWN
        if depth > DEEPEST:
            raise ValueError(f"More than {DEEPEST} levels of objects.")
        kind = KINDS.get(node.type)
        return kind(self, node, depth) if kind else UNKNOWN

    def constant(self, node: Node, depth: int) -> Value:
        return {"true": True, "false": False}.get(node.type)

    def number(self, node: Node, depth: int) -> Value:
        text = _text(node).replace("_", "").lower().removesuffix("n")
        if len(text) > 40:
            return UNKNOWN
        try:
            return int(text, 0)
        except ValueError:
            try:
                return float(text)
            except ValueError:
                return UNKNOWN

    def string(self, node: Node, depth: int) -> Value:
        parts = []
        for part in node.named_children:
            if part.type == "escape_sequence":
                parts.append(_escape(_text(part)))
            elif part.type == "string_fragment":
                parts.append(_text(part))
            else:  # a template with ${…}
                return UNKNOWN
        return "".join(parts)

    def pattern(self, node: Node, depth: int) -> Value:
        flags = node.child_by_field_name("flags")
        return Pattern(_text(node.child_by_field_name("pattern")), _text(flags))

    def array(self, node: Node, depth: int) -> Value:
        found: list[Value] = []
        for one in node.named_children:
            if one.type == "spread_element":
                more = self.value(_last(one), depth + 1)
                found.extend(more if isinstance(more, list) else [])
            elif one.type != "comment":
                found.append(self.value(one, depth + 1))
        return found

    def object(self, node: Node, depth: int) -> Value:
        found: dict[str, Value] = {}
        for one in node.named_children:
            if one.type == "spread_element":
                more = self.value(_last(one), depth + 1)
                found.update(more if isinstance(more, dict) else {})
            elif one.type == "shorthand_property_identifier":
                found[_text(one)] = self.said.names.get(_text(one), UNKNOWN)
            elif one.type == "pair":
                key = self._key(one.child_by_field_name("key"), depth)
                if key is not None:
                    found[key] = self.value(one.child_by_field_name("value"), depth + 1)
        return found

    def _key(self, node: Node | None, depth: int) -> str | None:
        if node is None or node.type == "computed_property_name":
            return None
        value = self.string(node, depth) if node.type == "string" else _text(node)
        return value if isinstance(value, str) else None

    def known(self, node: Node, depth: int) -> Value:
        return self.said.names.get(_text(node), UNKNOWN)

    def inner(self, node: Node, depth: int) -> Value:
        return self.value(_last(node), depth + 1)

    def unary(self, node: Node, depth: int) -> Value:
        value = self.value(node.child_by_field_name("argument"), depth + 1)
        sign = _text(node.child_by_field_name("operator"))
        if sign == "-" and isinstance(value, (int, float)):
            return -value
        if sign == "!" and isinstance(value, (bool, int)):  # !0 and !1, as minifiers write
            return not value
        return None if sign == "void" else UNKNOWN

    def joined(self, node: Node, depth: int) -> Value:
        left = self.value(node.child_by_field_name("left"), depth + 1)
        right = self.value(node.child_by_field_name("right"), depth + 1)
        plus = _text(node.child_by_field_name("operator")) == "+"
        both = isinstance(left, str) and isinstance(right, str)
        return f"{left}{right}" if plus and both else UNKNOWN


KINDS: dict[str, Callable[[_Reader, Node, int], Value]] = {
    "true": _Reader.constant,
    "false": _Reader.constant,
    "null": _Reader.constant,
    "undefined": _Reader.constant,
    "number": _Reader.number,
    "string": _Reader.string,
    "template_string": _Reader.string,
    "regex": _Reader.pattern,
    "array": _Reader.array,
    "object": _Reader.object,
    "identifier": _Reader.known,
    "parenthesized_expression": _Reader.inner,
    "unary_expression": _Reader.unary,
    "binary_expression": _Reader.joined,
}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


def _last(node: Node) -> Node | None:
    named = [one for one in node.named_children if one.type != "comment"]
    return named[-1] if named else None


def _escape(text: str) -> str:
    """One escape sequence (ECMAScript 12.9.4) as its character; a broken one as it is written."""
    body = text[1:]
    if body[:1] in ("u", "x"):
        try:
            return chr(int(body[1:].strip("{}"), 16))
        except (ValueError, OverflowError):
            return text
    return "" if body in ("\n", "\r\n") else ESCAPES.get(body, body)
