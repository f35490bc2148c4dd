"""A function in a process of its own that is killed at its deadline, for solver libraries that overrun their limits.

The process is a fresh interpreter (never a fork), so it is safe to start one from a thread of a server, and the
parent's main module is not imported again. Nothing survives its parent: a closed pipe or the CPU limit ends it.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Literal

Report = Callable[[object], None]
Stop = Callable[[], bool]  # asked often; work ends soon after it says so
Status = Literal["done", "failed", "timeout", "cancelled", "died"]

_FRAME = struct.Struct("<Q")
_POLL_SECONDS = 0.02
_START = "from marketplace.matching.child import serve; serve()"


@dataclass(frozen=True)
class Outcome:
    """How a child ended: ``done`` with its value, or why not; ``last`` is the last message it reported, if any."""

    status: Status
    value: Any = None
    last: Any = None
    detail: str = ""


class Child:
    """One function at work in a process of its own.

    ``function`` must be importable by name and is called as ``function(report, *args)``, where ``report(message)``
    sends any picklable message. ``seconds`` is the wall time after which it is killed. Use it in a ``with`` statement
    or call :meth:`kill`; several may run side by side, each watched through :meth:`receive` or :meth:`fileno`.
    """

    def __init__(self, function: Callable[..., object], *args: object, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.outcome: Outcome | None = None
        self._last: Any = None
        self._buffer = bytearray()
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
        for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            environment[threads] = "1"
        alive_read, self._alive = os.pipe()
        environment["MATCHING_CHILD_ALIVE_FD"] = str(alive_read)
        try:
            with tempfile.TemporaryFile() as task:
                pickle.dump((math.ceil(max(0.0, seconds)) + 2, function, args), task, pickle.HIGHEST_PROTOCOL)
                task.seek(0)
                self._process = subprocess.Popen(  # noqa: S603 - this interpreter and a constant.
                    [sys.executable, "-c", _START],
                    stdin=task,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    pass_fds=(alive_read,),
                    bufsize=0,
                )
        except BaseException:
            os.close(self._alive)
            raise
        finally:
            os.close(alive_read)
        assert self._process.stdout is not None
        self._pipe = self._process.stdout

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process id of the child."""
        return self._process.pid

    def fileno(self) -> int:
        """The file descriptor that becomes readable when there is something to receive."""
        return self._pipe.fileno()

    def receive(self, timeout: float = 0.0) -> list[Any]:
        """The messages of at most ``timeout`` seconds, back with the first ones; sets ``outcome`` at the end."""
        if self.outcome is not None:
            return []
        remaining = self.deadline - time.monotonic()
        readable, _, _ = select.select([self._pipe], [], [], max(0.0, min(timeout, remaining)))
        messages = self._read() if readable else []
        if self.outcome is None and time.monotonic() >= self.deadline:
            self._end(Outcome("timeout", last=self._last))
        return messages

    def kill(self) -> None:
        """End the child at once, whatever it is doing; without effect on one that has ended."""
        if self.outcome is None:
            self._end(Outcome("cancelled", last=self._last))

    def _read(self) -> list[Any]:
        chunk = os.read(self._pipe.fileno(), 1 << 20)
        if not chunk:
            self._process.wait()
            self._end(Outcome("died", last=self._last, detail=f"exit status {self._process.returncode}"))
            return []
        self._buffer += chunk
        messages = []
        while len(self._buffer) >= _FRAME.size:
            end = _FRAME.size + _FRAME.unpack_from(self._buffer)[0]
            if len(self._buffer) < end:
                break
            kind, content = pickle.loads(bytes(self._buffer[_FRAME.size : end]))  # noqa: S301 - our own child wrote it.
            del self._buffer[:end]
            if kind == "message":
                self._last = content
                messages.append(content)
            elif kind == "done":
                self._end(Outcome("done", value=content, last=self._last))
            else:
                self._end(Outcome("failed", last=self._last, detail=content))
        return messages

    def _end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._process.kill()
        self._process.wait()
        self._pipe.close()
        os.close(self._alive)


def run(
    function: Callable[..., object],
    *args: object,
    seconds: float,
    progress: Callable[[Any], None] | None = None,
    cancel: Stop | None = None,
) -> Outcome:
    """Run ``function(report, *args)`` in a child, at most ``seconds`` of wall time, and say how it ended.

    ``progress`` receives every message the child reports; ``cancel`` is asked some fifty times a second.
    """
    with Child(function, *args, seconds=seconds) as child:
        while child.outcome is None:
            for message in child.receive(_POLL_SECONDS if cancel else seconds):
                if progress is not None:
                    progress(message)
            if cancel is not None and cancel():
                child.kill()
    assert child.outcome is not None
    return child.outcome


def serve() -> None:
    """The child's side: take the task from standard input, work, answer on what was standard output, and exit."""
    with os.fdopen(os.dup(1), "wb") as answers:
        # Solver libraries print to standard output, which would corrupt the answers.
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        threading.Thread(
            target=_exit_with_parent, args=(int(os.environ["MATCHING_CHILD_ALIVE_FD"]),), daemon=True
        ).start()
        try:
            cpu_seconds, function, args = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it.
            _limit_cpu(cpu_seconds)
            value = function(lambda message: _send(answers, "message", message), *args)
            _send(answers, "done", value)
        except BaseException:
            _send(answers, "failed", traceback.format_exc())
    # Libraries with threads of their own may hang in their exit handlers.
    os._exit(0)


def _send(answers: IO[bytes], kind: str, content: object) -> None:
    data = pickle.dumps((kind, content), pickle.HIGHEST_PROTOCOL)
    answers.write(_FRAME.pack(len(data)) + data)
    answers.flush()


def _exit_with_parent(alive: int) -> None:
    os.read(alive, 1)
    os._exit(1)


def _limit_cpu(seconds: int) -> None:
    """A last resort for a child whose parent died while a library holds the interpreter: the kernel ends it."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
