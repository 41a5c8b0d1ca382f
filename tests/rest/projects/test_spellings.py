"""camelCase in bodies (gateway/spellings.py): pure."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from gateway.bodies import BadBody, decode


class Inner(Struct, forbid_unknown_fields=True):
    user_id: int


class Outer(Struct, forbid_unknown_fields=True):
    is_public: bool = False
    all_of_them: list[Inner] = []
    one_of_them: Inner | None = None
    by_name: dict[str, Inner] = {}
    free_form: dict[str, Any] = {}


def refused(raw: bytes) -> list[tuple[str, str]]:
    with pytest.raises(BadBody) as caught:
        decode(raw, Outer)
    assert caught.value.status == 422
    return [(error.pointer, error.detail) for error in caught.value.errors]


def test_both_spellings_are_taken() -> None:
    """A field in camelCase is the same as in snake_case, at every depth; keys that are data stay."""
    raw = b'{"isPublic":true,"allOfThem":[{"userId":1},{"user_id":2}],"oneOfThem":{"userId":3},'
    raw += b'"byName":{"aB":{"userId":4}},"freeForm":{"isPublic":{"userId":5}}}'
    found = decode(raw, Outer)
    assert found == Outer(
        True, [Inner(1), Inner(2)], Inner(3), by_name={"aB": Inner(4)}, free_form={"isPublic": {"userId": 5}}
    )


@pytest.mark.parametrize(
    ("raw", "pointer", "detail"),
    [
        (b'{"isPublic":1}', "/isPublic", "Expected `bool`, got `int`"),
        (b'{"allOfThem":[{"userId":1},{"userId":"x"}]}', "/allOfThem/1/userId", "Expected `int`, got `str`"),
        (b'{"allOfThem":[{"userid":1}]}', "/allOfThem/0/userid", "Object contains unknown field `userid`"),
        (b'{"IsPublic":true}', "/IsPublic", "Object contains unknown field `IsPublic`"),
        (b'{"isPublic":true,"one_of_them":{"user_Id":1}}', "/one_of_them/user_Id", "Object contains unknown field"),
        (b'{"isPublic":true,"oneOfThem":{}}', "/oneOfThem/user_id", "Object missing required field `user_id`"),
    ],
)
def test_errors_point_at_what_was_written(raw: bytes, pointer: str, detail: str) -> None:
    """An error names the field as the client wrote it."""
    [(where, what)] = refused(raw)
    assert where == pointer
    assert what.startswith(detail)


@pytest.mark.parametrize("raw", [b'{"isPublic":true,"is_public":true}', b'{"is_public":false,"isPublic":true}'])
def test_both_at_once_are_refused(raw: bytes) -> None:
    """A field in both spellings is refused, in either order."""
    assert refused(raw) == [("/isPublic", "given in two spellings")]


@given(st.dictionaries(st.text(max_size=8), st.recursive(st.none() | st.text(max_size=3), st.lists, max_leaves=5)))
def test_only_refusals(body: dict[str, Any]) -> None:
    """Whatever the keys are, the answer is a struct or a refusal."""
    try:
        decode(msgspec.json.encode(body | {"isPublic": True}), Outer)
    except BadBody as refusal:
        assert refusal.status == 422
