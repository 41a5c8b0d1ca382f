"""Mails with tokens that work once, and what proving an address leads to. Used by the routes of accounts."""

from gateway.auth.notes import audit, tell_user
from gateway.auth.one_time import make_one_time
from gateway.limits import RESET_SECONDS, VERIFY_SECONDS
from gateway.mail import letters
from gateway.mail.letters import Mail
from gateway.operations import Call
from store.postgres import Queries
from store.users import UserRow, find_by_email, verify_email
from store.users_admin import claim_first_admin, set_role


async def ask_to_verify(call: Call, user: UserRow) -> None:
    """Send the mail that verifies an address, if there is one to verify."""
    email = user.email
    if email is None or user.email_verified_at is not None:
        return

    async def work(db: Queries) -> str:
        return await make_one_time(db, "verify_email", user.id, {"email": email}, VERIFY_SECONDS)

    token = await call.parts.postgres.transact(work)
    accounts = call.parts.accounts
    accounts.post.send(letters.verify_email(email, user.display_name, accounts.site_url, token))


async def invite(call: Call, user: UserRow) -> None:
    """Send the mail by which the owner of a new account chooses a password."""
    token = await _reset_token(call, user, VERIFY_SECONDS)
    if user.email is not None:
        accounts = call.parts.accounts
        accounts.post.send(letters.invited(user.email, user.display_name, accounts.site_url, token))


def send_reset(call: Call, email: str) -> None:
    """Send the mail that lets somebody set a new password, later, if there is an account with this address."""
    accounts = call.parts.accounts

    async def write() -> Mail | None:
        user = await find_by_email(call.parts.postgres, email)
        if user is None or user.email is None or user.status != "active":
            return None
        token = await _reset_token(call, user, RESET_SECONDS)
        return letters.reset_password(user.email, user.display_name, accounts.site_url, token)

    accounts.post.send(write)


async def _reset_token(call: Call, user: UserRow, seconds: int) -> str:
    async def work(db: Queries) -> str:
        await audit(db, call, "password.reset-asked", user.id)
        return await make_one_time(db, "reset_password", user.id, {"email": user.email}, seconds)

    return await call.parts.postgres.transact(work)


async def confirm_email(db: Queries, call: Call, user: UserRow, email: str) -> UserRow | None:
    """They proved that the address is theirs, in a transaction; None if it is not their address any more.

    Whoever proves ADMIN_EMAIL for the first time becomes an administrator.
    """
    row = await verify_email(db, user.id, email)
    if row is None:
        return None
    await tell_user(db, call, row.id, "user.updated", email_verified=True)
    await audit(db, call, "email.verified", row.id)
    return await maybe_first_admin(db, call, row)


async def maybe_first_admin(db: Queries, call: Call, row: UserRow) -> UserRow:
    """Make them an administrator, if ADMIN_EMAIL says so and has not made one yet."""
    wanted = call.parts.accounts.settings.admin_email.lower()
    if not wanted or row.email is None or row.email.lower() != wanted or row.email_verified_at is None:
        return row
    if row.status != "active" or not await claim_first_admin(db, wanted, row.id):
        return row
    await audit(db, call, "admin.first", row.id)
    return await set_role(db, row.id, "admin")
