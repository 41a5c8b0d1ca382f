"""Signing in by GitHub: leaving for it, and coming back. The talk with GitHub is gateway/auth/github.py.

/api/auth/signin/github ──► state: 256 random bits, in a cookie of this browser, its hash in one_time_tokens
/api/auth/callback/github ──► the state of the URL is the cookie's, and used once ──► Person ──► one of:
    known identity                         ──► its account, unless another one was signed in when leaving
    somebody was signed in when leaving    ──► linked to their account (a guest becomes one)
    GitHub verified the address, and so did an account here ──► linked to that
    an account has the address, unproved   ──► refused: it could be a trap set for the address's owner
    nobody                                 ──► a new account
"""

import hmac
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import structlog
from aiohttp import web

from gateway.auth import logins, mailing
from gateway.auth.browser import token_cookies
from gateway.auth.callbacks import safe_callback
from gateway.auth.forms import read_form
from gateway.auth.github import PROVIDER, GitHub, GitHubRefused, Person
from gateway.auth.logins import Begun
from gateway.auth.notes import audit, tell_user
from gateway.auth.one_time import make_one_time, use_one_time
from gateway.auth.usernames import first_free
from gateway.limits import OAUTH_SECONDS
from gateway.operation import Cookie
from gateway.operations import Call
from gateway.refusals import Missing
from gateway.routes.nextauth import sent_to
from schemas.accounts import NAME_LENGTH
from schemas.ids import new_id
from store import identities, sessions, users
from store.errors import Taken
from store.happenings import add_access_change
from store.one_time import OneTimeRow
from store.postgres import Queries
from store.sessions import SessionRow
from store.users import NewUser, UserRow

STATE_COOKIE: Final = "__Host-atrium-oauth"
TRIES: Final = 3
"""Of making an account, should somebody take its username at the same moment."""

log = structlog.get_logger("gateway.auth")


class NotIn(Exception):
    """Nobody is signed in. `code` goes to /auth/error, in NextAuth's words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def leave(call: Call) -> web.Response:
    """Send the browser to GitHub. A POST from somebody signed in links GitHub to their account."""
    github = _github(call)
    form = await read_form(call.request) if call.request.method == "POST" else {}
    accounts = call.parts.accounts
    linked: UUID | None = None
    if call.request.method == "POST":
        accounts.browser.check(call.request, form.get("csrfToken"))
        linked = accounts.browser.session_of(call.request)
    asked = form.get("callbackUrl") or call.request.query.get("callbackUrl")
    payload = {
        "callback": safe_callback(asked, accounts.site_url, accounts.origins),
        "session": str(linked) if linked else None,
    }

    async def work(db: Queries) -> str:
        return await make_one_time(db, "github", None, payload, OAUTH_SECONDS)

    state = await call.parts.postgres.transact(work)
    cookie = Cookie(STATE_COOKIE, state, OAUTH_SECONDS)
    return sent_to(github.address(state), as_json=form.get("json") == "true", cookies=(cookie,))


async def come_back(call: Call) -> web.Response:
    """Sign in whoever comes back from GitHub, and send them to where they came from."""
    github, query = _github(call), call.request.query
    over = Cookie(STATE_COOKIE, "", 0)
    try:
        state = query.get("state", "")
        kept = call.request.cookies.get(STATE_COOKIE, "")
        # Both as they came: what is no UTF-8 is no state of ours.
        if not state or not hmac.compare_digest(state.encode(errors="replace"), kept.encode(errors="replace")):
            raise NotIn("OAuthCallback")
        left = await call.parts.postgres.transact(lambda db: use_one_time(db, "github", state))
        if left is None:
            raise NotIn("OAuthCallback")
        if "error" in query or not query.get("code"):
            raise NotIn("AccessDenied" if query.get("error") == "access_denied" else "OAuthCallback")
        person = await github.person(query["code"], state)
        begun = await _sign_in(call, person, left)
    except (NotIn, GitHubRefused) as error:
        log.info("nobody was signed in by GitHub", reason=str(error))
        code = error.code if isinstance(error, NotIn) else "OAuthCallback"
        address = f"{call.parts.accounts.site_url}/auth/error?{urlencode({'error': code})}"
        return sent_to(address, cookies=(over,))
    call.parts.gate.forget_all_sessions()
    access, _ = call.parts.tokens.sign_access(begun.user.id, begun.session_id, begun.generation)
    refresh = call.parts.accounts.refresh.write(begun.session_id, begun.generation)
    return sent_to(str(left.payload["callback"]), cookies=(over, *token_cookies(access, refresh)))


async def _sign_in(call: Call, person: Person, left: OneTimeRow) -> Begun:
    linked = left.payload.get("session")
    for _ in range(TRIES):
        try:
            return await call.parts.postgres.transact(
                lambda db: _find_or_make(db, call, person, UUID(linked) if linked else None)
            )
        except Taken as taken:
            # Somebody took the name, or came back with the same identity, at the same moment: look again.
            log.info("signing in by GitHub again", taken=taken.constraint)
    raise NotIn("OAuthCreateAccount")


async def _find_or_make(db: Queries, call: Call, person: Person, linked: UUID | None) -> Begun:
    known = await identities.find_identity(db, PROVIDER, person.id)
    session = None if linked is None else await sessions.find_session(db, linked)
    if known is not None:
        if session is not None and not session.is_guest and session.user_id != known.user_id:
            raise NotIn("OAuthAccountNotLinked")
        user = await users.lock_user(db, known.user_id)
        if await identities.find_identity(db, PROVIDER, person.id) != known:
            user = None  # what held the account until now unlinked it
    elif linked is not None:
        user = await _link(db, call, person, session)
    else:
        user = await _by_email(db, call, person) or await _make(db, call, person)
    if user is None or user.status != "active":
        raise NotIn("AccessDenied")
    # A guest's session stays as it is when the guest becomes an account: open documents hang on it.
    was_guest = session is not None and session.is_guest
    instead = None if was_guest else call.parts.accounts.browser.session_of(call.request)
    return await logins.begin(db, call, user, PROVIDER, instead)


async def _link(db: Queries, call: Call, person: Person, session: SessionRow | None) -> UserRow:
    """To whoever was signed in when they left; their session must still be good."""
    row = None if session is None else await users.lock_user(db, session.user_id)
    # Looked at again: what ended it may have held the account until now.
    if row is None or session is None or await sessions.find_session(db, session.id) is None:
        raise NotIn("SessionRequired")
    if row.is_guest:
        row = await users.upgrade_guest(db, await _new(db, person, row.id)) or row
        await add_access_change(db, "user.changed", user_id=row.id)
        row = await mailing.maybe_first_admin(db, call, row)
    await _add(db, call, person, row)
    return row


async def _by_email(db: Queries, call: Call, person: Person) -> UserRow | None:
    found = None if person.email is None else await users.find_by_email(db, person.email)
    if found is None:
        return None
    if found.email_verified_at is None:
        raise NotIn("OAuthAccountNotLinked")
    await _add(db, call, person, found)
    return found


async def _make(db: Queries, call: Call, person: Person) -> UserRow:
    row = await users.create_user(db, await _new(db, person, new_id()))
    await tell_user(db, call, row.id, "user.registered", by=PROVIDER)
    await _add(db, call, person, row)
    return await mailing.maybe_first_admin(db, call, row)


async def _new(db: Queries, person: Person, user_id: UUID) -> NewUser:
    email = person.email
    if email is not None and await users.find_by_email(db, email) is not None:
        email = None  # only for guests who link: others were stopped by it
    name = "".join(letter for letter in person.name if letter.isprintable()).strip()[:NAME_LENGTH]
    avatar = person.avatar_url or ""
    return NewUser(
        id=user_id,
        display_name=name or person.login,
        username=await first_free(person.login, lambda names: users.taken_usernames(db, names)),
        email=email,
        email_is_verified=email is not None,
        avatar_url=avatar if avatar.startswith("https://") and len(avatar) <= 500 else None,
    )


async def _add(db: Queries, call: Call, person: Person, user: UserRow) -> None:
    await identities.add_identity(db, new_id(), user.id, PROVIDER, person.id, person.login[:NAME_LENGTH])
    await tell_user(db, call, user.id, "identity.linked", provider=PROVIDER, login=person.login[:NAME_LENGTH])
    await audit(db, call, "identity.linked", user.id, provider=PROVIDER, provider_user_id=person.id)


def _github(call: Call) -> GitHub:
    if call.parts.accounts.github is None:
        raise Missing("nobody signs in by GitHub here: GITHUB_CLIENT_ID is not set")
    return call.parts.accounts.github
