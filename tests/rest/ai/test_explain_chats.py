"""Every query of chats and their messages uses an index on filled tables; searching reads only what it must."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from schemas.ids import new_id
from store import chat_history, chat_messages, chat_search, chats
from store.chat_messages import NewMessage
from tests.rest.explain import Connection, Watched, ask_all, assert_indexed, filled_database

ADA, PROJECT, CHAT, OTHER, MESSAGE, ANSWER, STREAM = (new_id() for _ in range(7))
FIRST = ("9999-01-01", UUID(int=(1 << 128) - 1))
LARGE = [
    "users", "projects", "project_members", "chats", "chat_messages", "message_feedback", "streams", "chat_search",
    "happenings",
]  # fmt: skip
CHATS, PAIRS = 1_000, 10
FILL = """
    INSERT INTO users (id, display_name) SELECT gen_random_uuid(), 'Person ' || n FROM generate_series(1, 3000) AS n;
    INSERT INTO users (id, display_name) VALUES (:ada, 'Ada');
    INSERT INTO projects (id, owner_id, name) SELECT gen_random_uuid(), id, 'p' FROM users WHERE id <> :ada;
    INSERT INTO projects (id, owner_id, name) VALUES (:project, :ada, 'p');
    INSERT INTO project_members (project_id, user_id, role) SELECT id, owner_id, 'owner' FROM projects;
    INSERT INTO chats (id, user_id, project_id, title, model, updated_at)
        SELECT CASE n WHEN 1 THEN :chat WHEN 2 THEN :other ELSE gen_random_uuid() END, :ada,
               CASE WHEN n % 4 = 0 THEN :project END, 'plan ' || n, 'auto', now() - make_interval(mins => n)
        FROM generate_series(1, :chats) AS n;
    INSERT INTO chats (id, user_id, title, model)
        SELECT gen_random_uuid(), id, 'plan', 'auto' FROM users WHERE id <> :ada;
    CREATE TEMP TABLE said AS
        SELECT chats.id AS chat_id, chats.user_id, n, gen_random_uuid() AS question, gen_random_uuid() AS answer,
               gen_random_uuid() AS stream,
               row_number() OVER (ORDER BY chats.user_id = :ada DESC) AS place
        FROM chats, generate_series(1, :pairs) AS n;
    INSERT INTO streams (id, user_id, asked, log_begin, model, told)
        SELECT stream, user_id, '{}', 0, 'a/b', true FROM said;
    INSERT INTO chat_messages (id, chat_id, depth, role, user_id, content)
        SELECT question, chat_id, n * 2 - 1, 'user', user_id,
               'question q' || place || repeat(' how is it that the heron says so', 5)
        FROM said;
    INSERT INTO chat_messages (id, chat_id, parent_id, depth, role, user_id, stream_id)
        SELECT answer, chat_id, question, n * 2, 'assistant', user_id, stream FROM said;
    UPDATE streams SET status = 'done', ended_at = now(),
                       text = 'answer w' || place || repeat(' the heron said that it is so', 20)
        FROM said WHERE id = stream;
    INSERT INTO happenings (topic, kind, told, data)
        SELECT 'chat:' || chat_id, 'message.created', true, jsonb_build_object('chat_id', chat_id) FROM said
        UNION ALL SELECT 'user:' || user_id, 'chat.created', true, jsonb_build_object('chat_id', id) FROM chats;
    INSERT INTO message_feedback (message_id, user_id, rating) SELECT answer, user_id, 1 FROM said WHERE n = 1;
    INSERT INTO streams (id, user_id, asked, log_begin) VALUES (:stream, :ada, '{}', 0);
    INSERT INTO chat_messages (id, chat_id, depth, role, user_id, content, client_msg_id)
        VALUES (:message, :chat, 1, 'user', :ada, 'hello', 'mine');
    INSERT INTO chat_messages (id, chat_id, parent_id, depth, role, user_id, stream_id)
        VALUES (:answer, :chat, :message, 2, 'assistant', :ada, :stream);
"""


@pytest.fixture(scope="module")
def filled(server: str) -> Iterator[str]:
    """80,000 messages: Ada has 1,000 chats of 20, and 3,000 others one each."""
    ids = {"ada": ADA, "project": PROJECT, "chat": CHAT, "other": OTHER, "message": MESSAGE, "answer": ANSWER}
    with filled_database(server, FILL, **ids, stream=STREAM, chats=CHATS, pairs=PAIRS) as url:
        yield url


async def test_chats(watched: Watched, connection: Connection) -> None:
    """store/chats.py."""
    await ask_all(
        chats,
        {
            "add_chat": lambda: chats.add_chat(watched, new_id(), ADA, PROJECT, "x", "auto"),
            "find_chat": lambda: chats.find_chat(watched, CHAT),
            "lock_chat": lambda: chats.lock_chat(watched, CHAT),
            "set_chat": lambda: chats.set_chat(watched, CHAT, "y", "auto"),
            "grow_chat": lambda: chats.grow_chat(watched, CHAT, 2),
            "remove_chat": lambda: chats.remove_chat(watched, OTHER),
            "list_chats": lambda: chats.list_chats(watched, ADA, None, FIRST, 51),
        },
    )
    await chats.list_chats(watched, ADA, PROJECT, FIRST, 51)
    assert_indexed(connection, watched, LARGE)


async def test_forgetting(watched: Watched, connection: Connection) -> None:
    """What a trigger does when a chat is deleted (0029_forgotten_chats.sql)."""
    await watched.execute("DELETE FROM happenings WHERE topic = %(topic)s", {"topic": f"chat:{CHAT}"})
    titles = """
        UPDATE happenings SET data = data - 'title'
        WHERE data ->> 'chat_id' = %(chat)s AND kind LIKE 'chat.%%' AND topic NOT LIKE 'chat:%%'
    """
    await watched.execute(titles, {"chat": str(CHAT)})
    assert_indexed(connection, watched, LARGE)


@pytest.mark.parametrize("project", [None, PROJECT], ids=["own", "of a project"])
async def test_searching(watched: Watched, connection: Connection, project: UUID | None) -> None:
    """store/chat_search.py: what many have and what few or none have; it took longer than a statement may."""
    found = {
        q: len(await chat_search.search_chats(watched, ADA, project, q, FIRST, 51))
        for q in ("heron", "w7777", "q7777", "plan 77", "zebra", "heron zebra", "?!")
    }
    assert found["heron"] == 51
    assert found["zebra"] == found["heron zebra"] == found["?!"] == 0
    if project is None:
        assert (found["w7777"], found["q7777"]) == (1, 1)
        assert found["plan 77"] == 11
    assert_indexed(connection, watched, LARGE)


async def test_messages(watched: Watched, connection: Connection) -> None:
    """store/chat_messages.py, and chat_history.py, which asks with it."""
    new = NewMessage(id=new_id(), chat_id=CHAT, parent_id=ANSWER, depth=3, user_id=ADA, content="x")
    await ask_all(
        chat_messages,
        {
            "add_message": lambda: chat_messages.add_message(watched, new),
            "find_message": lambda: chat_messages.find_message(watched, CHAT, MESSAGE, ADA),
            "find_latest": lambda: chat_messages.find_latest(watched, CHAT, ADA),
            "find_by_client": lambda: chat_messages.find_by_client(watched, CHAT, ADA, "mine"),
            "find_first_answer": lambda: chat_messages.find_first_answer(watched, MESSAGE, ADA),
            "find_pictures": lambda: chat_messages.find_pictures(watched, MESSAGE),
            "list_messages": lambda: chat_messages.list_messages(watched, CHAT, ADA, 1 << 62, 51),
            "list_path": lambda: chat_messages.list_path(watched, new.id, 200),
            "list_running": lambda: chat_messages.list_running(watched, CHAT, 10),
            "set_feedback": lambda: chat_messages.set_feedback(watched, ANSWER, ADA, 1, ""),
            "remove_feedback": lambda: chat_messages.remove_feedback(watched, ANSWER, ADA),
        },
    )
    await ask_all(chat_history, {"history": lambda: chat_history.history(watched, new.id)})
    assert_indexed(connection, watched, LARGE)
