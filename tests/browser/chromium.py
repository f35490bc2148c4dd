"""Finding a Chromium for the browser tests, and getting one where that is allowed."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
NO_BROWSER = "Chromium was not found: apt-get install -y chromium, or name one in CHROMIUM_PATH"


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    return os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, NAMES)), None)


def provide() -> str | None:
    """Return the path of a Chromium; as root on a Debian system install one where there is none."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": 420, "check": False}
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        try:
            subprocess.run(["apt-get", "update"], **quiet)
            subprocess.run(
                ["apt-get", "install", "-y", "--no-install-recommends", "chromium"], env=environment, **quiet
            )
        except subprocess.TimeoutExpired:
            pass
    return find()
