"""The one page of a project that a mayor hands over: what its reader may read, in the language now spoken."""

from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal

from marketplace import i18n
from marketplace.errors import Refusal
from marketplace.gateways import one_pager as drawing
from marketplace.gateways.one_pager import Figure, OnePager, Section
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import Block
from marketplace.services.projects import files
from marketplace.services.projects.leaf import Amount, Leaf, city_name
from marketplace.services.sheets import words
from marketplace.services.sheets.fields import Kind
from marketplace.services.sheets.pitch import PITCH

# Where the usual paper is Letter (Unicode CLDR, paperSize); elsewhere it is A4.
_LETTER = frozenset({"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"})

_OF_MONEY = ("instruments_sought", "uses_sought")
_OF_PLANS = ("council_status", "start_date", "permits_status", "support_needs", "technology_needs")


def make(leaf: Leaf) -> bytes:
    """Return the page as PDF. The same version, reader and language give the same bytes."""
    said = leaf.content
    return drawing.one_pager(
        OnePager(
            language=i18n.locale(),
            paper="letter" if leaf.city.country in _LETTER else "a4",
            programme=i18n.programme_name(),
            kicker=_(
                "Version %(number)s of %(date)s",
                number=leaf.version.number,
                date=i18n.format_date(leaf.version.submitted_at.astimezone(UTC).date()),
            ),
            title=in_language(said.get("title")),
            place=_place(leaf),
            marks=" · ".join(
                words.say(PITCH.by_name[name], said[name])
                for name in ("sector_primary", "stage", "climate_objective")
                if said.get(name)
            ),
            address=leaf.address,
            address_label=_("Read the whole project"),
            made_at=leaf.version.submitted_at,
            illustrative=_("This project is an illustration: its amounts, dates and figures are invented.")
            if leaf.project.is_illustrative
            else "",
            picture=_picture(leaf),
            picture_alt=in_language(leaf.images[0].alt) if leaf.images else "",
            figures=[*_money(leaf), *_effects(leaf)][:4],
            sections=list(_sections(leaf)),
            facts=list(_facts(leaf)),
            notes=list(_notes(leaf)),
        )
    )


def _place(leaf: Leaf) -> str:
    place = f"{city_name(leaf.city)}, {i18n.country_name(leaf.city.country)}"
    if leaf.partner is None:
        return place
    return f"{place} · {_('Paired with %(city)s', city=city_name(leaf.partner))}"


def _picture(leaf: Leaf) -> bytes | None:
    if not leaf.images:
        return None
    try:
        # Pictures are among the basics, which everybody may read.
        return files.read(leaf.slug, leaf.images[0].uid, None)[1]
    except (Refusal, OSError):
        # A page without its picture is of more use than none.
        return None


def _money(leaf: Leaf) -> Iterator[Figure]:
    named: list[tuple[str, Amount | None]] = [
        (_("Cost to build"), leaf.amount("capex")),
        (_("Not secured yet"), leaf.gap),
        (_("Amount asked for"), leaf.amount("ask_amount")),
    ]
    for label, amount in named:
        if amount is not None:
            yield Figure(
                label,
                f"{amount.currency}\u00a0{i18n.format_magnitude(amount.value)}",
                ""
                if amount.usd is None
                else _("about %(amount)s", amount=f"USD\u00a0{i18n.format_magnitude(amount.usd)}"),
            )


def _effects(leaf: Leaf) -> Iterator[Figure]:
    for name in ("beneficiaries_direct", "ghg_tco2e_year", "jobs_build", "people_protected", "restored_ha", "homes"):
        value = leaf.content.get(name)
        if value and Decimal(str(value)):
            field = PITCH.by_name[name]
            yield Figure(str(field.label), words.say(field, value))


def _sections(leaf: Leaf) -> Iterator[Section]:
    for name, heading in (("summary", _("In short")), ("problem", _("The problem")), ("solution", _("The solution"))):
        texts = leaf.content.get(name)
        if texts:
            shown = in_language(texts)
            code = next(code for code, text in texts.items() if text == shown)
            is_own = bool(texts.get(i18n.locale()))
            title = heading if is_own else f"{heading} ({i18n.language_name(code)})"
            yield Section(title, shown)
    risks = leaf.content.get("risks")
    if risks:
        field = PITCH.by_name["risks"]
        said = (": ".join(word for _label, word in (row[0], row[2]) if word) for row in words.rows(field, risks))
        yield Section(str(field.label), " ".join(_ended(one) for one in said))


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _facts(leaf: Leaf) -> Iterator[tuple[str, str]]:
    yield from _answers(leaf, _OF_MONEY)
    contact = [leaf.content.get(name) for name in ("contact_name", "contact_email", "contact_phone", "contact_role")]
    if any(contact):
        yield _("Contact person"), ", ".join(str(one) for one in contact if one)
    shown = {figure.label for figure in [*_money(leaf), *_effects(leaf)][:4]}
    for field, value in leaf.answers(Block.IMPACT):
        if field.kind in {Kind.WHOLE, Kind.NUMBER} and str(field.label) not in shown and field.name != "baseline_year":
            yield str(field.label), words.say(field, value)
    if leaf.lifetime_ghg:
        yield _("Emissions over its useful life"), words.say(PITCH.by_name["ghg_tco2e_year"], str(leaf.lifetime_ghg))
    yield from _answers(leaf, _OF_PLANS)


def _answers(leaf: Leaf, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in names:
        if leaf.content.get(name):
            yield str(PITCH.by_name[name].label), words.say(PITCH.by_name[name], leaf.content[name])


def _notes(leaf: Leaf) -> Iterator[str]:
    if leaf.rate is not None:
        per_usd, on = leaf.rate
        yield _(
            "One US dollar was %(rate)s on %(date)s; amounts in dollars are at this rate.",
            rate=words.amount(per_usd, leaf.version.currency),
            date=i18n.format_date(on),
        )
    if leaf.is_more_than_public:
        yield _("Contains parts that the city does not show to everybody.")
