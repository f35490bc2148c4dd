"""The page of one project, and its files."""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from marketplace.services.meetings import partners
from marketplace.services.projects import files, leaf
from marketplace.services.sheets import words
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.access import PUBLIC, access
from marketplace.web.book.blueprint import page, reader, room


@room.get("/projects/<slug>", endpoint="project")
@access(PUBLIC)
def show(slug: str) -> ResponseReturnValue:
    """Show a published project, as far as its city opened it to this reader."""
    return page(lambda: _project_page(slug))


def _project_page(slug: str) -> str:
    found = leaf.find(slug, reader())
    return render_template(
        "book/project.html",
        leaf=found,
        project=found.project,
        blocks=leaf.BLOCKS,
        city_name=leaf.city_name,
        words=words,
        sheet=PITCH,
        places=partners.places_to_meet(found.project, reader()),
    )


@room.get("/projects/<slug>/files/<uid>", endpoint="file")
@access(PUBLIC)
def file(slug: str, uid: str) -> Response:
    """Return a file of a published project to those who may read the block it belongs to."""
    found, content = files.read(slug, uid, reader())
    response = Response(content, content_type=found.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=found.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # The address of a file never changes what it leads to, but who may read it does.
    response.headers["Cache-Control"] = "private, max-age=300" if files.is_inline(found) else "private, no-store"
    return response
