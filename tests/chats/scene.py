"""A chat of a project with two people at two gateways, for the tests of the live side."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.auth.tokens import Tokens
from gateway.launch.home import Home
from schemas.ids import new_id
from tests.chats.conftest import Connection
from tests.chats.people import Chatter
from tests.rest.people import Scene
from tests.support.stack import Stack


@dataclass
class Room:
    """A chat of a project: its owner at the first gateway, a commenter at the second."""

    project: str
    chat: str
    owner: Chatter
    other: Chatter
    other_id: str
    other_session: str


async def make_room(stack: Stack, connection: Connection, made: Callable[[str], Scene]) -> Room:
    """In a public project of its own."""
    scene = made("owner")
    user, session = new_id(), new_id()
    connection.execute("INSERT INTO users (id, display_name) VALUES (%s, 'Other')", (user,))
    connection.execute(
        "INSERT INTO sessions (id, user_id, kind, expires_at) VALUES (%s, %s, 'login', now() + interval '1 hour')",
        (session, user),
    )
    connection.execute(
        "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'commenter')", (scene.project, user)
    )
    token = Tokens(Home(stack.home).secret()).sign_access(user, session)[0]
    owner, other = Chatter(stack.urls[0], scene.person.token), Chatter(stack.urls[1], token)
    chat = await owner.chat(project_id=str(scene.project), title="Plan")
    return Room(str(scene.project), chat["id"], owner, other, str(user), str(session))
