from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from marketplace.gateways import calendar, mail
from marketplace.gateways.calendar import Entry, Method, Party
from tests.smtp import mail_server

AT = datetime(2026, 6, 1, 13, tzinfo=UTC)
ORGANISER, ATTENDEE = Party("noreply@cities.example", "Cities Forward"), Party("ana@example.org", 'Ana "Nuñez", Ñandú')


def entry(**values) -> Entry:
    return Entry(
        **{
            "uid": "1f0c@cities.example",
            "sequence": 3,
            "changed_at": AT,
            "starts_at": AT,
            "ends_at": AT + timedelta(hours=1),
            "summary": "Água, saneamento; cidades\\rios 😀",
            "description": "Line one\nLine two: ñ, ã",
            "location": "Room 1, São Paulo",
            "url": "http://localhost/events/x",
            **values,
        }
    )


def lines(content: bytes) -> list[str]:
    """Check what every file must keep to, and return its unfolded lines."""
    assert content.endswith(b"\r\n")
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\n" not in content.replace(b"\r\n", b"")
    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode("utf-8")
    return content.replace(b"\r\n ", b"").decode("utf-8").split("\r\n")[:-1]


def test_invitation_says_who_takes_part_already_and_asks_nothing():
    """I01, I02"""
    found = lines(calendar.invitation(entry(), Method.REQUEST, ORGANISER, ATTENDEE))

    assert sorted(found) == sorted(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Cities Forward//Marketplace//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:REQUEST",
            "BEGIN:VEVENT",
            "UID:1f0c@cities.example",
            "DTSTAMP:20260601T130000Z",
            "SEQUENCE:3",
            "DTSTART:20260601T130000Z",
            "DTEND:20260601T140000Z",
            "SUMMARY:Água\\, saneamento\\; cidades\\\\rios 😀",
            "DESCRIPTION:Line one\\nLine two: ñ\\, ã",
            "LOCATION:Room 1\\, São Paulo",
            "URL:http://localhost/events/x",
            "STATUS:CONFIRMED",
            "TRANSP:OPAQUE",
            'ORGANIZER;CN="Cities Forward":mailto:noreply@cities.example',
            "ATTENDEE;CN=\"Ana 'Nuñez', Ñandú\";CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=FALSE:"
            "mailto:ana@example.org",
            "END:VEVENT",
            "END:VCALENDAR",
        ]
    )


@pytest.mark.parametrize(
    ("email", "address"),
    [
        ("ana+cities@example.org", "mailto:ana+cities@example.org"),
        ("o'neil_x.y~z-1@example.org", "mailto:o'neil_x.y~z-1@example.org"),
        ("a?cc=b%40c&d#e@example.org", "mailto:a%3Fcc%3Db%2540c%26d%23e@example.org"),
    ],
    ids=["plain", "signs", "signs of addresses"],
)
def test_address_of_an_attendee_is_a_uri(email, address):
    """I01"""
    found = lines(calendar.invitation(entry(), Method.REQUEST, ORGANISER, Party(email)))

    assert [line.partition("FALSE:")[2] for line in found if line.startswith("ATTENDEE")] == [address]


def test_cancellation_has_the_same_uid_and_is_cancelled():
    found = lines(calendar.invitation(entry(sequence=4), Method.CANCEL, ORGANISER, ATTENDEE))

    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "UID:1f0c@cities.example", "SEQUENCE:4"} <= set(found)


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c"])
@pytest.mark.parametrize("field", ["summary", "description", "location"])
def test_line_break_never_starts_a_property(break_, field):
    """I05"""
    evil = f"x{break_}ATTENDEE:mailto:everybody@example.org{break_}END:VEVENT"

    content = calendar.file([entry(**{field: evil})])
    inviting = calendar.invitation(
        entry(), Method.REQUEST, ORGANISER, Party(f"a{break_}b@example.org", f"Ana{break_}UID:2")
    )

    for text in (content, inviting):
        found = lines(text)
        assert sum(line.startswith("UID") for line in found) == 1
        assert sum(line.startswith("END:VEVENT") for line in found) == 1
        assert len(text.decode().splitlines()) == text.count(b"\r\n")
    assert not any(line.startswith("ATTENDEE") for line in lines(content))


def test_long_text_is_folded_between_characters_and_comes_back_whole():
    text = "ñã😀, ; \\ " * 120

    (event,) = Calendar.from_ical(calendar.file([entry(description=text)])).events

    assert lines(calendar.file([entry(description=text)]))
    assert event["DESCRIPTION"] == text.strip()


def test_empty_properties_are_left_out():
    found = lines(calendar.file([entry(description="", location=" ", url="")]))

    assert [line for line in found if line.startswith(("DESCRIPTION", "LOCATION", "URL"))] == []


def test_feed_has_name_and_refresh_no_method_and_the_same_bytes_twice():
    """I03"""
    make = [calendar.feed([entry()], name="Diálogo, 2026", url="http://localhost/x.ics") for _ in range(2)]

    found = lines(make[0])
    assert make[0] == make[1]
    assert {
        "NAME:Diálogo\\, 2026",
        "X-WR-CALNAME:Diálogo\\, 2026",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "SOURCE;VALUE=URI:http://localhost/x.ics",
    } <= set(found)
    assert not any(line.startswith(("METHOD", "ATTENDEE", "ORGANIZER")) for line in found)


def test_letter_carries_the_invitation_last_and_as_a_file():
    content = calendar.invitation(entry(), Method.REQUEST, ORGANISER, ATTENDEE)
    message = mail.build(
        message_id="<abc@cities.example>",
        sender="Cities Forward <noreply@cities.example>",
        reply_to=None,
        recipient="ana@example.org",
        recipient_name="Ana",
        locale="es",
        date=AT,
        content=mail.Content(subject="Hola", text="Hola\n", html="<p>Hola</p>"),
        invitation=mail.Invitation("REQUEST", content),
    )

    with mail_server() as (server, url):
        mail.send(url, message)

    (got,) = server.messages
    alternative, attached = got.iter_parts()
    kinds = [part.get_content_type() for part in alternative.iter_parts()]
    inviting = list(alternative.iter_parts())[-1]
    assert got.get_content_type() == "multipart/mixed"
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    assert inviting["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    assert inviting["Content-Transfer-Encoding"] == "base64"
    assert inviting.get_payload(decode=True) == content
    assert attached.get_content_type() == "application/ics"
    assert attached.get_filename() == "invite.ics"
    assert attached.get_payload(decode=True) == content
