"""Mail: building a message that arrives, and handing it to a real SMTP server."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT = 20
"""Seconds to wait for the mail server before the letter is tried again later."""


class _Unfolded(UnstructuredHeader):
    """A header in one line: long words would be written as encoded text, in which no program finds a web address."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Unfolded)  # type: ignore[arg-type]
_POLICY = SMTP.clone(header_factory=_HEADERS)


class PermanentMailError(Exception):
    """The server refused this letter for good (5xx): another attempt would be refused as well."""


@dataclass(frozen=True)
class Content:
    """The words of one letter, in one language."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Invitation:
    """What a calendar is told by a letter: the iCalendar method, and the bytes."""

    method: str
    content: bytes


def build(
    *,
    message_id: str,
    sender: str,
    reply_to: str | None,
    recipient: str,
    recipient_name: str,
    locale: str,
    date: datetime,
    content: Content,
    invitation: Invitation | None = None,
    unsubscribe_url: str = "",
) -> EmailMessage:
    """Build a letter with a text and an HTML part. Names and subjects cannot start a new header: control signs go.

    A letter that nobody needs to get says at which address it can be stopped, there and by one click in the mail
    program (RFC 2369, RFC 8058).

    An invitation comes as the last alternative, where mail programs look for it (RFC 6047), and once more as a file
    for those that show it as an attachment only.
    """
    message = EmailMessage(policy=_POLICY)
    name, address = parseaddr(sender)
    message["From"] = Address(_one_line(name), addr_spec=address)
    message["To"] = Address(_one_line(recipient_name), addr_spec=recipient)
    if reply_to:
        message["Reply-To"] = reply_to
    message["Subject"] = _one_line(content.subject)
    message["Message-ID"] = message_id
    message["Date"] = format_datetime(date)
    # Automatic replies to automatic letters make loops (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe_url:
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(content.text)
    message.add_alternative(content.html, subtype="html")
    if invitation is not None:
        message.add_alternative(
            invitation.content,
            maintype="text",
            subtype="calendar",
            cte="base64",
            params={"charset": "utf-8", "method": invitation.method},
        )
        message.add_attachment(invitation.content, maintype="application", subtype="ics", filename="invite.ics")
    # Last, because setting the content clears the headers that describe it.
    message["Content-Language"] = locale
    return message


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def send(smtp_url: str, message: EmailMessage) -> None:
    """Hand one message to the server named by `smtp[s|+starttls]://user:password@host:port`.

    Raises `PermanentMailError` for a refusal that will not change, OSError or SMTPException for one that may.
    """
    parts = urlsplit(smtp_url)
    host = parts.hostname or "localhost"
    context = ssl.create_default_context()
    options = parse_qs(parts.query)
    timeout = float(options.get("timeout", [str(TIMEOUT)])[0])
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=timeout)
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            if all(500 <= code < 600 for code in codes):
                raise PermanentMailError(f"recipient refused: {codes}") from refused
            raise
        except smtplib.SMTPResponseException as answer:
            if 500 <= answer.smtp_code < 600:
                raise PermanentMailError(f"refused: {answer.smtp_code}") from answer
            raise
