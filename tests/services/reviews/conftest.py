"""The fixture of the tests of reviews."""

from tests.reviewing import case as case
