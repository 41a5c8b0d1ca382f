"""Roles of a project's members, in order. Used by rows, by tokens and by every check of who may."""

from enum import Enum
from functools import total_ordering
from typing import Final


@total_ordering
class Role(Enum):
    """What a member may do; each role may do all that the lower ones may. `Role.VIEWER < Role.OWNER`."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    COMMENTER = "commenter"
    VIEWER = "viewer"

    @property
    def may_write(self) -> bool:
        """Whether this role may change documents."""
        return self >= Role.EDITOR

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Role):
            return NotImplemented
        return _RANK[self] < _RANK[other]


_RANK: Final = {
    role: rank for rank, role in enumerate((Role.VIEWER, Role.COMMENTER, Role.EDITOR, Role.ADMIN, Role.OWNER))
}
