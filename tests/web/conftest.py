"""The fixture of tests about reviews."""

from tests.reviewing import case as case
