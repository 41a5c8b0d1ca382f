"""A mail as bytes (RFC 5322). Used by both carriers."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from gateway.mail.letters import Mail


def sealed(mail: Mail, sender: str) -> EmailMessage:
    """The message; the e-mail package refuses line breaks in headers by itself."""
    message = EmailMessage(policy=SMTP.clone(utf8=not mail.to.isascii()))
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip(" >") or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    # Not quoted-printable where it can be helped: it breaks the link of a mail that is read as a file.
    message.set_content(mail.text, cte="7bit" if mail.text.isascii() else "quoted-printable")
    return message
