"""Measure pages against a bare Flask view: same machine, same server, same run, in turn.

    python benchmarks/web.py [--seconds 3] [--rounds 5] [PATH ...]

Prints requests per second (median over the rounds) and the ratio to the bare 60-row view, round by round, so that a
machine whose speed drifts still gives an honest ratio; further the weight of a first visit, the time and CPU to import
the application, and the memory of a web worker.
"""

import argparse
import gzip
import http.client
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = 4


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(module: str, port: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), module]
    environment = {**environment, "PORT": str(port), "WEB_CONCURRENCY": "1", "LOG_LEVEL": "WARNING"}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    for _ in range(200):
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).read()
            return server
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{module} did not start")


def rate(port: int, path: str, seconds: float) -> float:
    """Requests per second over a few kept connections."""
    counts = [0] * CONNECTIONS
    end = time.perf_counter() + seconds

    def load(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.perf_counter() < end:
            connection.request("GET", path, headers={"Accept-Encoding": "identity"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"{path} answered {answer.status}")
            counts[number] += 1

    threads = [threading.Thread(target=load, args=(number,)) for number in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def weight(port: int, path: str) -> dict[str, int]:
    """Compressed bytes of a first visit: the page and every file it names."""
    page = urlopen(f"http://127.0.0.1:{port}{path}").read()
    found = {path: len(gzip.compress(page, 6))}
    for name in sorted(set(re.findall(rb'(?:href|src)="(/static/[^"#]+)', page))):
        request = http.client.HTTPConnection("127.0.0.1", port)
        request.request("GET", name.decode(), headers={"Accept-Encoding": "gzip"})
        found[name.decode()] = len(request.getresponse().read())
    return found


def memory(server: subprocess.Popen[bytes]) -> float:
    """Resident megabytes of the web worker (the child of gunicorn's master)."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    status = Path(f"/proc/{children[0]}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def import_seconds() -> float:
    """CPU seconds to import and build the application, median of five."""
    figures = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", "import wsgi"], cwd=ROOT, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", default=["/", "/cities"])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATA_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/marketplace.db"}
        flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
        for command in (["db", "upgrade"], ["seed"]):
            subprocess.run([*flask, *command], cwd=ROOT, env=environment, check=True, capture_output=True)
        ports = free_port(), free_port()
        servers = [start("wsgi:app", ports[0], environment), start("benchmarks.bare:app", ports[1], environment)]
        try:
            report(options, ports, servers[0])
        finally:
            for server in servers:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait(20)


def report(options: argparse.Namespace, ports: tuple[int, int], server: subprocess.Popen[bytes]) -> None:
    targets = [(ports[1], "/rows"), *((ports[0], path) for path in options.paths)]
    for port, path in targets:
        rate(port, path, 0.5)
    rounds = [[rate(port, path, options.seconds) for port, path in targets] for _ in range(options.rounds)]
    print("| page | requests/s | ratio to the bare 60-row view (min, median, max) |\n|---|---|---|")
    for column, (_, path) in enumerate(targets):
        ratios = [figures[column] / figures[0] for figures in rounds]
        median = statistics.median(figures[column] for figures in rounds)
        label = "bare 60-row view" if column == 0 else path
        print(f"| {label} | {median:.0f} | {min(ratios):.2f}, {statistics.median(ratios):.2f}, {max(ratios):.2f} |")
    for path in options.paths:
        found = weight(ports[0], path)
        print(f"\nFirst visit of {path}: {sum(found.values()) / 1000:.1f} kB compressed")
        for name, size in found.items():
            print(f"  {size / 1000:6.1f}  {name}")
    print(f"\nImport of the application: {import_seconds():.2f} s CPU")
    print(f"Memory of a web worker: {memory(server):.0f} MB")


if __name__ == "__main__":
    main()
