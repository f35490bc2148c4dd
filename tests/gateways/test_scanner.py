"""The virus scanner's words, and what is made of a scanner that does not answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from marketplace.gateways import scanner


@contextmanager
def clamd(answer: bytes, family: int = socket.AF_INET, path: str = "") -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes one stream and gives one answer."""
    server = socket.socket(family)
    server.bind(path or ("127.0.0.1", 0))
    server.listen()
    received: list[bytes] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            while size := int.from_bytes(stream.read(4)):
                received.append(stream.read(size))
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield (f"unix://{path}" if path else f"tcp://127.0.0.1:{server.getsockname()[1]}"), received
    finally:
        thread.join(5)
        server.close()


def test_clean_file_is_clean():
    content = bytes(range(256)) * 1000
    with clamd(b"stream: OK\0") as (address, received):
        assert scanner.is_clean(address, content)
    assert b"".join(received) == content


def test_infected_file_is_not(tmp_path):
    with clamd(b"stream: Eicar FOUND\0", socket.AF_UNIX, str(tmp_path / "clamd")) as (address, _):
        assert not scanner.is_clean(address, b"x")


def test_other_words_are_no_answer():
    with clamd(b"INSTREAM size limit exceeded. ERROR\0") as (address, _), pytest.raises(scanner.NoScanner):
        scanner.is_clean(address, b"x")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "unix:///nowhere/clamd", "http://x", "nonsense"])
def test_scanner_that_is_not_there_is_told(address):
    with pytest.raises(scanner.NoScanner):
        scanner.is_clean(address, b"x")
