"""The suite as one command: `make test`. Provides what a browser test needs where it may, then runs everything.

Exit code as pytest's. REQUIRE_POSTGRESQL=1 and REQUIRE_BROWSER=1 turn the skips of a lesser machine into failures.
"""

import os
import sys

import pytest

from tests.browser.chromium import provide

if __name__ == "__main__":
    provide()
    workers = str(min(4, os.cpu_count() or 1))
    arguments = sys.argv[1:] or ["-q", "--numprocesses", workers, "--dist", "worksteal", "--timeout", "300"]
    raise SystemExit(pytest.main(arguments))
