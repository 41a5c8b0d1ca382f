"""Mails with tokens that work once: which are made when. Used by the routes of accounts."""

from gateway.auth.notes import audit, tell_user
from gateway.auth.one_time import make_one_time
from gateway.limits import RESET_SECONDS, VERIFY_SECONDS
from gateway.mail import letters
from gateway.operations import Call
from store.postgres import Queries
from store.users import UserRow, verify_email
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


async def send_reset(call: Call, user: UserRow, *, invited: bool = False) -> None:
    """Send the mail that lets somebody choose a password; administrators' invitations last a day."""
    email = user.email
    if email is None:
        return
    seconds = VERIFY_SECONDS if invited else RESET_SECONDS

    async def work(db: Queries) -> str:
        await audit(db, call, "password.reset-asked", user.id)
        return await make_one_time(db, "reset_password", user.id, {"email": email}, seconds)

    token = await call.parts.postgres.transact(work)
    accounts = call.parts.accounts
    letter = letters.invited if invited else letters.reset_password
    accounts.post.send(letter(email, user.display_name, accounts.site_url, token))


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
