from datetime import timedelta

from sqlalchemy import select

from marketplace.database import session
from marketplace.models import (
    Letter,
    PrivateNeeds,
    QuestionKind,
    Registration,
    RegistrationConsentKind,
    RegistrationState,
)
from marketplace.services import deletion, own_data, questions, registration, sign_ups
from marketplace.services.counterparties import profiles
from marketplace.services.projects import drafts
from marketplace.services.questions import Details
from tests.services.test_registration import application, fill


def test_own_data_has_everything_told_at_registration(app, make, clock):
    """G01"""
    event, by = make.event(slug="dialogue"), make.organiser()
    shirt = questions.save(event.slug, Details(QuestionKind.TEXT, {"en": "Shirt"}), by)
    workshop = make.session(event, titles={"en": "Water"})
    user = make.user(email="ana@example.org")
    mine = registration.register(
        event.slug,
        application(make.ticket(event), answers={shirt.uid: "L"}, dietary="Vegan", photo_consent=True),
        by=user,
    )
    sign_ups.sign_up(mine, workshop.uid, user)

    (told,) = own_data.export(user)["registrations"]

    assert (told["event"], told["state"], told["name"], told["email"]) == (
        "dialogue",
        "confirmed",
        "Ana Muñoz",
        "ana@example.org",
    )
    assert told["needs"] == {"access": "", "dietary": "Vegan"}
    assert [(answer["question"], answer["answer"]) for answer in told["answers"]] == [({"en": "Shirt"}, "L")]
    assert told["sessions"] == [{"en": "Water"}]
    assert [(consent["to"], consent["version"], consent["words"]) for consent in told["consents"]] == [
        ("photo", "2026-01", str(registration.CONSENT_TEXTS[RegistrationConsentKind.PHOTO]))
    ]


def test_deleted_account_leaves_a_nameless_registration_and_its_place(app, make, clock):
    """G01: what must stay for the numbers stays, and tells nothing of who it was."""
    event = make.event(capacity=1)
    ticket = make.ticket(event)
    user = make.user(email="ana@example.org", name="Ana Muñoz")
    registration.register(event.slug, application(ticket, dietary="Vegan", photo_consent=True), by=user)
    fill(event, ticket, 1)

    deletion.delete_own(user)

    mine, other = session().scalars(select(Registration).order_by(Registration.id))
    texts = [
        str(value)
        for one in (mine, *session().scalars(select(Letter).where(Letter.kind != "account_deleted")))
        for column, value in vars(one).items()
        if getattr(one, "email", "") != "p1@example.org" and getattr(one, "recipient", "") != "p1@example.org"
    ]
    assert mine.state is RegistrationState.CANCELLED
    assert other.state is RegistrationState.OFFERED
    assert not [text for text in texts if "Muñoz" in text or "ana@" in text]
    assert session().scalars(select(PrivateNeeds)).all() == []
    assert [consent.withdrawn_at is not None for consent in mine.consents] == [True]


def test_own_data_tells_in_what_one_wrote_and_when_but_not_the_organisations_texts(app, make, clock):
    """G01"""
    city, bank = make.city(slug="manaus"), make.organisation(slug="bank")
    user, other = make.manager(city), make.manager(city)
    make.membership(user, bank)
    project = make.project(city, slug="park")
    drafts.save("park", "project", {"served_areas": "Zona Leste qxsecret"}, project.revision, user)
    drafts.save("park", "project", {"served_areas": "Zona Norte"}, project.revision, other)
    profiles.save("bank", "about", {"decision_weeks": "9"}, 0, user)

    edits = own_data.export(user)["edits"]

    assert [(edit.get("project"), edit.get("profile"), edit.get("answers")) for edit in edits] == [
        ("park", None, ["served_areas"]),
        (None, "bank", None),
    ]
    assert "qxsecret" not in str(edits)


def test_registrations_without_an_account_are_nameless_two_years_after_the_event(app, make, clock):
    """G02: counted first, then emptied by a job; who has an account decides there."""
    event = make.event(slug="dialogue")
    ticket, user = make.ticket(event), make.user(email="zoe@example.org", name="Zoë")
    shirt = questions.save(event.slug, Details(QuestionKind.TEXT, {"en": "Shirt"}), make.organiser())
    registration.register(event.slug, application(ticket, photo_consent=True, answers={shirt.uid: "L"}))
    registration.register(event.slug, application(ticket, "zoe@example.org", name="Zoë"), by=user)
    ends_at = event.ends_at

    def told():
        session().expire_all()
        return [
            (one.name, one.email.partition("@")[2])
            for one in session().scalars(select(Registration).order_by(Registration.id))
        ]

    clock.move_to(ends_at + registration.KEPT - timedelta(minutes=1))
    early, before = registration.due(), told()
    registration.forget_old(None)
    same = told()
    clock.shift(timedelta(minutes=2))
    due = registration.due()
    registration.forget_old(None)

    assert (early, due, registration.due()) == ({}, {"dialogue": 1}, {})
    assert same == before == [("Ana Muñoz", "example.org"), ("Zoë", "example.org")]
    assert told() == [(registration.NOBODY, "deleted.invalid"), ("Zoë", "example.org")]
    emptied, _ = session().scalars(select(Registration).order_by(Registration.id))
    assert (emptied.state, emptied.category.value, emptied.answers) == (RegistrationState.CONFIRMED, "city", [])
