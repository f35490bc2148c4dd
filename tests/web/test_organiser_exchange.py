import html
import io
import re

import pytest
from sqlalchemy import func, select

from marketplace.database import session
from marketplace.gateways import table_files
from marketplace.models import AuditEntry, Meeting, Wish
from marketplace.web.security import MAX_BODY
from tests.meetings import market


@pytest.fixture
def desk(app, make, login_as):
    """A market with its organiser signed in."""
    by = make.organiser()
    here = market(make, by)
    here.client = login_as(by)
    here.url = f"/desk/events/{here.event.slug}/meetings/exchange"
    return here


def send(desk, content: bytes, kind: str = "wishes"):
    return desk.client.post(desk.url, data={"kind": kind, "file": (io.BytesIO(content), "file.csv")})


def test_page_offers_files_to_take_and_to_fill_in(desk):
    page = desk.client.get(desk.url)

    assert page.status_code == 200
    assert b"Import and export" in page.data
    assert "Times are those of the venue: New York." in page.text
    for kind in ("wishes", "meetings"):
        for ending, signature in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
            answer = desk.client.get(f"{desk.url}/{kind}.{ending}")
            assert answer.data.startswith(signature)
            assert answer.headers["Content-Disposition"].endswith(f'.{ending}"')


def test_wishes_are_shown_first_and_written_when_confirmed(desk):
    content = f"from,to,kind,rank\n{desk.projects[0].uid},{desk.funders[0].uid},must,1\n".encode()

    shown = send(desk, content)
    kept = html.unescape(re.search(r'name="content" value="([^"]*)"', shown.text).group(1))

    assert (shown.status_code, session().scalar(select(func.count(Wish.id)))) == (200, 0)
    written = desk.client.post(f"{desk.url}/wishes", data={"content": kept})
    assert (written.status_code, session().scalar(select(func.count(Wish.id)))) == (303, 1)


def test_problems_are_shown_by_row_and_column_without_running_anything(desk):
    shown = send(desk, b"from,to,kind,rank\n<script>alert(1)</script>,\"=cmd|' /C calc'!A0\",may,x\n")

    assert shown.status_code == 422
    assert "<script>alert" not in shown.text
    assert 'name="content"' not in shown.text
    assert shown.text.count("No side of this event is called this.") == 2


def test_a_confirmed_file_that_is_wrong_by_now_writes_nothing(desk):
    slot = desk.slots[0].starts_at.isoformat()
    rows = f"first,second,start,table\r\n{desk.projects[0].uid},{desk.funders[0].uid},{slot},1\r\n"

    first = desk.client.post(f"{desk.url}/meetings", data={"content": rows})
    second = desk.client.post(f"{desk.url}/meetings", data={"content": rows})

    assert (first.status_code, second.status_code) == (303, 422)
    assert session().scalar(select(func.count(Meeting.id))) == 1


@pytest.mark.parametrize("content", [b"", b"\x00", b"PK\x03\x04"])
def test_a_file_that_is_none_is_refused_on_the_page(desk, content):
    assert send(desk, content).status_code == 422


def test_a_file_that_is_far_too_large_is_not_even_read(desk):
    body = b"a" * (table_files.LARGEST + MAX_BODY + 1)

    answer = desk.client.post(desk.url, data=body, content_type="multipart/form-data; boundary=x")

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("wanted", "signature"),
    [("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf"), ("parties", b"%PDF"), ("tables", b"%PDF"), ("ics", b"BEGIN:VCALENDAR")],
)
def test_schedule_is_taken_in_every_format_and_that_is_recorded(desk, wanted, signature):
    answer = desk.client.post(f"{desk.url}/export", data={"format": wanted})

    assert answer.data.startswith(signature)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "meetings.exported" in session().scalars(select(AuditEntry.action)).all()


def test_a_format_there_is_not_is_not_found(desk):
    assert desk.client.post(f"{desk.url}/export", data={"format": "exe"}).status_code == 404


def test_nobody_else_gets_at_the_files(desk, make, login_as):
    other = login_as(make.user())

    assert other.get(desk.url).status_code in {403, 404}
    assert other.post(f"{desk.url}/export", data={"format": "csv"}).status_code in {403, 404}
