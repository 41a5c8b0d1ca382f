"""Every query of accounts uses an index on filled tables."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from schemas.ids import new_id
from store import departures, identities, one_time, platform_tokens, sessions, users, users_admin
from store.postgres import open_pool
from store.sessions import Device
from store.users import NewUser, Profile
from store.users_admin import LATEST, UserFilter
from tests.rest.explain import Watched, ask_all, assert_indexed, filled_database

LARGE = [
    "users", "sessions", "identities", "one_time_tokens", "project_members", "projects", "project_invites",
    "happenings", "notifications", "repeats",
]  # fmt: skip
ADA, GUEST, SESSION, TOKEN = new_id(), new_id(), new_id(), new_id()
FILL = """
    INSERT INTO users (id, display_name, is_guest, tier, username, email, role)
        SELECT gen_random_uuid(), 'Person ' || n, n % 2 = 0, CASE WHEN n % 2 = 0 THEN 'guest' ELSE 'free' END,
               CASE WHEN n % 2 = 1 THEN 'name' || n END, CASE WHEN n % 2 = 1 THEN 'p' || n || '@x.example' END,
               CASE WHEN n % 10000 = 1 THEN 'admin' ELSE 'user' END
        FROM generate_series(1, 40000) AS n;
    INSERT INTO users (id, display_name, username, email) VALUES (:ada, 'Ada', 'ada', 'ada@x.example');
    INSERT INTO users (id, display_name, is_guest, tier) VALUES (:guest, 'Guest', true, 'guest');
    INSERT INTO sessions (id, user_id, expires_at)
        SELECT gen_random_uuid(), id, now() + interval '1 day' FROM users, generate_series(1, 2);
    INSERT INTO sessions (id, user_id, expires_at) VALUES (:session, :ada, now() + interval '1 day');
    INSERT INTO identities (id, user_id, provider, provider_user_id)
        SELECT gen_random_uuid(), id, 'github', id::text FROM users;
    INSERT INTO one_time_tokens (token_hash, purpose, user_id, expires_at)
        SELECT uuid_send(gen_random_uuid()), 'verify_email', id, now() + interval '1 day' FROM users;
    INSERT INTO projects (id, owner_id, name) SELECT gen_random_uuid(), id, 'P' FROM users LIMIT 20000;
    INSERT INTO project_members (project_id, user_id, role) SELECT id, owner_id, 'owner' FROM projects;
    INSERT INTO project_invites (id, project_id, token_hash, role, expires_at, email, accepted_by)
        SELECT gen_random_uuid(), id, uuid_send(gen_random_uuid()), 'viewer', now(), id || '@x.example', owner_id
        FROM projects;
    INSERT INTO happenings (topic, kind, told) SELECT 'user:' || id, 'notification', true FROM users;
    INSERT INTO notifications (id, user_id, kind) SELECT gen_random_uuid(), id, 'x' FROM users;
    INSERT INTO repeats (subject, key, fingerprint) SELECT id, 'x', '' FROM users;
"""


@pytest.fixture(scope="module")
def filled(server: str) -> Iterator[str]:
    """A database with 40,000 users and twice as many sessions."""
    with filled_database(server, FILL, ada=ADA, guest=GUEST, session=SESSION) as url:
        yield url


async def test_sessions_and_tokens(filled: str) -> None:
    """store/sessions.py, platform_tokens.py, one_time.py, identities.py."""
    async with open_pool(filled) as postgres:
        db = Watched(postgres)
        end = datetime.now(UTC) + timedelta(days=1)
        await ask_all(
            sessions,
            {
                "find_session": lambda: sessions.find_session(db, SESSION),
                "find_sessions": lambda: sessions.find_sessions(db, [SESSION]),
                "add_login": lambda: sessions.add_login(db, new_id(), ADA, 60, Device("::1", "x")),
                "find_refresh": lambda: sessions.find_refresh(db, SESSION),
                "lock_refresh": lambda: sessions.lock_refresh(db, SESSION),
                "advance_refresh": lambda: sessions.advance_refresh(db, SESSION, 1, 0, 60, 60, "::1"),
                "note_seen": lambda: sessions.note_seen(db, SESSION, 1),
                "list_logins": lambda: sessions.list_logins(db, ADA, 50),
                "is_fresh": lambda: sessions.is_fresh(db, SESSION, 600),
                "end_session": lambda: sessions.end_session(db, ADA, new_id(), "login", "x"),
                "end_login": lambda: sessions.end_login(db, new_id(), "x", guests_too=True),
                "end_sessions": lambda: sessions.end_sessions(db, GUEST, "x", but=new_id()),
                "remove_old": lambda: sessions.remove_old(db, 30, 1_000),
                "end_oldest": lambda: sessions.end_oldest(db, ADA, 50, "x"),
            },
        )
        await ask_all(
            platform_tokens,
            {
                "add_token": lambda: platform_tokens.add_token(db, TOKEN, ADA, "x", ["read"], b"x", end, 100),
                "list_tokens": lambda: platform_tokens.list_tokens(db, ADA, LATEST, 51),
            },
        )
        await ask_all(
            one_time,
            {
                "add_one_time": lambda: one_time.add_one_time(db, b"x", "verify_email", ADA, {}, 60),
                "take_one_time": lambda: one_time.take_one_time(db, b"x", "verify_email"),
                "drop_one_time": lambda: one_time.drop_one_time(db, ADA),
            },
        )
        await ask_all(
            identities,
            {
                "find_identity": lambda: identities.find_identity(db, "github", "x"),
                "add_identity": lambda: identities.add_identity(db, new_id(), ADA, "github", "x", "x"),
                "remove_identities": lambda: identities.remove_identities(db, ADA),
            },
        )
    with psycopg.connect(filled, autocommit=True) as connection:
        assert_indexed(connection, db, LARGE)


async def test_users(filled: str) -> None:
    """store/users.py, users_admin.py, departures.py."""
    async with open_pool(filled) as postgres:
        db = Watched(postgres)
        await ask_all(
            users,
            {
                "create_guest": lambda: users.create_guest(db, new_id(), new_id(), "x", 60),
                "create_user": lambda: users.create_user(db, NewUser(id=new_id(), display_name="x")),
                "upgrade_guest": lambda: users.upgrade_guest(db, NewUser(id=GUEST, display_name="x")),
                "find_user": lambda: users.find_user(db, ADA),
                "lock_user": lambda: users.lock_user(db, ADA),
                "find_by_email": lambda: users.find_by_email(db, "ada@x.example"),
                "find_password": lambda: users.find_password(db, "ada"),
                "find_own_password": lambda: users.find_own_password(db, ADA),
                "set_password": lambda: users.set_password(db, ADA, "x"),
                "replace_hash": lambda: users.replace_hash(db, ADA, "x", "y"),
                "verify_email": lambda: users.verify_email(db, ADA, "ada@x.example"),
                "change_profile": lambda: users.change_profile(db, ADA, Profile("x", "ada", None, "", "en")),
                "taken_usernames": lambda: users.taken_usernames(db, ["ada", "bob"]),
            },
        )
        await users.find_password(db, "ada@x.example")
        wanted = UserFilter()
        await ask_all(
            users_admin,
            {
                "list_users": lambda: users_admin.list_users(db, wanted, 51),
                "search_people": lambda: users_admin.search_people(db, "name12", wanted, 51),
                "search_accounts": lambda: users_admin.search_accounts(db, "p12", wanted, 51),
                "set_role": lambda: users_admin.set_role(db, ADA, "user"),
                "change_account": lambda: users_admin.change_account(
                    db, ADA, role="user", tier="free", status="active"
                ),
                "lock_admins": lambda: users_admin.lock_admins(db),
                "claim_first_admin": lambda: users_admin.claim_first_admin(db, "x", ADA),
            },
        )
        await ask_all(
            departures,
            {
                "list_memberships_of": lambda: departures.list_memberships_of(db, ADA, 100),
                "release_invites": lambda: departures.release_invites(db, ADA, "ada@x.example"),
                "anonymise": lambda: departures.anonymise(db, ADA),
            },
        )
    with psycopg.connect(filled, autocommit=True) as connection:
        assert_indexed(connection, db, LARGE)
