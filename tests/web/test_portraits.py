"""A06, W02: photos of speakers are drawn anew, shown to whoever may see the event, and gone when taken out."""

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from marketplace import config
from marketplace.models import EventState
from marketplace.services import events, portraits, programme

FAR = datetime(2126, 1, 1, tzinfo=UTC)
ADDRESS = "/desk/events/dialogue/speakers"


def picture(kind="JPEG", size=(1200, 900), **options) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "teal").save(written, kind, **options)
    return written.getvalue()


@pytest.fixture
def browser(make, login_as, clock):
    return login_as(make.organiser())


@pytest.fixture
def event(make, clock):
    return make.event(slug="dialogue")


def send(browser, content, name="ana.jpg", address=f"{ADDRESS}/new", **answers):
    data = {"name": "Ana Muñoz", "photo": (io.BytesIO(content), name), **answers}
    return browser.post(address, data=data, content_type="multipart/form-data")


def speaker(event):
    (found,) = programme.speakers(events.public(event.slug))
    return found


def test_photo_is_drawn_anew_small_and_shown_with_its_words(browser, client, event):
    exif = Image.Exif()
    exif[0x010E] = "Rua das Flores 7"

    answer = send(browser, picture(exif=exif), photo_alts_en="Ana at a lectern")

    assert answer.status_code == 303
    page = client.get("/events/dialogue/speakers").get_data(as_text=True)
    address = f"/events/dialogue/photos/{speaker(event).photo}"
    assert f'src="{address}" alt="Ana at a lectern"' in page
    photo = client.get(address)
    assert (photo.status_code, photo.content_type) == (200, "image/jpeg")
    assert photo.headers["X-Content-Type-Options"] == "nosniff"
    assert b"Flores" not in photo.data
    assert Image.open(io.BytesIO(photo.data)).size == (480, 360)


def test_photo_without_words_says_whose_portrait_it_is_in_the_readers_language(browser, client, event):
    send(browser, picture("PNG"), "ana.png")

    words = [
        client.get("/events/dialogue/speakers", headers={"Accept-Language": code}).get_data(as_text=True)
        for code in ("en", "es", "pt")
    ]

    for page, alt in zip(words, ("Portrait of Ana Muñoz", "Retrato de Ana Muñoz", "Retrato de Ana Muñoz"), strict=True):
        assert f'alt="{alt}"' in page


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "ana.svg"),
        (b"<html><script>alert(1)</script></html>", "ana.jpg"),
        (b"GIF89a" + bytes(40), "ana.gif"),
        (picture()[:200], "ana.jpg"),
        (picture(size=(4000, 4000)), "ana.jpg"),
    ],
    ids=["svg", "html", "gif", "broken", "too large"],
)
def test_what_is_no_photo_is_refused_and_nothing_is_saved(browser, event, content, name, monkeypatch):
    monkeypatch.setattr(portraits, "LARGEST", 30_000)

    answer = send(browser, content, name)

    assert answer.status_code == 422
    assert "photo-error" in answer.get_data(as_text=True)
    assert programme.speakers(event) == []


def test_new_photo_has_a_new_address_and_the_old_one_is_gone(browser, client, event, clock):
    send(browser, picture())
    first = speaker(event)
    old, uid = f"/events/dialogue/photos/{first.photo}", first.uid
    client.get("/events/dialogue/speakers")

    send(browser, picture(size=(30, 30)), address=f"{ADDRESS}/{uid}")

    assert client.get(old).status_code == 404
    assert client.get(f"/events/dialogue/photos/{speaker(event).photo}").status_code == 200
    browser.post(f"{ADDRESS}/{uid}", data={"name": "Ana Muñoz", "no_photo": "y"})
    assert "portrait" not in client.get("/events/dialogue/speakers").get_data(as_text=True)


def test_sweep_removes_photos_nobody_shows_and_keeps_those_of_a_copy(browser, event, clock, make):
    send(browser, picture())
    shown = speaker(event)
    twin = events.copy("dialogue", make.organiser())
    name = shown.photo
    browser.post(f"{ADDRESS}/{shown.uid}", data={"name": "Ana Muñoz", "no_photo": "y"})
    folder = config.current().upload_dir / "speakers"
    portraits.keep("dialogue", shown.uid, picture(size=(9, 9)), make.organiser())
    portraits.remove("dialogue", shown.uid, make.organiser())
    clock.move_to(FAR)

    portraits.sweep(None)

    assert [path.name for path in folder.iterdir()] == [name]
    assert programme.speakers(twin)[0].photo == name


def test_photo_of_a_draft_or_of_another_event_is_nobodys(browser, client, event, make):
    send(browser, picture())
    name = speaker(event).photo
    make.event(slug="other")
    draft = make.event(slug="secret", state=EventState.DRAFT)
    secret = programme.save_speaker("secret", programme.SpeakerDetails("Ben"), make.organiser())
    portraits.keep("secret", secret.uid, portraits.checked(picture()), make.organiser())
    hidden = programme.speakers(draft)[0].photo

    for address in (
        f"other/photos/{name}",
        f"secret/photos/{hidden}",
        "dialogue/photos/..%2F..%2Fkey",
        "dialogue/photos/x",
    ):
        assert client.get(f"/events/{address}").status_code == 404
    assert browser.get(f"/events/secret/photos/{hidden}").status_code == 200
