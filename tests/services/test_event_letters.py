import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.errors import Invalid, NotFound
from marketplace.i18n import LANGUAGES
from marketplace.models import AuditEntry, Event, Job, Letter, Registration, RegistrationState, Role, User
from marketplace.services import attendees, events, jobs, letters, outbox, registration, tickets
from marketplace.services.letters import Message
from tests.services.test_registration import application, fill


def test_every_kind_has_words_with_known_variables_in_every_language():
    for kind in letters.KINDS:
        for language in LANGUAGES:
            subject, body = letters.default_words(kind, language)
            assert set(re.findall(r"\{(.*?)\}", subject + body)) <= set(letters.VARIABLES)
            assert letters._checked_words(subject, body) == (subject, body)


@pytest.mark.parametrize("kind", [*letters.KINDS, "message"])
def test_every_kind_has_a_preview_without_secrets(app, make, clock, kind):
    event, by = make.event(), make.organiser()
    make.ticket(event)

    content = letters.preview(
        event.slug, kind, "en", by, ("Hello {name}", "About {event}") if kind == "message" else None
    )

    assert content.subject
    assert "{" not in content.text
    assert "Event" in content.text
    assert outbox.HIDDEN in content.text
    assert session().scalars(select(Registration)).all() == []
    assert not session().new


def test_own_words_replace_those_of_the_platform_in_their_language_only(app, make, clock, deliver):
    event, by = make.event(titles={"en": "Dialogue", "es": "Diálogo"}), make.organiser()
    ticket = make.ticket(event)
    letters.save_words(event.slug, "confirmed", "es", "¡Hola, {name}!", "Te esperamos en {event}.\n\nA las {when}", by)

    registration.register(event.slug, application(ticket, name="{event} Ruiz", locale="es"))
    registration.register(event.slug, application(ticket, "b@example.org", locale="en"))

    spanish, english = deliver()
    # What stands in a name is a name, also with braces.
    assert spanish.subject == "¡Hola, {event} Ruiz!"
    assert spanish.context["paragraphs"][0] == "Te esperamos en Diálogo."
    assert english.subject == "You are registered: Dialogue"


@pytest.mark.parametrize(
    ("subject", "body", "field"),
    [
        ("Hello", "Dear {nmae}", "body"),
        ("Hello {link}", "x", "subject"),
        ("Hello", "Dear {name", "body"),
        ("Hello", "Dear }name{", "body"),
        ("Hello", "", "body"),
        ("", "x", "subject"),
        ("Hello", "{name.__class__}", "body"),
    ],
)
def test_words_with_a_wrong_variable_are_refused(app, make, clock, subject, body, field):
    """W02: nothing in a text is ever run."""
    event, by = make.event(), make.organiser()

    with pytest.raises(Invalid) as refusal:
        letters.save_words(event.slug, "confirmed", "en", subject, body, by)

    assert refusal.value.field == field


def test_words_are_kept_from_organisers_of_other_events(app, make, clock):
    """A04"""
    mine, other = make.event(), make.event()
    make.ticket(other)
    user = make.user(totp_nonce="n", totp_confirmed_at=mine.created_at)
    make.role(user, Role.ORGANISER, mine)
    session().refresh(user)

    for act in (
        lambda: letters.all_words(other.slug, user),
        lambda: letters.save_words(other.slug, "confirmed", "en", "x", "y", user),
        lambda: letters.preview(other.slug, "confirmed", "en", user),
        lambda: letters.send_message(other.slug, Message({"en": ("x", "y")}), user),
        lambda: letters.count_readers(other.slug, attendees.Filter(), user),
    ):
        with pytest.raises(NotFound):
            act()


def test_message_reaches_the_group_once_each_in_their_language(app, make, clock, deliver):
    """M04, C03"""
    event, by = make.event(capacity=55), make.organiser()
    ticket = make.ticket(event)
    fill(event, ticket, 54)
    registration.register(event.slug, application(ticket, "es@example.org", locale="es"))
    fill(event, ticket, 3, first=100)
    message = Message({"en": ("Bring shoes", "Dear {name}"), "es": ("Traiga zapatos", "Hola {name}"), "pt": ("", "")})

    number = letters.send_message(event.slug, message, by)

    told = [letter for letter in deliver() if letter.kind == "registration.message"]
    assert number == len(told) == len({letter.recipient for letter in told}) == 55
    assert {letter.subject for letter in told if letter.locale == "es"} == {"Traiga zapatos"}
    assert {letter.subject for letter in told if letter.locale == "en"} == {"Bring shoes"}


def test_message_sent_twice_goes_out_once(app, make, clock, deliver):
    event, by = make.event(), make.organiser()
    fill(event, make.ticket(event), 2)
    message = Message({"en": ("The bus", "Dear {name}")}, attempt="one-form")

    numbers = [letters.send_message(event.slug, message, by) for _ in range(2)]
    letters.send_message(event.slug, replace(message, attempt="another-form"), by)

    assert numbers == [2, 2]
    assert [letter.kind for letter in deliver()].count("registration.message") == 4


def test_message_can_be_for_a_filtered_group(app, make, clock, deliver):
    event, by = make.event(capacity=1), make.organiser()
    fill(event, make.ticket(event), 2)
    waiting = attendees.Filter(states=(RegistrationState.WAITING,))

    number = letters.send_message(event.slug, Message({"en": ("Patience", "Dear {name}")}, waiting), by)

    told = [letter.recipient for letter in deliver() if letter.kind == "registration.message"]
    assert (number, told) == (1, ["p2@example.org"])


def test_batch_that_is_done_twice_writes_no_letter_twice(app, make, clock, deliver):
    """C03: at least once is the promise of the worker; exactly once that of the outbox."""
    event, by = make.event(), make.organiser()
    fill(event, make.ticket(event), 3)
    letters.send_message(event.slug, Message({"en": ("x", "y")}), by)
    job = session().scalar(select(Job).where(Job.kind == "letters.announce"))
    again = jobs.Run(job.id, 1, job.payload)

    letters._announce_batch(again)
    letters._announce_batch(again)

    told = [letter.recipient for letter in deliver() if letter.kind == "registration.message"]
    assert sorted(told) == ["p1@example.org", "p2@example.org", "p3@example.org"]


def test_reminder_comes_once_for_each_beginning(app, make, clock, deliver):
    event, by = make.event(), make.organiser()
    fill(event, make.ticket(event, capacity=1), 2)
    slug, starts_at, by_id = event.slug, event.starts_at, by.id

    def reminders():
        return [letter.recipient for letter in deliver() if letter.kind == "registration.reminder"]

    clock.move_to(starts_at - timedelta(hours=49))
    early = reminders()
    clock.move_to(starts_at - timedelta(hours=47))
    first = reminders()
    clock.shift(timedelta(hours=2))
    second = reminders()
    events.move(slug, 7, session().get(User, by_id), tell=False)
    clock.move_to(starts_at + timedelta(days=6))
    moved = reminders()

    assert early == []
    assert first == second == ["p1@example.org"]
    assert moved == ["p1@example.org"] * 2


def test_change_that_was_overtaken_by_a_cancellation_is_not_told(app, make, clock, deliver):
    by = make.organiser()
    event = make.event()
    fill(event, make.ticket(event), 1)

    events.edit(event.slug, replace(events.details_of(event), venue="Elsewhere"), by)
    events.cancel(event.slug, by)

    assert [letter.kind for letter in deliver()] == ["registration.confirmed", "registration.event_cancelled"]


def test_text_of_a_letter_reads_as_it_was_written(app, make, clock, deliver):
    event, by = make.event(titles={"en": "R&D <day>"}, venue='Hall "A"'), make.organiser()
    fill(event, make.ticket(event), 1)

    events.edit(event.slug, replace(events.details_of(event), titles={"en": "R&D <days>"}, venue="Ana's & Bo"), by)

    content = outbox.render(deliver()[-1])
    assert '* Place: Ana\'s & Bo (before: Hall "A")' in content.text
    assert "* Title: R&D <days> (before: R&D <day>)" in content.text
    assert "Title: R&amp;D &lt;days&gt; (before: R&amp;D &lt;day&gt;)" in content.html


def test_change_in_another_language_is_no_change_to_a_reader(app, make, clock, deliver):
    event, by = make.event(titles={"en": "Dialogue", "es": "Diálogo"}), make.organiser()
    ticket = make.ticket(event)
    for email, locale in (("en@example.org", "en"), ("es@example.org", "es")):
        registration.register(event.slug, application(ticket, email, locale=locale))

    events.edit(event.slug, replace(events.details_of(event), titles={"en": "Dialogue", "es": "El Diálogo"}), by)

    told = [letter for letter in deliver() if letter.kind == "registration.event_changed"]
    assert [letter.recipient for letter in told] == ["es@example.org"]


def test_confirmation_names_the_sessions_one_has_a_place_in_and_those_one_has_not(app, make, clock, deliver):
    event = make.event()
    ticket = make.ticket(event)
    walk = make.session(event, titles={"en": "Walk"}, needs_sign_up=True, capacity=1)
    ride = make.session(event, titles={"en": "Ride"}, needs_sign_up=True)

    for email in ("a@example.org", "b@example.org"):
        registration.register(event.slug, application(ticket, email, sessions=(walk.uid, ride.uid)))
    registration.register(event.slug, application(ticket, "c@example.org"))

    both, one, none = (outbox.render(letter).text for letter in deliver())
    held = "You have a place in:\n* {}, June 1, 2026, 9:00\u202fAM–10:00\u202fAM (New York, UTC−4)"
    assert held.format("Walk") in both
    assert "no place" not in both
    assert held.format("Ride") in one
    assert "You have no place in what you chose besides" in one
    assert one.index("no place in") < one.index("Walk")
    assert "place in" not in none


def test_letter_about_a_cancelled_event_offers_nothing_to_change(app, make, clock, deliver):
    event, by = make.event(), make.organiser()
    fill(event, make.ticket(event), 1)

    slug = event.slug
    events.cancel(slug, by, {"en": "A storm.\n\nWe are sorry."})

    content = outbox.render(deliver()[-1])
    assert "/registrations/" not in content.text + content.html
    assert f"/events/{slug}" in content.text
    assert ">A storm.</p>" in content.html
    assert ">We are sorry.</p>" in content.html


def test_letters_are_whole_in_text_and_html(app, make, clock, deliver):
    """M03"""
    event = make.event(capacity=1)
    ticket = make.ticket(event)
    first, _second = fill(event, ticket, 2)
    registration.cancel(first.uid)

    contents = [outbox.render(letter) for letter in deliver()]

    for content in contents:
        assert "<script" not in content.html
        assert "{" not in content.text
    assert "http://localhost/registrations/" in contents[0].text
    assert "http://localhost/registrations/" not in contents[2].text
    assert "The place is kept for you until" in contents[3].text
    assert "(New York, UTC−4)" in contents[0].text
    written = session().scalars(select(Letter).order_by(Letter.id))
    assert [letter.context["calendar"] is not None for letter in written] == [True, False, True, False]


def test_saved_words_are_in_the_audit_trail(app, make, clock):
    event, by = make.event(), make.organiser()

    letters.save_words(event.slug, "waiting", "pt", "Oi", "Olá {name}", by)
    letters.reset_words(event.slug, "waiting", "pt", by)

    acts = session().scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts == ["letter_text.saved", "letter_text.reset"]
    assert not any(words.is_own for words in letters.all_words(event.slug, by))
    assert session().get(Event, event.id) is event
    assert tickets.types(event) == []


def test_only_messages_nobody_needs_say_how_to_end_them(app, make, clock, deliver):
    """M03: in the header, for one click (RFC 8058), and in words; what one must know comes in any case."""
    event, by = make.event(titles={"en": "Dialogue"}), make.organiser()
    registration.register(event.slug, application(make.ticket(event), locale="pt"))
    letters.send_message(event.slug, Message({"en": ("Bring shoes", "Dear {name}")}), by)

    needed, optional = deliver()
    message = outbox.compose(optional)

    (address,) = re.findall(r"^<(http://localhost/unsubscribe/\S+)>$", message["List-Unsubscribe"])
    on_the_wire = message.as_bytes().decode("ascii").replace("\r\n ", "")
    assert f"List-Unsubscribe: <{address}>\r\n" in on_the_wire
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        assert address in message.get_body((kind,)).get_content()
    assert "Não quero mais mensagens da organização deste evento" in message.get_body(("html",)).get_content()
    assert outbox.compose(needed)["List-Unsubscribe"] is None
    assert "unsubscribe" not in outbox.compose(needed).as_string().lower()


def test_letter_queued_before_messages_could_be_ended_is_still_written(app, make, clock, deliver):
    event = make.event(titles={"en": "Dialogue of 2026"})
    registration.register(event.slug, application(make.ticket(event)))
    (letter,) = deliver()

    letter.context = {name: value for name, value in letter.context.items() if name != "unsubscribe"}
    content = outbox.render(letter)
    session().rollback()

    assert "Dialogue of 2026" in content.text


def test_who_wants_no_messages_is_left_out_and_hears_the_rest(app, make, clock, deliver):
    event, by = make.event(), make.organiser()
    first, _ = fill(event, make.ticket(event), 2)
    registration.want_messages(first.uid, False)
    registration.want_messages(first.uid, False)

    counted = letters.count_readers(event.slug, attendees.Filter(), by)
    number = letters.send_message(event.slug, Message({"en": ("Bring shoes", "Dear {name}")}), by)
    events.cancel(event.slug, by)

    told = [(letter.recipient, letter.kind.partition(".")[2]) for letter in deliver()][2:]
    assert (counted, number) == (1, 1)
    assert sorted(told) == [
        ("p1@example.org", "event_cancelled"),
        ("p2@example.org", "event_cancelled"),
        ("p2@example.org", "message"),
    ]
    acts = session().scalars(select(AuditEntry.action).where(AuditEntry.action.like("registration.messages%")))
    assert list(acts) == ["registration.messages_ended"]
