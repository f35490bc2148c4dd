"""Everything the product records, writes or does in the background has words for the organiser."""

import re

import marketplace.cli
import marketplace.web  # noqa: F401 - with the commands it brings in every handler of a job
from marketplace.config import ROOT
from marketplace.services import desk_words, jobs

SOURCES = [path.read_text() for path in sorted((ROOT / "marketplace").rglob("*.py"))]


def found(pattern: str) -> set[str]:
    return {match for source in SOURCES for match in re.findall(pattern, source)}


def test_every_act_that_is_recorded_has_words():
    recorded = found(r'audit\.record\(\s*"([^"]+)"')

    assert recorded
    assert recorded - set(desk_words.ACTS) == set()


def test_every_letter_that_is_written_has_words():
    written = {path.name for path in (ROOT / "templates" / "mail").iterdir() if path.is_dir()}

    assert written
    assert written - set(desk_words.LETTERS) == set()


def test_every_job_of_the_product_has_words():
    handled = found(r'jobs\.handler\(\s*"([^"]+)"')

    assert handled <= set(jobs._handlers)
    assert handled - set(desk_words.JOBS) == set()


def test_unknown_codes_are_shown_as_they_are():
    assert (desk_words.act("a.b"), desk_words.letter("c"), desk_words.job("d")) == ("a.b", "c", "d")
