"""`/api/auth/…`: how somebody gets an account, signs in, stays so, and signs out."""

from gateway.auth import logins
from gateway.auth.browser import REFRESH_COOKIE, no_cookies
from gateway.auth.caller import Caller
from gateway.auth.mailing import ask_to_verify
from gateway.auth.notes import audit, tell_ended, tell_user
from gateway.auth.passwords import Checked
from gateway.auth.people import shown
from gateway.auth.refresh import Moved
from gateway.auth.tokens import Expired, Forged
from gateway.limits import SESSION_LONGEST_SECONDS, SESSION_SECONDS
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Conflict, Forbidden, Invalid
from schemas import accounts as bodies
from schemas.ids import new_id
from schemas.problems import FieldError
from store import sessions, users
from store.errors import Taken
from store.happenings import add_access_change
from store.postgres import Queries
from store.users import NewUser, PasswordRow

CHECKS = 2
"""Times that a password is checked, should the hash be replaced meanwhile: by a better one of the same password, or by
that of a new one, which the second check then refuses."""
_WRONG = "the e-mail address, the username or the password is wrong"


async def create_guest(call: Call) -> Answer:
    """Make an account without a password, and its first tokens."""
    cookie = bool(call.body.cookie)
    if cookie:
        call.parts.accounts.browser.check(call.request)
    user_id, session_id = new_id(), new_id()
    row = await users.create_guest(
        call.parts.postgres,
        user_id,
        session_id,
        display_name=call.body.display_name or f"Guest {user_id.hex[-4:]}",
        session_seconds=SESSION_SECONDS,
        device=logins.device(call),
    )
    return logins.granted(call, logins.Begun(row, session_id), cookie=cookie)


async def register(call: Call) -> Answer:
    """Make an account with a password; with a guest's token the guest becomes it, and keeps everything."""
    parts, body = call.parts, call.body
    caller = _guest_or_nobody(call)
    if body.cookie:
        parts.accounts.browser.check(call.request)
    parts.accounts.accept(body.password, "/password", body.email, body.username, body.display_name)
    hashed = await parts.accounts.passwords.hash(body.password)
    name = body.display_name or body.username or body.email.partition("@")[0]
    new = NewUser(
        id=caller.user_id if caller else new_id(),
        display_name=name,
        username=body.username.lower() if body.username else None,
        email=body.email,
        password_hash=hashed,
    )

    async def work(db: Queries) -> logins.Begun:
        if caller is None:
            row = await users.create_user(db, new)
            await tell_user(db, call, row.id, "user.registered")
            return await logins.begin(db, call, row, "register")
        return await _upgrade(db, call, caller, new)

    try:
        begun = await parts.postgres.transact(work)
    except Taken as taken:
        raise already_taken(taken) from None
    if caller is not None:
        parts.gate.forget_all_sessions()
    await ask_to_verify(call, begun.user)
    return logins.granted(call, begun, cookie=body.cookie, status=201)


async def login(call: Call) -> Answer:
    """Sign in by e-mail address or username and password."""
    parts, body = call.parts, call.body
    name = _the_name(body)
    if body.cookie:
        parts.accounts.browser.check(call.request)
    row = await users.find_password(parts.postgres, name)
    await parts.rates.take_account("login", row.id if row else name)
    for _ in range(CHECKS):
        checked = await parts.accounts.passwords.check(body.password, row.password_hash if row else None)
        if row is None or not checked.right or row.status == "deleted":
            await audit(parts.postgres, call, "login.failed", row.id if row else None)
            raise Forged(_WRONG)
        if row.status == "banned":
            await audit(parts.postgres, call, "login.banned", row.id)
            raise Forbidden("this account is banned; ask the administrators")
        begun = await _let_in(call, row, checked)
        if begun is not None:
            return logins.granted(call, begun, cookie=body.cookie)
        row = await users.find_password(parts.postgres, name)
    raise Forged(_WRONG)


async def refresh(call: Call) -> Answer:
    """Exchange a refresh token for the next one and a new access token; each works once."""
    accounts, body = call.parts.accounts, call.body
    token = body.refresh_token
    by_cookie = token is None
    if by_cookie or body.cookie:
        accounts.browser.check(call.request)
    presented = accounts.refresh.read(token if token is not None else call.request.cookies.get(REFRESH_COOKIE, ""))
    if presented is None:
        raise Forged("send a refresh token of this server, in the body or as a cookie")
    begun = await call.parts.postgres.transact(lambda db: logins.go_on(db, call, presented))
    if begun is None:
        call.parts.gate.forget_session(presented.session_id)
        raise Expired("the session has ended; sign in again")
    return logins.granted(call, begun, cookie=by_cookie or body.cookie)


async def logout(call: Call) -> Answer:
    """End this login, or all logins of the account."""
    caller = call.caller
    everywhere = call.body.all

    async def work(db: Queries) -> None:
        if everywhere:
            ended = await sessions.end_sessions(db, caller.user_id, "logout")
        else:
            ended = [caller.session_id]
            await sessions.end_session(db, caller.user_id, caller.session_id, "login", "logout")
        await tell_ended(db, call, caller.user_id, ended, "logout")
        await audit(db, call, "logout", caller.user_id, all=everywhere)

    await call.parts.postgres.transact(work)
    if everywhere:
        call.parts.gate.forget_all_sessions()
    else:
        call.parts.gate.forget_session(caller.session_id)
    return Answer(cookies=no_cookies() if caller.by_cookie else ())


async def me(call: Call) -> bodies.Me:
    """Who the caller is, and what they may."""
    row = await users.find_user(call.parts.postgres, call.caller.user_id)
    if row is None:
        raise Expired("the account is gone")
    tier = call.caller.tier
    limits = {
        name: [bodies.Window(window.count, window.seconds) for window in windows]
        for name, windows in call.parts.rates.allowed(tier).items()
    }
    return bodies.Me(shown(row, fully=True), bodies.Entitlements(tier, limits))


def already_taken(taken: Taken) -> Conflict:
    """Which name of a new account somebody else has."""
    if taken.constraint == "users_by_email":
        return Conflict("there is an account with this address", FieldError("/email", "already taken"))
    if taken.constraint == "users_by_username":
        return Conflict("somebody has this username", FieldError("/username", "already taken"))
    raise taken


def _guest_or_nobody(call: Call) -> Caller | None:
    caller = call.maybe_caller
    if caller is not None and not caller.is_guest:
        raise Conflict("you are signed in to an account; sign out to register another")
    if caller is None and call.parts.accounts.refresh.read(call.request.cookies.get(REFRESH_COOKIE, "")) is not None:
        # A guest whose access cookie went missing would otherwise get a new account, and lose everything.
        raise Expired("refresh first, so that the guest becomes the account; or sign out")
    return caller


async def _upgrade(db: Queries, call: Call, caller: Caller, new: NewUser) -> logins.Begun:
    """The guest's session goes on, with the next refresh token, so that open documents stay open."""
    # The account first, as everybody who locks both does.
    await users.lock_user(db, caller.user_id)
    session = await sessions.lock_refresh(db, caller.session_id)
    if session is None or not session.is_good:
        raise Expired("the session has ended; sign in again")
    row = await users.upgrade_guest(db, new)
    if row is None:
        raise Conflict("you are no guest any more; sign in")
    moved = Moved(session.refresh_counter + 1, session.refresh_counter)
    await sessions.advance_refresh(
        db, session.id, moved.current, moved.used, SESSION_SECONDS, SESSION_LONGEST_SECONDS, call.address
    )
    await add_access_change(db, "user.changed", user_id=row.id)
    await tell_user(db, call, row.id, "user.registered", was_guest=True)
    await audit(db, call, "guest.registered", row.id)
    return logins.Begun(row, session.id, moved.current)


async def _let_in(call: Call, row: PasswordRow, checked: Checked) -> logins.Begun | None:
    """None if the account is no more as it was when the password was checked: a new one ends all logins, this too."""
    parts = call.parts
    instead = parts.accounts.browser.session_of(call.request) if call.body.cookie else None

    async def work(db: Queries) -> logins.Begun | None:
        user = await users.lock_user(db, row.id)
        if user is None or await users.find_own_password(db, row.id) != row:
            return None
        if checked.better is not None and row.password_hash is not None:
            await users.replace_hash(db, row.id, row.password_hash, checked.better)
        return await logins.begin(db, call, user, "password", instead)

    return await parts.postgres.transact(work)


def _the_name(body: bodies.LoginRequest) -> str:
    given = [name for name in (body.email, body.username, body.login) if name is not None]
    if len(given) != 1:
        raise Invalid.field("/email", "give one of email, username and login")
    return given[0].strip()
