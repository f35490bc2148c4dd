"""The rooms of the house: one blueprint per audience."""

from flask import Flask

from marketplace.web import (
    account,
    attendee,
    book,
    city,
    counterparty,
    development,
    events,
    meetings,
    organisations,
    organiser,
    public,
    reviewing,
)


def register(app: Flask) -> None:
    """Open every room."""
    for room in (
        public.room,
        events.room,
        book.room,
        city.room,
        counterparty.room,
        attendee.room,
        meetings.room,
        account.room,
        organisations.room,
        reviewing.room,
        organiser.room,
        development.room,
    ):
        app.register_blueprint(room)
