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
