"""Logins: how one begins and goes on, and what is answered then. Called by the routes of auth.

begin ──► row of `sessions` ──► access token (15 min) and refresh token of generation 0
refresh token ──► locked row, refresh.present ──► the next generation, the same answer again, or the end of it all
"""

from dataclasses import dataclass
from uuid import UUID

from gateway.auth.browser import token_cookies
from gateway.auth.notes import audit, tell_ended, tell_user
from gateway.auth.people import shown
from gateway.auth.refresh import Generations, Moved, Presented, Repeated, Reused, present
from gateway.auth.tokens import Expired
from gateway.limits import SESSION_LONGEST_SECONDS, SESSION_SECONDS, SESSIONS
from gateway.operation import Answer
from gateway.operations import Call
from schemas.accounts import AccessGranted
from schemas.ids import new_id
from store import sessions
from store.postgres import Queries
from store.sessions import Device, RefreshRow
from store.users import UserRow, find_user, lock_user

USER_AGENT_LENGTH = 200
"""Characters kept of what a browser says it is."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login, for the answer; `over` are others that ended for it, to be forgotten."""

    user: UserRow
    session_id: UUID
    generation: int = 0
    over: tuple[UUID, ...] = ()


def device(call: Call) -> Device:
    """Where the request came from."""
    agent = call.request.headers.get("User-Agent", "")
    printable = "".join(letter if letter.isprintable() else "?" for letter in agent[:USER_AGENT_LENGTH])
    return Device(call.address, printable)


async def still_in(db: Queries, call: Call) -> UserRow:
    """The caller's account, locked, in a transaction that adds a way into it. Raises Expired if their session is over.

    A session is remembered for some seconds. What a new password ended must not leave anything behind meanwhile.
    """
    user = await lock_user(db, call.caller.user_id)
    if user is None or await sessions.find_session(db, call.caller.session_id) is None:
        raise Expired("the session has ended; sign in again")
    return user


async def begin(db: Queries, call: Call, user: UserRow, how: str, instead: UUID | None = None) -> Begun:
    """A new login, in a transaction; `instead` of another one of the same browser, which ends."""
    session_id = new_id()
    await sessions.add_login(db, session_id, user.id, SESSION_SECONDS, device(call))
    over = await sessions.end_oldest(db, user.id, SESSIONS, "too many")
    await tell_ended(db, call, user.id, over, "too many")
    if instead is not None:
        replaced = await sessions.end_login(db, instead, "signed in anew", guests_too=False)
        if replaced is not None:
            await tell_ended(db, call, replaced, (instead,), "signed in anew")
            over.append(instead)
    await tell_user(db, call, user.id, "session.started", session_id=str(session_id), how=how)
    await audit(db, call, "login", user.id, how=how, session_id=str(session_id))
    return Begun(user, session_id, over=tuple(over))


async def go_on(db: Queries, call: Call, presented: Presented) -> Begun | None:
    """Exchange a refresh token, in a transaction; None where the login is over, or ends by this."""
    row = await sessions.lock_refresh(db, presented.session_id)
    if row is None or not row.is_good:
        return None
    match present(_known(row), presented.generation):
        case Moved(current, used):
            generation = current
            await sessions.advance_refresh(
                db, row.id, current, used, SESSION_SECONDS, SESSION_LONGEST_SECONDS, call.address
            )
        case Repeated(current):
            generation = current
        case Reused():
            await sessions.end_session(db, row.user_id, row.id, "login", "refresh token used twice")
            await tell_ended(db, call, row.user_id, (row.id,), "refresh token used twice")
            await audit(
                db, call, "refresh.reused", row.user_id, session_id=str(row.id), generation=presented.generation,
                current=row.refresh_counter,
            )  # fmt: skip
            return None
    user = await find_user(db, row.user_id)
    assert user is not None  # its row was joined
    return Begun(user, row.id, generation)


async def would_go_on(db: Queries, presented: Presented) -> RefreshRow | None:
    """The login that a refresh token would be exchanged in now; None where it is over. Looking changes nothing."""
    row = await sessions.find_refresh(db, presented.session_id)
    if row is None or not row.is_good or isinstance(present(_known(row), presented.generation), Reused):
        return None
    return row


def _known(row: RefreshRow) -> Generations:
    return Generations(row.refresh_counter, row.refresh_used, row.refresh_seen, row.refreshed_ago)


def granted(call: Call, begun: Begun, *, cookie: bool, status: int | None = None) -> Answer:
    """The tokens of a login, in the body or in cookies."""
    parts = call.parts
    for session in (begun.session_id, *begun.over):
        parts.gate.forget_session(session)
    access, seconds = parts.tokens.sign_access(begun.user.id, begun.session_id, begun.generation)
    refresh = parts.accounts.refresh.write(begun.session_id, begun.generation)
    body = AccessGranted(
        access_token=None if cookie else access,
        refresh_token=None if cookie else refresh,
        expires_in=seconds,
        user=shown(begun.user, fully=True),
        csrf_token=parts.identity.csrf_token(begun.session_id) if cookie else None,
    )
    return Answer(body, status=status, cookies=token_cookies(access, refresh) if cookie else ())
