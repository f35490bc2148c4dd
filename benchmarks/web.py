"""Measure pages against a bare Flask view: same machine, same server, same run, in turn.

    python benchmarks/web.py [--seconds 0.5] [--rounds 20] [PATH ...]

Prints requests per second, CPU per request and their ratios to the bare 60-row view, measured in many short turns so
that a machine whose speed drifts still gives an honest ratio; further the weight of a first visit, the time and CPU to
import the application, and the memory of a web worker.
"""

import argparse
import gzip
import http.client
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from urllib.request import urlopen

from load import ROOT, Server, Visit, compare


def weight(port: int, path: str) -> dict[str, int]:
    """Compressed bytes of a first visit: the page and every file it names."""
    page = urlopen(f"http://127.0.0.1:{port}{path}").read()
    found = {path: len(gzip.compress(page, 6))}
    for name in sorted(set(re.findall(rb'(?:href|src)="(/static/[^"#]+)', page))):
        request = http.client.HTTPConnection("127.0.0.1", port)
        request.request("GET", name.decode(), headers={"Accept-Encoding": "gzip"})
        found[name.decode()] = len(request.getresponse().read())
    return found


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
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATA_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/marketplace.db"}
        flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
        for command in (["db", "upgrade"], ["seed"]):
            subprocess.run([*flask, *command], cwd=ROOT, env=environment, check=True, capture_output=True)
        ours, bare = Server("wsgi:app", environment), Server("benchmarks.bare:app", environment)
        try:
            report(options, ours, bare)
        finally:
            ours.stop()
            bare.stop()


def report(options: argparse.Namespace, ours: Server, bare: Server) -> None:
    print("| page | requests/s | bare 60-row view | ratio (quartiles) | CPU ms | bare | ratio |")
    print("|---|---|---|---|---|---|---|")
    for path in options.paths:
        found = compare((ours, get(path)), (bare, get("/rows")), seconds=options.seconds, rounds=options.rounds)
        low, middle, high = found.rates()
        print(
            f"| {path} | {found.median(0, 'rate'):.0f} | {found.median(1, 'rate'):.0f} "
            f"| **{middle:.2f}** ({low:.2f} to {high:.2f}) "
            f"| {found.median(0, 'milliseconds'):.2f} | {found.median(1, 'milliseconds'):.2f} | {found.cpu():.2f} |",
            flush=True,
        )
    for path in options.paths:
        found = weight(ours.port, path)
        print(f"\nFirst visit of {path}: {sum(found.values()) / 1000:.1f} kB compressed")
        for name, size in found.items():
            print(f"  {size / 1000:6.1f}  {name}")
    print(f"\nImport of the application: {import_seconds():.2f} s CPU")
    print(f"Memory of a web worker: {ours.memory():.0f} MB")


def get(path: str) -> Visit:
    return lambda connection: connection.send("GET", path)


if __name__ == "__main__":
    main()
