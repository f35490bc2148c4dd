import io
import zipfile

import pytest
from openpyxl import Workbook, load_workbook
from pypdf import PdfReader
from sqlalchemy import func, select

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Invalid, NotFound
from marketplace.gateways import table_files, tables
from marketplace.models import Interpreter, Letter, Meeting, MeetingSource, Wish, WishKind
from marketplace.services import wallclock
from marketplace.services.meetings import exchange, parties, schedule_files, wishes
from marketplace.services.meetings.exchange import Kind
from tests.meetings import audit, market, user_of


@pytest.fixture
def by(app, make):
    return make.organiser()


def csv_of(kind: Kind, *rows) -> bytes:
    return tables.to_csv(exchange.COLUMNS[kind], rows)


def xlsx_of(*rows) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def found(preview):
    return [(one.row, one.column) for one in preview.problems]


def count(kind) -> int:
    return session().scalar(select(func.count(kind.id)))


def test_wishes_from_a_file_are_saved_with_their_ranks_when_confirmed(make, by):
    here = market(make, by)
    one, (first, second) = here.projects[0], here.funders
    content = csv_of(
        Kind.WISHES,
        (one.uid, first.name, "want", "2"),
        (one.project.slug, second.uid, "WANT", "1"),
        (first.name, one.uid, "not", ""),
    )

    shown = exchange.preview(here.event.slug, Kind.WISHES, content, by)

    assert (shown.is_ready, count(Wish)) == (True, 0)
    written = exchange.apply(here.event.slug, Kind.WISHES, shown.content.encode(), by)
    assert written.is_ready
    assert [(wish.to_party_id, wish.rank) for wish in wishes.of_party(one)] == [(second.id, 1), (first.id, 2)]
    assert [wish.kind for wish in wishes.of_party(first)] == [WishKind.NOT]


def test_every_problem_of_wishes_is_shown_by_row_and_column_and_nothing_is_written(make, by):
    here = market(make, by, musts=1)
    one, other = here.projects[0].uid, here.funders[0].uid
    content = csv_of(
        Kind.WISHES,
        (one, "nobody at all", "perhaps", "first"),
        ("", other, "want", "0"),
        (one, here.projects[1].uid, "want", ""),
        (one, other, "must", "1"),
        (one, other, "want", "2"),
        (one, here.funders[1].uid, "must", "2"),
        ("=1+1", other, "not", "9" * 30),
    )

    shown = exchange.preview(here.event.slug, Kind.WISHES, content, by)
    written = exchange.apply(here.event.slug, Kind.WISHES, content, by)

    expected = [
        (2, "kind"),
        (2, "rank"),
        (2, "to"),
        (3, "from"),
        (3, "rank"),
        (4, "to"),
        (6, "to"),
        (7, "kind"),
        (8, "from"),
    ]
    assert found(shown) == [*expected, (8, "rank")] == found(written)
    assert count(Wish) == 0


def test_two_sides_of_one_name_have_to_be_told_apart(make, by):
    here = market(make, by)
    with atomic():
        here.funders[1].organisation.names = {"en": "Fúnder 0"}
    content = csv_of(
        Kind.WISHES,
        (here.projects[0].uid, "funder 0", "want", ""),
        (here.projects[0].uid, here.funders[0].name, "want", ""),
    )

    shown = exchange.preview(here.event.slug, Kind.WISHES, content, by)

    assert found(shown) == [(2, "to")]


def test_meetings_from_an_excel_file_are_booked_and_told(make, by):
    here = market(make, by)
    at = wallclock.local(here.slots[0].starts_at, here.event.timezone).replace(tzinfo=None)
    content = xlsx_of(
        ("Table", "start", "second", "first", "remark"),
        (2, at, here.funders[0].name, here.projects[0].uid, '=HYPERLINK("http://x.example")'),
        (None, at.isoformat(), here.funders[1].name, here.projects[1].uid, None),
        (None, None, None, None, None),
    )

    shown = exchange.preview(here.event.slug, Kind.MEETINGS, content, by)

    assert (found(shown), count(Meeting), count(Letter)) == ([], 0, 0)
    assert exchange.apply(here.event.slug, Kind.MEETINGS, shown.content.encode(), by).is_ready
    made = session().scalars(select(Meeting).order_by(Meeting.id)).all()
    assert [(one.source, one.table.number) for one in made] == [(MeetingSource.IMPORT, 2), (MeetingSource.IMPORT, 1)]
    assert count(Letter) == 4
    assert audit() == []


def test_meetings_that_cannot_all_be_are_refused_together(make, by):
    here = market(make, by, projects=2, funders=2, tables=1)
    at = f"{wallclock.local(here.slots[0].starts_at, here.event.timezone):%Y-%m-%d %H:%M}"
    one, other = here.projects
    content = csv_of(
        Kind.MEETINGS,
        (one.uid, here.funders[0].uid, at, ""),
        (other.uid, here.funders[1].uid, at, ""),
        (one.uid, here.funders[1].uid, at, "7"),
        (one.uid, here.funders[1].uid, "tomorrow", ""),
        (one.uid, here.funders[0].uid, "1999-01-01 10:00", "1"),
    )

    shown = exchange.preview(here.event.slug, Kind.MEETINGS, content, by)
    written = exchange.apply(here.event.slug, Kind.MEETINGS, content, by)

    assert (
        found(shown)
        == [(3, "table"), (4, "table"), (5, "second"), (5, "start"), (6, "second"), (6, "start")]
        == found(written)
    )
    assert (count(Meeting), count(Letter)) == (0, 0)


def test_a_veto_is_not_told_by_the_file(make, by):
    here = market(make, by)
    wishes.save(here.event.slug, here.funders[0].uid, here.projects[0].uid, WishKind.NOT, user_of(here.funders[0]))
    at = here.slots[0].starts_at.isoformat()

    shown = exchange.preview(
        here.event.slug, Kind.MEETINGS, csv_of(Kind.MEETINGS, (here.projects[0].uid, here.funders[0].uid, at, "")), by
    )

    assert [str(one.message) for one in shown.problems] == ["These two sides cannot meet at this event."]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b"PK\x03\x04 this is no archive",
        b"from,to\n" + b"a,b\n" * 5,
        b"from,to,kind\n",
        b"x" * (table_files.LARGEST + 1),
        b'from,to,kind\n"' + b"a" * 200_000,
        b"from,to,kind\n" + b"a,b,want\n" * (exchange.MOST_ROWS + 1),
    ],
)
def test_a_file_that_is_none_is_refused(make, by, content):
    here = market(make, by)

    with pytest.raises(Invalid):
        exchange.preview(here.event.slug, Kind.WISHES, content, by)


def test_an_excel_file_that_unpacks_to_too_much_is_refused(make, by):
    here = market(make, by)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)

    with pytest.raises(Invalid):
        exchange.preview(here.event.slug, Kind.WISHES, content.getvalue(), by)


def test_nobody_else_imports_or_takes_anything(make, by):
    here = market(make, by)
    reader = user_of(here.projects[0])

    for act in (
        lambda: exchange.preview(here.event.slug, Kind.WISHES, b"", reader),
        lambda: exchange.apply(here.event.slug, Kind.WISHES, csv_of(Kind.WISHES, ("a", "b", "want", "")), reader),
        lambda: schedule_files.rows(here.event.slug, reader, "csv"),
        lambda: schedule_files.party_sheets(here.event.slug, reader),
        lambda: schedule_files.interpreter_sheets(here.event.slug, reader),
        lambda: schedule_files.calendar_file(here.event.slug, reader),
    ):
        with pytest.raises(NotFound):
            act()


@pytest.mark.parametrize("kind", list(Kind))
def test_the_file_to_fill_in_can_be_brought_as_it_is(make, by, kind):
    here = market(make, by)

    shown = [
        exchange.preview(here.event.slug, kind, exchange.template(kind, here.event, ending), by)
        for ending in ("csv", "xlsx")
    ]

    assert [one.is_ready for one in shown] == [True, True]


def test_schedule_comes_as_rows_pages_and_calendar_in_few_statements(make, by, count_queries):
    here = market(make, by, projects=3, funders=3, tables=3)
    at = here.slots[0].starts_at.isoformat()
    rows = [(one.uid, other.uid, at, "") for one, other in zip(here.projects, here.funders, strict=True)]
    assert exchange.apply(here.event.slug, Kind.MEETINGS, csv_of(Kind.MEETINGS, *rows), by).is_ready
    slug = here.event.slug

    header, lines = schedule_files.rows(slug, by, "xlsx")
    book = load_workbook(io.BytesIO(tables.to_xlsx(header, lines, sheet="Meetings")))
    calendar = schedule_files.calendar_file(slug, by)

    assert [len(line) for line in lines] == [len(header)] * 3
    assert book.active.max_row == 4
    assert calendar.count(b"BEGIN:VEVENT") == 3
    assert schedule_files.party_sheets(slug, by).startswith(b"%PDF")
    assert schedule_files.table_sheets(slug, by).startswith(b"%PDF")
    with count_queries() as queries:
        schedule_files.party_sheets(slug, by)
    assert len(queries) <= 20


def test_interpreters_get_a_page_each_with_what_they_interpret(make, by):
    here = market(make, by)
    row = (here.projects[0].uid, here.funders[0].uid, here.slots[0].starts_at.isoformat(), "2")
    assert exchange.apply(here.event.slug, Kind.MEETINGS, csv_of(Kind.MEETINGS, row), by).is_ready
    ana, rui, _gone = (
        make.store(Interpreter(event_id=here.event.id, name=name, pairs=["en-es"], created_at=clock.now(), **values))
        for name, values in (("Ana", {}), ("Rui", {}), ("Zoe", {"retired_at": clock.now()}))
    )
    with atomic():
        session().scalars(select(Meeting)).one().interpreter_id = ana.id

    pages = PdfReader(io.BytesIO(schedule_files.interpreter_sheets(here.event.slug, by))).pages

    first, second = (page.extract_text() for page in pages)
    assert all(words in first for words in (ana.name, "Table 2", parties.title(here.funders[0])))
    assert rui.name in second
    assert "No meeting yet." in second
