from datetime import UTC, datetime

import pytest

from marketplace.gateways import mail
from tests.smtp import mail_server


def letter(**changes) -> object:
    values = {
        "message_id": "<abc@cities.example>",
        "sender": "Cities Forward <noreply@cities.example>",
        "reply_to": None,
        "recipient": "ana@example.org",
        "recipient_name": "Ana Muñoz",
        "locale": "es",
        "date": datetime(2026, 3, 2, 12, tzinfo=UTC),
        "content": mail.Content(subject="Su código: 1", text="Hola\n", html="<p>Hola</p>"),
        **changes,
    }
    return mail.build(**values)


def test_letter_arrives_with_both_parts_and_its_headers():
    with mail_server() as (server, url):
        mail.send(url, letter())

    (got,) = server.messages
    assert got["Message-ID"] == "<abc@cities.example>"
    assert got["To"] == "Ana Muñoz <ana@example.org>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Content-Language"] == "es"
    assert got.get_body(("plain",)).get_content().strip() == "Hola"
    assert got.get_body(("html",)).get_content().strip() == "<p>Hola</p>"


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x85", "\u2028", "\u2029", "\x0b"])
def test_line_break_in_name_or_subject_starts_no_header(break_):
    """M01: what people call themselves cannot become a header."""
    evil = f"Ana{break_}Bcc: everybody@example.org"

    message = letter(recipient_name=evil, content=mail.Content(subject=evil, text="x", html="<p>x</p>"))
    with mail_server() as (server, url):
        mail.send(url, message)

    (got,) = server.messages
    assert got["Bcc"] is None
    assert got["Subject"] == "Ana Bcc: everybody@example.org"
    assert got["To"].addresses[0].addr_spec == "ana@example.org"


def test_refusal_for_good_is_told_apart_from_one_for_now():
    """M02"""
    with mail_server() as (server, url):
        server.answer = "554 no"
        with pytest.raises(mail.PermanentMailError):
            mail.send(url, letter())
        server.answer = "451 later"
        with pytest.raises(Exception, match="451"):
            mail.send(url, letter())
        server.answer, server.recipient_answer = "250 OK", "550 nobody here"
        with pytest.raises(mail.PermanentMailError):
            mail.send(url, letter())

    assert server.messages == []


def test_server_that_is_away_raises_an_error_to_retry():
    with mail_server() as (_, url):
        pass

    with pytest.raises(OSError, match="refused"):
        mail.send(url, letter())
