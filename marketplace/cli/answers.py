"""Answers of a command on their way out: whole or not at all, and a line of progress while they are being found."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import click

STANDARD_OUTPUT = "-"
SILENT_SECONDS = 5.0  # between two lines of progress where there is no terminal to refresh
REFRESH_SECONDS = 0.1


def writable(path: str) -> str:
    """The path, once it is clear that a file can be written there. Refuses (click.UsageError) any other."""
    if path == STANDARD_OUTPUT:
        return path
    folder = Path(path).parent
    if not folder.is_dir():
        raise click.UsageError(f"{path}: the folder {folder} does not exist.")
    if Path(path).is_dir() or not os.access(Path(path) if Path(path).exists() else folder, os.W_OK):
        raise click.UsageError(f"{path}: not a file that can be written.")
    return path


def write_json(path: str, document: object) -> None:
    """Write a document to a file, which is replaced in one step or left as it was, or to standard output for `-`."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"
    target = Path(path)
    if path == STANDARD_OUTPUT:
        click.echo(text, nl=False)
    elif target.exists() and not target.is_file():
        # A device or a pipe must not be replaced by a file.
        target.write_text(text, encoding="utf-8")
    else:
        _replace(Path(os.path.realpath(target)), text)


def _replace(target: Path, text: str) -> None:
    mask = os.umask(0)
    os.umask(mask)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~mask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class ProgressLine:
    """A line on standard error that says how far the search is: refreshed on a terminal, now and then elsewhere."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.started = time.monotonic()
        self.shown = -SILENT_SECONDS
        self.text = ""

    def show(self, text: str) -> None:
        """Show the newest state, unless one was shown a moment ago."""
        now = time.monotonic() - self.started
        self.text = f"{now:6.1f} s  {text}"
        if now - self.shown >= (REFRESH_SECONDS if self.terminal else SILENT_SECONDS):
            self.shown = now
            click.echo(f"\r{self.text}\x1b[K" if self.terminal else self.text, err=True, nl=not self.terminal)

    def end(self) -> None:
        """Leave the last state standing and begin a new line."""
        if self.terminal and self.text:
            click.echo(f"\r{self.text}\x1b[K", err=True)
