"""Countries and time zones."""

from zoneinfo import ZoneInfo

import pytest

from marketplace import i18n
from marketplace.services import places


def test_zones_exist_and_hold_those_of_the_programme():
    assert {ZoneInfo(name).key for name in places.zones()} == set(places.zones())
    assert {"America/Manaus", "America/Argentina/Cordoba", "Pacific/Honolulu", "UTC"} <= set(places.zones())


@pytest.mark.parametrize(("name", "known"), [("America/Lima", True), ("America/Nowhere", False), ("", False)])
def test_is_zone_knows_what_exists(name, known):
    assert places.is_zone(name) is known


@pytest.mark.parametrize(("language", "words"), [("en", "Brazil"), ("es", "Brasil"), ("pt", "Brasil")])
def test_country_choices_are_in_the_order_of_the_reader(language, words):
    with i18n.speaking(language):
        found = places.country_choices()

    assert dict(found)["BR"] == words
    # Accents do not send a country to the end of the list.
    assert [name for _, name in found][-1][0] != "Á"
    assert len(found) == len(places.countries()) > 240


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["New York (United States)", "Cordoba (Argentina)", "Mexico City (Mexico)"]),
        ("es", ["Nueva York (Estados Unidos)", "Córdoba (Argentina)", "Ciudad de México (México)"]),
        ("pt", ["Nova York (Estados Unidos)", "Córdoba (Argentina)", "Cidade do México (México)"]),
    ],
)
def test_zones_are_chosen_by_place_and_country_in_the_words_of_the_reader(language, words):
    with i18n.speaking(language):
        found = places.zone_choices()

    named = dict(found)
    assert [named[f"America/{name}"] for name in ("New_York", "Argentina/Cordoba", "Mexico_City")] == words
    assert set(named) == set(places.zones())
    # Two zones of one name could not be told apart.
    assert len(set(named.values())) == len(found)
    assert found[0] == ("UTC", "UTC")
