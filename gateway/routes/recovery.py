"""`/api/auth/password/…`, `/api/auth/verify-email`: changing and replacing a password, proving an address."""

from uuid import UUID

from gateway.auth import mailing
from gateway.auth.logins import still_in
from gateway.auth.notes import audit, tell_ended, tell_user
from gateway.auth.one_time import use_one_time
from gateway.limits import FRESH_SECONDS
from gateway.mail import letters
from gateway.operation import Answer
from gateway.operations import Call
from gateway.refusals import Forbidden, Invalid
from store import identities, sessions, user_keys, users, webhooks
from store.happenings import add_access_change
from store.postgres import Queries
from store.users import UserRow

_NO_SUCH_TOKEN = "unknown, expired or used already; ask for another mail"


async def forgot_password(call: Call) -> Answer:
    """Send a mail that lets somebody set a new password; the answer is the same if there is no such account."""
    await call.parts.rates.take_account("mail", call.body.email)
    mailing.send_reset(call, call.body.email)
    return Answer(status=202)


async def reset_password(call: Call) -> None:
    """Set a new password with the token from the mail, and end all logins and platform tokens of the account."""
    parts, body = call.parts, call.body
    # Before the token is used up: who is told to choose better keeps it.
    parts.accounts.accept(body.password, "/password")
    hashed = await parts.accounts.passwords.hash(body.password)

    async def work(db: Queries) -> UserRow | None:
        token = await use_one_time(db, "reset_password", body.token)
        if token is None or token.user_id is None:
            return None
        user = await users.lock_user(db, token.user_id)
        # Of whoever has another address by now, the old one no longer opens the account.
        if user is None or user.status != "active" or user.email != token.payload.get("email"):
            return None
        parts.accounts.accept(body.password, "/password", user.email, user.username, user.display_name)
        await _new_password(db, call, user, hashed, "password.reset", kinds=("login", "token"))
        if user.email is not None and user.email_verified_at is None:
            await _reclaim(db, call, user)
            user = await mailing.confirm_email(db, call, user, user.email) or user
        return user

    user = await parts.postgres.transact(work)
    if user is None:
        raise Invalid.field("/token", _NO_SUCH_TOKEN)
    parts.gate.forget_all_sessions()
    _tell_of_change(call, user)


async def change_password(call: Call) -> None:
    """Change one's own password; all other logins of the account end."""
    parts, body, caller = call.parts, call.body, call.caller
    await parts.rates.take_account("login", caller.user_id)
    proved = await prove_oneself(call, body.old_password, "/old_password")
    user = await users.find_user(parts.postgres, caller.user_id)
    if user is None or user.is_guest:
        raise Forbidden("guests have no password; register")
    parts.accounts.accept(body.new_password, "/new_password", user.email, user.username, user.display_name)
    hashed = await parts.accounts.passwords.hash(body.new_password)

    async def work(db: Queries) -> None:
        await still_in(db, call)
        kept = await users.find_own_password(db, caller.user_id)
        if kept is None or kept.password_hash != proved:
            raise Invalid.field("/old_password", "was replaced at this moment; send it again")
        await _new_password(db, call, user, hashed, "password.changed", but=caller.session_id)

    await parts.postgres.transact(work)
    parts.gate.forget_all_sessions()
    _tell_of_change(call, user)


async def verify_email(call: Call) -> None:
    """Prove with the token from the mail that an address is one's own."""

    async def work(db: Queries) -> UserRow | None:
        token = await use_one_time(db, "verify_email", call.body.token)
        if token is None or token.user_id is None:
            return None
        user = await users.lock_user(db, token.user_id)
        if user is None or user.status != "active":
            return None
        row = await mailing.confirm_email(db, call, user, str(token.payload.get("email")))
        if row is not None and row.role != user.role:
            await add_access_change(db, "user.changed", user_id=row.id)
        return row

    if await call.parts.postgres.transact(work) is None:
        raise Invalid.field("/token", _NO_SUCH_TOKEN)
    call.parts.gate.forget_all_sessions()


async def resend_verification(call: Call) -> Answer:
    """Send the mail that verifies one's own address once more."""
    user = await users.find_user(call.parts.postgres, call.caller.user_id)
    if user is not None and user.email is not None:
        await call.parts.rates.take_account("mail", user.email)
        await mailing.ask_to_verify(call, user)
    return Answer(status=202)


async def prove_oneself(call: Call, password: str | None, pointer: str) -> str | None:
    """Raises Invalid unless the password is the account's; where it has none, unless they signed in just now.

    The hash that it was checked against: whoever changes the password compares it once the account is locked.
    """
    parts, caller = call.parts, call.caller
    row = await users.find_own_password(parts.postgres, caller.user_id)
    if row is not None and row.password_hash is not None:
        if password is None:
            raise Invalid.field(pointer, "needs the account's password")
        if not (await parts.accounts.passwords.check(password, row.password_hash)).right:
            await audit(parts.postgres, call, "password.wrong", caller.user_id)
            raise Invalid.field(pointer, "is not the account's password")
        return row.password_hash
    if not await sessions.is_fresh(parts.postgres, caller.session_id, FRESH_SECONDS):
        raise Forbidden("the account has no password: sign in anew, then do this within ten minutes")
    return None


async def _new_password(
    db: Queries,
    call: Call,
    user: UserRow,
    hashed: str,
    act: str,
    *,
    kinds: tuple[str, ...] = ("login",),
    but: UUID | None = None,
) -> None:
    await users.set_password(db, user.id, hashed)
    ended = await sessions.end_sessions(db, user.id, act, kinds=kinds, but=but)
    await tell_ended(db, call, user.id, ended, act)
    await tell_user(db, call, user.id, act)
    await audit(db, call, act, user.id, sessions=len(ended))


async def _reclaim(db: Queries, call: Call, user: UserRow) -> None:
    """Until now nobody had proved the address: whoever registered with it may be somebody else, and keeps no way in."""
    unlinked = await identities.remove_identities(db, user.id)
    removed = await webhooks.remove_endpoints(db, user.id)
    keys_removed = await user_keys.remove_keys(db, user.id)
    if unlinked or removed or keys_removed:
        await audit(
            db,
            call,
            "account.reclaimed",
            user.id,
            identities=[f"{each.provider}:{each.provider_user_id}" for each in unlinked],
            webhooks=[str(endpoint) for endpoint in removed],
            ai_keys=keys_removed,
        )


def _tell_of_change(call: Call, user: UserRow) -> None:
    if user.email is not None and user.email_verified_at is not None:
        accounts = call.parts.accounts
        accounts.post.send(letters.password_changed(user.email, user.display_name, accounts.site_url))
