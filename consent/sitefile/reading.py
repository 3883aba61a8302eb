"""A file taken apart: YAML without surprises, then the shape, then what no shape can say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from ..errors import Invalid
from ..saying import say
from ..wire import loaded
from .shape import SiteFile

MOST = 1024 * 1024  # characters of a file


class Plain(yaml.SafeLoader):
    """Without aliases, which can grow without end, and without the same key twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not taken")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        spelt = [repr(name) for name in names]
        if len(set(spelt)) != len(spelt):
            raise yaml.YAMLError(f"a mapping has the same key twice, line {node.start_mark.line}")
        return super().construct_mapping(node, deep=deep)


def read(text: str) -> dict[str, Any]:
    """What a file says; raises Invalid field_value, field_unknown, field_type with `fields`."""
    said = parsed(text)
    if not isinstance(said, dict) or not isinstance(said.get("key"), str):
        raise Invalid("field_value", "A mapping of settings, with the site's `key` among them.")
    return checked(said)


def parsed(text: str) -> Any:
    """What the YAML says, of whatever shape; raises Invalid."""
    if len(text) > MOST:
        raise Invalid("field_value", "The file is longer than a megabyte.")
    try:
        return yaml.load(text, Plain)  # noqa: S506 - a SafeLoader, made stricter
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Invalid(
            "field_value",
            say("This is not YAML: %(error)s", error=str(error)[:300]),
        ) from None


def piece(said: str | dict[str, Any]) -> dict[str, Any]:
    """A piece of a file that is for many sites: without a key. Raises as `read` does."""
    found = parsed(said) if isinstance(said, str) else said
    if not isinstance(found, dict) or "key" in found:
        raise Invalid("field_value", "A mapping of settings, without a site's `key`.")
    return {name: value for name, value in checked({**found, "key": "x"}).items() if name != "key"}


def checked(said: dict[str, Any]) -> dict[str, Any]:
    """The same of what was read already, as by the admin API."""
    found = loaded(SiteFile(), said)
    if wrong := dict(_repeated(found)):
        raise Invalid("field_value", "The file says the same thing twice.", fields=wrong)
    return found


def _repeated(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    keys = [one["key"] for one in said.get("inventory", {}).get("services", [])]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"inventory.services.{key}", "Named twice."
    urls = [one["url"] for one in said.get("webhooks", [])]
    for url in sorted({url for url in urls if urls.count(url) > 1}):
        yield f"webhooks.{url}", "Named twice."
