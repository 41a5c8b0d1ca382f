"""The REST side of the real processes: several gateways, one database."""

from tests.conftest import MakeStack
from tests.support.stack import Stack
from tests.support.waiting import wait_for


def test_gateways_are_one_server(stack: Stack) -> None:
    """What one gateway gave out, the others accept: accounts, projects and room tokens."""
    token = stack.guest(gateway=0)
    project = stack.project(token, gateway=1)
    room = stack.room_token(token, project, "commenter", gateway=0)
    assert room.role == "commenter"
    assert room.url in stack.ws_urls


def test_killed_database_costs_a_moment(own_stack: MakeStack) -> None:
    """After kill -9 of PostgreSQL, requests fail with 503 at worst, and everything given out before is good."""
    stack = own_stack(gateways=1, workers=1)
    token = stack.guest()
    project = stack.project(token)
    old = stack.kill("postgres")
    seen = set()

    def served() -> bool:
        status = stack.call(f"/api/projects/{project}/token", token=token, method="POST").status
        seen.add(status)
        return status == 200 and stack.status().get("postgres") not in (None, old)

    wait_for(served, "room tokens again", within=60.0)
    assert seen <= {200, 503}
