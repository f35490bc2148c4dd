"""The working text as readers would see it in the book: everybody, those signed in, or matched parties."""

from flask import render_template, request

from marketplace.models import Visibility
from marketplace.services import labels
from marketplace.services.projects import leaf
from marketplace.services.projects import preview as previews
from marketplace.services.sheets import words
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.city.blueprint import room, theirs

READERS = (Visibility.PUBLIC, Visibility.REGISTERED, Visibility.MATCHED)


@room.get("/my/projects/<slug>/preview")
@access(SIGNED_IN)
def preview(slug: str) -> str:
    """Show a project as some reader would see it if it were published as it is now."""
    project = theirs(slug)
    near = labels.read(Visibility, request.args.get("as"))
    if near is None or near not in READERS:
        near = Visibility.PUBLIC
    return render_template(
        "city/preview.html",
        project=project,
        near=near,
        readers=READERS,
        leaf=previews.of(project, near),
        blocks=leaf.BLOCKS,
        words=words,
        sheet=PITCH,
    )
