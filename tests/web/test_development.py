import pytest

from marketplace.services import installation


@pytest.fixture
def letter(app, deliver, client):
    """The letter that asks a new person to confirm the address."""
    client.post(
        "/register", data={"name": "Ana", "email": "ana@example.org", "locale": "pt", "timezone": "UTC", "terms": "y"}
    )
    return deliver()[0]


@pytest.mark.parametrize(
    "path", ["/dev/mail", "/dev/mail/{}", "/dev/mail/{}/html", "/dev/mail/{}.eml", "/dev/styleguide"]
)
def test_rooms_of_a_sample_do_not_exist_elsewhere(client, letter, path):
    assert client.get(path.format(letter.uid)).status_code == 404


def test_sample_shows_letters_with_links_that_work(client, letter):
    installation.mark_as_sample()

    listed = client.get("/dev/mail").get_data(as_text=True)
    page = client.get(f"/dev/mail/{letter.uid}").get_data(as_text=True)
    link = page.split('href="http://localhost/confirm/')[1].split('"')[0]

    assert f"/dev/mail/{letter.uid}" in listed
    assert "ana@example.org" in listed
    assert client.get(f"/confirm/{link}").status_code == 200


def test_letter_is_framed_by_our_page_only_and_opens_links_outside(client, letter):
    installation.mark_as_sample()

    answer = client.get(f"/dev/mail/{letter.uid}/html")
    source = client.get(f"/dev/mail/{letter.uid}.eml")

    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert '<a target="_blank"' in answer.get_data(as_text=True)
    assert source.content_type == "message/rfc822"
    assert f"<{letter.uid}@localhost>" in source.get_data(as_text=True)


def test_unknown_letter_is_not_found(client, letter):
    installation.mark_as_sample()

    assert client.get("/dev/mail/nothing").status_code == 404
