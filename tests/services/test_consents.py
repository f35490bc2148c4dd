"""Agreements with version, language and time."""

import hashlib

from marketplace import i18n
from marketplace.models import ConsentKind
from marketplace.services import consents

WORDS = {
    ("terms", "2026-01"): "4050a569153c",
    ("directory", "2026-01"): "6cb7346aa400",
    ("news", "2026-01"): "da49ba494b71",
}


def test_other_words_need_another_version():
    found = {
        (kind.value, text.version): hashlib.sha256(str(text.words).encode()).hexdigest()[:12]
        for kind, text in consents.TEXTS.items()
    }

    assert found == WORDS


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
