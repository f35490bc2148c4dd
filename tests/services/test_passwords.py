"""Which passwords are accepted, and how they are kept."""

import pytest

from marketplace.errors import Invalid
from marketplace.services import passwords

ABOUT = ("Ana Souza", "ana.souza@example.org")


@pytest.mark.parametrize(
    "word",
    [
        "password",
        "P@ssw0rd123!",
        "Contraseña2026",
        "senha12345",
        "12345678",
        "87654321",
        "qwertyuiop1",
        "1q2w3e4r",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "19900101",
        "01/02/1990",
        "iloveyou!!",
        "passwordpassword",
        "citiesforward2026",
        "Ana.Souza1990",
        "souzaana1!",
        "summer2026!",
    ],
)
def test_password_that_is_guessed_first_is_refused(word):
    with pytest.raises(Invalid) as refusal:
        passwords.check(word, ABOUT)

    assert refusal.value.field == "password"


@pytest.mark.parametrize(
    "word",
    [
        "correct horse battery staple",
        "largo camino verde",
        "uma casa amarela",
        "x8G!w2Lq",
        "violin-2-market-7",
        "ñandú tímido",
        "口令很长也可以用吗",
        "a" + "bcdfghjk mnpq " * 18,
    ],
)
def test_password_of_any_signs_is_accepted_without_rules_of_composition(app, word):
    passwords.check(word, ABOUT)

    assert passwords.verify(passwords.hashed(word), word)


@pytest.mark.parametrize("word", ["seven77", "xk" * 129], ids=["short", "long"])
def test_password_has_eight_to_256_characters(word):
    with pytest.raises(Invalid):
        passwords.check(word, ABOUT)


def test_password_typed_on_another_keyboard_is_the_same(app):
    stored = passwords.hashed("ﬁnal Ångström road")

    assert passwords.verify(stored, "final A\u030angstro\u0308m road")
    assert not passwords.verify(stored, "final Angstrom road")


def test_hash_is_argon2id_with_a_salt_of_its_own(app):
    one, two = passwords.hashed("violin lantern 47"), passwords.hashed("violin lantern 47")

    assert one.startswith("$argon2id$")
    assert one != two


def test_real_parameters_follow_owasp():
    hasher = passwords._hasher(False)

    assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (2, 19456, 1)


@pytest.mark.parametrize("stored", [None, "", "not a hash"])
def test_nothing_fits_where_there_is_no_hash(app, stored):
    assert passwords.verify(stored, "the password of nobody") is False
