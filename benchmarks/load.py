"""Load for servers on this machine: a lean client, and comparisons in turn by rate and by CPU time of the server.

The client reads and writes bytes by itself, so that it takes little of the processors it shares with what it measures.
Two things are compared in many short turns, one after the other; each turn gives a ratio, and their median counts. The
CPU time is that of the server's threads alone, so that whatever else the machine does hardly changes it.
"""

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 4


@dataclass(frozen=True)
class Answer:
    """What a server sent."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Return the first header of that name."""
        found = re.search(rf"\r\n{name}: ([^\r]*)".encode(), self.head, re.IGNORECASE)
        return found.group(1).decode() if found else ""

    def cookies(self) -> str:
        """Return all cookies it sets, as a browser sends them back."""
        found = re.findall(rb"\r\nset-cookie: ([^;\r]*)", self.head, re.IGNORECASE)
        return b"; ".join(found).decode()


class Connection:
    """A kept connection, opened again where the server closed it between two requests."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None

    def send(
        self, method: str, path: str, *, body: str = "", headers: dict[str, str] | None = None, status: int = 200
    ) -> Answer:
        """Send a request and return the answer; another status than expected ends the program."""
        content = body.encode()
        fields = {"Host": f"127.0.0.1:{self.port}", "Accept-Encoding": "identity", **(headers or {})}
        if content:
            fields["Content-Length"] = str(len(content))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        request = "\r\n".join(lines).encode() + content
        try:
            answer = self._exchange(request)
        except ConnectionError:
            self._socket = None
            answer = self._exchange(request)
        if answer.status != status:
            raise SystemExit(f"{method} {path} answered {answer.status}")
        return answer

    def _exchange(self, request: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = bytes(received[: end + 2])
        length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
        status = int(head[9:12])
        whole = end + 4 + (int(length.group(1)) if length and status != 304 else 0)
        while len(received) < whole:
            received += self._more()
        if re.search(rb"\r\nconnection: close", head, re.IGNORECASE):
            self._socket = None
        return Answer(status, head, bytes(received[end + 4 :]))

    def _more(self) -> bytes:
        assert self._socket is not None
        found = self._socket.recv(262_144)
        if not found:
            raise ConnectionError
        return found


Visit = Callable[[Connection], object]


class Server:
    """An application with one web worker, or more; CPU time is that of all of them, memory that of the first."""

    def __init__(self, module: str, environment: dict[str, str], workers: int = 1) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), module]
        # A worker that retires after some thousand requests would fall into one turn and not into another.
        settings = {"PORT": str(self.port), "WEB_CONCURRENCY": str(workers), "LOG_LEVEL": "WARNING"}
        settings["GUNICORN_CMD_ARGS"] = "--max-requests 0"
        self._process = subprocess.Popen(command, cwd=ROOT, env={**environment, **settings}, start_new_session=True)
        for _ in range(200):
            try:
                urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2).read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{module} did not start")

    def stop(self) -> None:
        """End it and wait."""
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(20)

    def _workers(self) -> list[Path]:
        pid = self._process.pid
        return [Path(f"/proc/{child}") for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def cpu(self) -> float:
        """Return the CPU seconds its threads have used so far."""
        threads = [file for worker in self._workers() for file in worker.glob("task/*/schedstat")]
        return sum(int(file.read_text().split()[0]) for file in threads) / 1e9

    def memory(self) -> float:
        """Return the resident megabytes of the worker."""
        found = re.search(r"VmRSS:\s+(\d+)", (self._workers()[0] / "status").read_text())
        return int(found.group(1)) / 1024 if found else 0.0


@dataclass(frozen=True)
class Turn:
    """What a server did in one turn: answers per second, and CPU milliseconds for each."""

    rate: float
    milliseconds: float


def turn(server: Server, visit: Visit, seconds: float) -> Turn:
    """Visit a server over a few kept connections for so long."""
    counts, cpu, began = [0] * CONNECTIONS, server.cpu(), time.perf_counter()

    def load(number: int) -> None:
        connection = Connection(server.port)
        while time.perf_counter() < began + seconds:
            visit(connection)
            counts[number] += 1

    threads = [threading.Thread(target=load, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    number = max(1, sum(counts))
    return Turn(number / (time.perf_counter() - began), 1000 * (server.cpu() - cpu) / number)


@dataclass(frozen=True)
class Comparison:
    """Turns of one thing and of another, in pairs."""

    pairs: list[tuple[Turn, Turn]]

    def median(self, side: int, figure: str) -> float:
        """Return the median of `rate` or `milliseconds` of the first (0) or second (1)."""
        return statistics.median(getattr(pair[side], figure) for pair in self.pairs)

    def rates(self) -> tuple[float, float, float]:
        """Return the lower quartile, median and upper quartile of the ratio of the rates."""
        low, middle, high = statistics.quantiles([one.rate / two.rate for one, two in self.pairs], n=4)
        return low, middle, high

    def cpu(self) -> float:
        """Return how many times the work of one the server does for the same CPU time: 1 is as cheap as the other."""
        return statistics.median(two.milliseconds / one.milliseconds for one, two in self.pairs)


def compare(one: tuple[Server, Visit], two: tuple[Server, Visit], *, seconds: float, rounds: int) -> Comparison:
    """Measure two things in turn; which comes first changes from round to round."""
    for server, visit in (one, two):
        turn(server, visit, 0.5)
    pairs = []
    for number in range(rounds):
        if number % 2:
            second = turn(*two, seconds)
            pairs.append((turn(*one, seconds), second))
        else:
            first = turn(*one, seconds)
            pairs.append((first, turn(*two, seconds)))
    return Comparison(pairs)
