"""What Atrium's mails say. Pure; sent by the routes of accounts through post.py.

Their links carry the token behind `#`, which browsers send to nobody: it stands in no log on the way.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address. Its text may hold a token: it is never logged."""

    to: str
    subject: str
    text: str


def verify_email(to: str, name: str, site: str, token: str) -> Mail:
    """Ask whether the address is theirs."""
    return Mail(
        to,
        "Confirm your e-mail address",
        f"Hello {name},\n\nopen this page within a day to confirm that this address is yours:\n\n"
        f"{site}/auth/verify-email#token={token}\n\n"
        "If you did not register, ignore this mail: nothing happens without the page.\n",
    )


def reset_password(to: str, name: str, site: str, token: str) -> Mail:
    """Let them set a new password."""
    return Mail(
        to,
        "Set a new password",
        f"Hello {name},\n\nopen this page within an hour to set a new password:\n\n"
        f"{site}/auth/reset#token={token}\n\n"
        "It ends all sessions and platform tokens of your account. If you did not ask for it, ignore this mail: your "
        "password stays.\n",
    )


def invited(to: str, name: str, site: str, token: str) -> Mail:
    """An administrator made them an account."""
    return Mail(
        to,
        "Your new account",
        f"Hello {name},\n\nan administrator made you an account. Choose your password on this page, within a day:\n\n"
        f"{site}/auth/reset#token={token}\n\n"
        "Later, ask for another such mail with 'forgot password'.\n",
    )


def password_changed(to: str, name: str, site: str) -> Mail:
    """Somebody changed the password."""
    return Mail(
        to,
        "Your password was changed",
        f"Hello {name},\n\nthe password of your account was changed, and its other sessions have ended.\n\n"
        f"If it was not you, set a new one at once: {site}/auth/signin\n",
    )
