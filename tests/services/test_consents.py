"""Agreements with version, language and time."""

import hashlib

from marketplace import i18n
from marketplace.models import ConsentKind, RegistrationConsent, RegistrationConsentKind
from marketplace.services import consents, registration

WORDS = {
    ("terms", "2026-01"): "4050a569153c",
    ("directory", "2026-01"): "6cb7346aa400",
    ("news", "2026-01"): "da49ba494b71",
}

AGREED_AT_REGISTRATION = {
    ("2026-01", "en"): "ca08a400c2f7",
    ("2026-01", "es"): "3954dac84a3e",
    ("2026-01", "pt"): "47797e530f33",
}


def test_other_words_need_another_version():
    found = {
        (kind.value, text.version): hashlib.sha256(str(text.words).encode()).hexdigest()[:12]
        for kind, text in consents.TEXTS.items()
    }

    assert found == WORDS


def test_other_words_at_registration_need_another_version_in_every_language():
    """G03: the words of a version are never changed, because people have agreed to them."""
    found = {}
    for version, words in registration.CONSENT_WORDS.items():
        for language in i18n.LANGUAGES:
            with i18n.speaking(language):
                text = "|".join(f"{kind.value}: {one}" for kind, one in sorted(words.items()))
            found[version, language] = hashlib.sha256(text.encode()).hexdigest()[:12]

    assert found == AGREED_AT_REGISTRATION


def test_consent_at_registration_is_told_in_the_words_and_language_it_was_given_in():
    given = RegistrationConsent(kind=RegistrationConsentKind.DIRECTORY, version="2026-01", language="es")

    with i18n.speaking("pt"):
        assert registration.agreed_words(given).startswith("Las demás personas participantes")


def test_consent_keeps_version_language_and_time(make, clock):
    user = make.user()
    with i18n.speaking("pt"):
        consents.give(user, ConsentKind.NEWS)
    clock.shift(3600)
    consents.withdraw(user, ConsentKind.NEWS)
    consents.withdraw(user, ConsentKind.NEWS)

    (row,) = consents.history(user)
    assert (row.kind, row.version, row.language) == (ConsentKind.NEWS, "2026-01", "pt")
    assert (row.withdrawn_at - row.given_at).total_seconds() == 3600
    assert consents.given(user) == {}


def test_consent_given_twice_is_one(make):
    user = make.user()

    one, two = consents.give(user, ConsentKind.NEWS), consents.give(user, ConsentKind.NEWS)

    assert one.id == two.id
    assert set(consents.given(user)) == {ConsentKind.NEWS}


def test_new_version_is_agreed_to_anew(make, monkeypatch):
    user = make.user()
    consents.give(user, ConsentKind.NEWS)
    text = consents.TEXTS[ConsentKind.NEWS]
    monkeypatch.setitem(consents.TEXTS, ConsentKind.NEWS, consents.Text("2027-01", text.title, text.words))

    consents.give(user, ConsentKind.NEWS)

    assert [(row.version, row.withdrawn_at is None) for row in consents.history(user)] == [
        ("2027-01", True),
        ("2026-01", False),
    ]
