"""A project to take along: one page as PDF, and the passport as JSON with its schema."""

import json
from typing import Any

from flask import Response, request

from marketplace import i18n
from marketplace.services.projects import leaf, one_pager, passport
from marketplace.web.access import PUBLIC, access
from marketplace.web.book.blueprint import reader, room


@room.get("/projects/<slug>.pdf", endpoint="one_pager")
@access(PUBLIC)
def page_to_print(slug: str) -> Response:
    """Return the project on one page, in the language asked for; with `?public=1` as everybody may read it."""
    found = leaf.find(slug, None if "public" in request.args else reader())
    language = request.args.get("lang", "")
    with i18n.speaking(language if language in i18n.LANGUAGES else i18n.locale()):
        content = one_pager.make(found)
        name = f"{found.slug}-{i18n.locale()}.pdf"
    response = Response(content, content_type="application/pdf")
    response.headers.set("Content-Disposition", "inline", filename=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@room.get("/projects/<slug>/passport.json", endpoint="passport")
@access(PUBLIC)
def as_json(slug: str) -> Response:
    """Return what this reader may read of a project as codes and numbers."""
    response = _json(passport.make(leaf.find(slug, reader())))
    response.headers["Cache-Control"] = "private, no-store"
    return response


@room.get("/schemas/passport-1.json", endpoint="schema")
@access(PUBLIC)
def schema() -> Response:
    """Return the JSON Schema every passport fits."""
    response = _json(passport.schema())
    response.headers["Content-Type"] = "application/schema+json"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def _json(content: dict[str, Any]) -> Response:
    text = json.dumps(content, ensure_ascii=False, indent=2)
    return Response(text + "\n", content_type="application/json; charset=utf-8")
