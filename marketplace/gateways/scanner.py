"""A virus scanner, where the operator runs one: clamd, or anything that speaks its INSTREAM.

Without the setting VIRUS_SCANNER nothing is asked. With it, a file is taken only after the scanner said it is clean: a
scanner that cannot be reached means that no files can be taken now.
"""

import socket
from urllib.parse import urlsplit

SECONDS = 20
_CHUNK = 65_536


class NoScanner(Exception):
    """The scanner did not answer, or not in words that are understood."""


def is_clean(address: str, content: bytes) -> bool:
    """Ask the scanner at `tcp://host:port` or `unix:///path`; raises `NoScanner`."""
    try:
        with _connect(address) as connection:
            connection.sendall(b"zINSTREAM\0")
            for at in range(0, len(content), _CHUNK):
                piece = content[at : at + _CHUNK]
                connection.sendall(len(piece).to_bytes(4) + piece)
            connection.sendall((0).to_bytes(4))
            answer = b""
            while len(answer) < 4096 and (part := connection.recv(4096)):
                answer += part
    except (OSError, ValueError) as error:
        raise NoScanner(str(error)) from error
    words = answer.rstrip(b"\0\n")
    if words.endswith(b" OK"):
        return True
    if words.endswith(b" FOUND"):
        return False
    raise NoScanner(words[:200].decode("utf-8", "replace"))


def _connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SECONDS)
        try:
            connection.connect(parts.path)
        except OSError:
            connection.close()
            raise
        return connection
    if parts.scheme != "tcp" or not parts.hostname:
        raise ValueError("VIRUS_SCANNER must be tcp://host:port or unix:///path")
    return socket.create_connection((parts.hostname, parts.port or 3310), timeout=SECONDS)
