"""What Flask can do at best on this machine: a bare view, and one with one query, 60 rows and a comparable template."""

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
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


@app.get("/readyz")
def readyz() -> str:
    return "ok"
