"""A real SMTP server for tests, which can be told to misbehave."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller


class MailServer:
    """Keeps what it accepted in `messages`; `answer` is what it says to DATA, `delay` seconds it takes to say so."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answer = "250 OK"
        self.recipient_answer = "250 OK"
        self.delay = 0.0
        self.drop_after_data = 0

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        time.sleep(self.delay)
        if self.answer.startswith("250"):
            self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.drop_after_data > 0:
            # The letter is taken, but the sender never hears so.
            self.drop_after_data -= 1
            server.transport.close()
        return self.answer


@contextmanager
def mail_server() -> Iterator[tuple[MailServer, str]]:
    """Run a mail server; yields it with its SMTP_URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    handler = MailServer()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, f"smtp://127.0.0.1:{port}?timeout=3"
    finally:
        controller.stop()
