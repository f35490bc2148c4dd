"""`make run` as a newcomer meets it: everything comes up, answers, and goes down without leaving a child behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from marketplace.config import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def descendants(pid: int) -> set[int]:
    """Return the processes below one, as Linux lists them."""
    found: set[int] = set()
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for child in children.read_text().split() if children.exists() else []:
        found |= {int(child)} | descendants(int(child))
    return found


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


class Installation:
    """One `flask serve` with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.environment = {
            **os.environ,
            "PORT": str(self.port),
            "DATA_DIR": str(folder),
            "DATABASE_URL": "",
            "WEB_CONCURRENCY": "2",
            "LOG_LEVEL": "WARNING",
        }

    def start(self) -> None:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "serve"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def get(self, path: str) -> tuple[int, str]:
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()

    def wait_until_ready(self, seconds: float) -> float:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            try:
                if self.get("/")[0] == 200:
                    return time.monotonic() - began
            except (URLError, OSError):
                time.sleep(0.1)
        pytest.fail(f"no page after {seconds} s")

    def stop(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=30)
        return self.process.returncode, output


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the children of a process are read from Linux' /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_serve_brings_everything_up_and_takes_it_down(tmp_path, number):
    installation = Installation(tmp_path)

    installation.start()
    installation.wait_until_ready(90)
    ready, home, mail = installation.get("/readyz"), installation.get("/"), installation.get("/dev/mail")
    children = descendants(installation.process.pid)
    code, output = installation.stop(number)

    assert json.loads(ready[1]) == {"status": "ok"}
    assert home[0] == mail[0] == 200
    assert len(children) >= 4
    assert code == 0
    assert alive(children) == set()
    assert f"http://127.0.0.1:{installation.port}" in output
    assert "organiser@cities.example" in output
    assert "demo-password-1" in output
    assert "Traceback" not in output


def test_second_start_keeps_the_data_and_loads_no_second_sample(tmp_path):
    installation = Installation(tmp_path)
    installation.start()
    installation.wait_until_ready(90)
    first = installation.get("/cities")[1].count("/cities/")
    installation.stop(signal.SIGTERM)

    installation.start()
    installation.wait_until_ready(60)
    second = installation.get("/cities")[1].count("/cities/")
    _, output = installation.stop(signal.SIGTERM)

    assert first == second >= 24
    assert "Loading the sample programme" not in output


def test_part_that_dies_takes_the_others_down_with_it(tmp_path):
    installation = Installation(tmp_path)
    installation.start()
    installation.wait_until_ready(90)
    children = descendants(installation.process.pid)
    worker = next(pid for pid in children if "worker" in Path(f"/proc/{pid}/cmdline").read_text())

    os.kill(worker, signal.SIGKILL)
    installation.process.communicate(timeout=30)

    assert installation.process.returncode == 1
    assert alive(children) == set()
