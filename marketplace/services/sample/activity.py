"""A little life in the sample programme: consents, requests, invitations, letters; acts go through the services."""

from marketplace import clock
from marketplace.database import session
from marketplace.models import Consent, ConsentKind, MembershipRole, User
from marketplace.services import consents, invitations, memberships, organisations, outbox, passwords, people


def give_consents(users: list[User]) -> None:
    """Write down the terms for everybody, and the directory of participants for all but every fifth."""
    now = clock.now()
    for number, user in enumerate(users):
        kinds = [ConsentKind.TERMS] if number % 5 == 4 else [ConsentKind.TERMS, ConsentKind.DIRECTORY]
        session().add_all(
            Consent(
                user_id=user.id, kind=kind, version=consents.TEXTS[kind].version, language=user.locale, given_at=now
            )
            for kind in kinds
        )


def begin(users: dict[str, User]) -> None:
    """Leave some things waiting: requests to join, open invitations, a letter that was called back."""
    organiser = users["organiser@cities.example"]
    memberships.ask(
        "corredor-verde-hemisferico",
        users["attendee@cities.example"],
        message="Coordino un observatorio urbano y quisiera sumarme a los recorridos de la red.",
    )
    memberships.ask(
        "iclei-south-america",
        users["city.fortaleza.3@cities.example"],
        message="Apoio a equipe regional nas reuniões preparatórias do encontro.",
    )
    memberships.ask("great-bend-university", users["city.dubuque.2@cities.example"])
    invitations.invite(
        "manaus", "planejamento@manaus.example", MembershipRole.MEMBER, users["city.manaus@cities.example"]
    )
    invitations.invite(
        "fundacion-tres-orillas",
        "attendee@cities.example",
        MembershipRole.MEMBER,
        users["fundacion-tres-orillas@cities.example"],
        job_title="Consejera académica",
    )
    organisations.verify("lindenfeld-foundation", organiser)
    forgetful = users["city.cali.3@cities.example"]
    passwords.send_reset(forgetful.email)
    for letter in people.newest_letters(forgetful, limit=1):
        outbox.cancel(letter.uid, organiser)
