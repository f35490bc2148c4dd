"""What everybody may see: the front page, the cities, language and theme."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, request, url_for

from marketplace.i18n import LANGUAGES
from marketplace.web import language
from marketplace.web.access import PUBLIC, access

room = Blueprint("public", __name__)


@room.post("/language")
@access(PUBLIC)
def set_language() -> Response:
    """Keep the chosen language in this browser (and with the account) and go back to the page."""
    response = make_response(redirect(local_target(request.form.get("next")), code=303))
    code = request.form.get("language", "")
    return language.remember(response, code) if code in LANGUAGES else response


@room.post("/theme")
@access(PUBLIC)
def set_theme() -> Response:
    """Keep the chosen theme in this browser and go back to the page."""
    response = make_response(redirect(local_target(request.form.get("next")), code=303))
    theme = request.form.get("theme", "")
    return language.remember_theme(response, theme) if theme in language.THEMES else response


def local_target(address: str | None, default: str = "public.home") -> str:
    """Return the address if it is a path of ours, else the default page: no form can send a reader elsewhere."""
    if address and address.startswith("/") and not address.startswith(("//", "/\\")) and "\\" not in address:
        parts = urlsplit(address)
        if not parts.scheme and not parts.netloc and address.isprintable():
            return address
    return url_for(default)
