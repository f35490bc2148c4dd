"""What Flask can do at best on this machine: bare views that say hello, list rows, make a calendar, insert a row."""

import os
from datetime import UTC, datetime, timedelta

from flask import Flask, Response, redirect, request
from flask_sqlalchemy import SQLAlchemy
from icalendar import Calendar, Event
from sqlalchemy import text

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/bootstrap.css"></head>
<body><header><nav><ul>
{% for word in menu %}<li><a href="/{{ word|lower }}">{{ word }}</a></li>{% endfor %}</ul></nav></header>
<main><h1>{{ title }}</h1>
<table><thead><tr><th>Name</th><th>Kind</th><th>Country</th><th>Zone</th><th>Website</th></tr></thead><tbody>
{% for row in rows %}<tr><td><a href="/o/{{ row.slug }}">{{ row.name }}</a></td><td>{{ row.kind }}</td>
<td>{{ row.country }}</td><td>{{ row.timezone }}</td><td>{{ row.website }}</td></tr>
{% endfor %}</tbody></table></main><footer><p>{{ rows|length }} rows</p></footer></body></html>"""

template = app.jinja_env.from_string(PAGE)


@app.get("/hello")
def hello() -> str:
    return "hello"


@app.get("/rows")
def rows() -> str:
    found = db.session.execute(
        text("SELECT slug, name, kind, country, timezone, website FROM organisation ORDER BY name LIMIT 60")
    ).all()
    menu = ["Home", "Cities", "Events", "Projects", "About"]
    return template.render(title="Organisations", rows=found, menu=menu)


@app.get("/calendar.ics")
def calendar() -> Response:
    """Sixty entries with the properties every calendar needs, made by the library."""
    found = Calendar()
    found.add("prodid", "-//bare//EN")
    found.add("version", "2.0")
    at = datetime(2026, 6, 1, 13, tzinfo=UTC)
    for number in range(60):
        event = Event()
        event.add("uid", f"{number}@example.org")
        event.add("dtstamp", at)
        event.add("dtstart", at + timedelta(hours=number))
        event.add("dtend", at + timedelta(hours=number, minutes=40))
        event.add("sequence", 0)
        event.add("summary", f"Session {number}: rivers and people")
        event.add("description", "What three cities learned about rivers, and what they would do again.")
        event.add("location", "Room 1, Hall of the Americas, Washington, D.C.")
        event.add("url", f"https://example.org/{number}")
        found.add_component(event)
    return Response(found.to_ical(), content_type="text/calendar")


@app.post("/insert")
def insert() -> Response:
    """Write one row and commit it."""
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS bare (name TEXT, email TEXT)"))
        values = {"name": request.form["name"], "email": request.form["email"]}
        connection.execute(text("INSERT INTO bare VALUES (:name, :email)"), values)
    return redirect("/hello", code=303)


@app.get("/readyz")
def readyz() -> str:
    return "ok"
