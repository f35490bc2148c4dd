"""What a step offers besides boxes: organisations to choose from, and the files that were added."""

from dataclasses import dataclass
from decimal import Decimal

from flask import url_for

from marketplace.i18n import gettext as _
from marketplace.i18n import write_number
from marketplace.models import OrganisationKind, Project, ProjectFile
from marketplace.services import organisations
from marketplace.services.projects import files
from marketplace.services.sheets.fields import Kind, Step


@dataclass(frozen=True)
class Link:
    """A file as a form lists it."""

    name: str
    url: str
    words: str
    change_url: str
    lacks_alt: bool


def offered(one: Step) -> dict[str, list[tuple[str, str]]]:
    """Return the organisations that may be named in a step, by field."""
    fields = [field for field in one.fields if field.kind is Kind.ORGANISATIONS]
    return {
        field.name: organisations.names(
            {OrganisationKind.FUNDER}
            if field.name == "wanted_funders"
            else set(OrganisationKind) - {OrganisationKind.CITY}
        )
        for field in fields
    }


def names_of(one: Step) -> dict[str, str]:
    """Return the names of the organisations a step may name, by slug."""
    return {slug: name for pairs in offered(one).values() for slug, name in pairs}


def shown(project: Project, one: Step) -> dict[str, Link]:
    """Return the files of a step by uid."""
    if not any(field.kind is Kind.FILES for field in one.fields):
        return {}
    found = files.of(project)
    return {file.uid: link(project, file) for field in one.fields for file in found.get(field.name, ())}


def by_field(project: Project, one: Step) -> dict[str, list[Link]]:
    """Return the files of a step by field."""
    found = files.of(project) if any(field.kind is Kind.FILES for field in one.fields) else {}
    return {name: [link(project, file) for file in some] for name, some in found.items()}


def link(project: Project, file: ProjectFile) -> Link:
    """Return a file as pages link it."""
    return Link(
        file.name,
        url_for("book.file", slug=project.slug, uid=file.uid),
        size(file.size),
        url_for("city.file", slug=project.slug, uid=file.uid),
        files.is_inline(file) and not file.alt,
    )


def size(count: int) -> str:
    """Write a number of bytes in megabytes."""
    return _("%(number)s MB", number=write_number(Decimal(max(1, round(count / 100_000))) / 10))
