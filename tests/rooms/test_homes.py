"""Rendezvous hashing: where a project lives, and what moves when gateways come and go."""

from collections import Counter

from rooms.homes import home
from schemas.ids import new_id

PROJECTS = [str(new_id()) for _ in range(2_000)]
GATEWAYS = [f"gateway-{n}" for n in range(1, 6)]


def test_every_project_has_one_home_whatever_the_order() -> None:
    """All gateways, each with its own view of the list, choose the same."""
    for project in PROJECTS[:100]:
        assert home(project, GATEWAYS) == home(project, reversed(GATEWAYS))
    assert home(PROJECTS[0], []) is None


def test_homes_are_spread() -> None:
    """No gateway has twice its share."""
    share = Counter(home(project, GATEWAYS) for project in PROJECTS)
    assert max(share.values()) < 2 * len(PROJECTS) / len(GATEWAYS)


def test_only_the_rooms_of_a_gateway_that_left_move() -> None:
    """When one goes, the others keep all they had."""
    left = GATEWAYS[:-1]
    for project in PROJECTS:
        before = home(project, GATEWAYS)
        if before in left:
            assert home(project, left) == before
