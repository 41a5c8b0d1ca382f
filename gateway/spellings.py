"""camelCase in bodies: `isPublic` is taken for `is_public`, wherever a struct has such a field.

Called by bodies.py only when a body has an unknown field, so that everybody else pays nothing. Keys that are data, such
as the paths in `files` or whatever is in `settings`, stay as they are.
"""

from functools import cache
from typing import Any

from msgspec import inspect

Steps = tuple[str, ...]


class WrittenTwice(Exception):
    """A field in both spellings; `steps` lead to the second one."""

    def __init__(self, steps: Steps) -> None:
        super().__init__("/".join(steps))
        self.steps = steps


def in_snake_case(value: Any, kind: type) -> tuple[Any, dict[Steps, str]]:
    """The decoded JSON with the names of `kind`, and for each renamed field its path there → what the client wrote.

    Raises WrittenTwice.
    """
    written: dict[Steps, str] = {}
    return _respell(value, _shape(kind), (), written), written


def as_written(steps: Steps, written: dict[Steps, str]) -> Steps:
    """A path in the names of the struct as a path in those of the client."""
    return tuple(written.get(steps[: depth + 1], step) for depth, step in enumerate(steps))


@cache
def _shape(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _respell(value: Any, shape: inspect.Type, steps: Steps, written: dict[Steps, str]) -> Any:
    match shape, value:
        case inspect.Metadata(type=inner), _:
            return _respell(value, inner, steps, written)
        case inspect.UnionType(types=types), dict() | list():
            wanted = inspect.ListType if isinstance(value, list) else (inspect.StructType, inspect.DictType)
            bare = [one.type if isinstance(one, inspect.Metadata) else one for one in types]
            found = [one for one in bare if isinstance(one, wanted)]
            return _respell(value, found[0], steps, written) if len(found) == 1 else value
        case inspect.StructType(fields=fields), dict():
            return _renamed(value, fields, steps, written)
        case inspect.DictType(value_type=inner), dict():
            return {key: _respell(item, inner, (*steps, key), written) for key, item in value.items()}
        case inspect.ListType(item_type=inner), list():
            return [_respell(item, inner, (*steps, str(at)), written) for at, item in enumerate(value)]
        case _:
            return value


def _renamed(
    value: dict[str, Any], fields: tuple[inspect.Field, ...], steps: Steps, written: dict[Steps, str]
) -> dict[str, Any]:
    shapes = {field.encode_name: field.type for field in fields}
    names = {_camel(name): name for name in shapes}
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = key if key in shapes else names.get(key, key)
        if name in result or (name != key and name in value):
            raise WrittenTwice((*steps, key))
        if name != key:
            written[*steps, name] = key
        shape = shapes.get(name)
        result[name] = item if shape is None else _respell(item, shape, (*steps, name), written)
    return result


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
