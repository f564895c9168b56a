"""Another node's verifier as a program: one line in, one line out, and nothing it does can hold us up."""

import os
import selectors
import shlex
import subprocess
import time
from types import TracebackType

from tocsin.errors import UserError

MAX_ANSWER_BYTES = 64 * 1024
"""Of one line; a verdict takes a hundred."""
MAX_STARTS = 20
"""A program that falls over is started again so often; each time is one failed vector."""
START_S = 60.0
"""More for the first answer after a start: on a busy machine a program may load for many seconds."""
END_S = 1.0
"""To end by itself when nothing more is asked."""


class Peer:
    """Starts the program at the first question and, when it has died, at the next one again."""

    def __init__(self, command: str, answer_s: float, start_s: float = START_S) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UserError(f"--command cannot be read: {error}", fix="close its quotes") from error
        if not self._words:
            raise UserError("--command is empty", fix="give the program that is to be asked")
        self._answer_s, self._start_s = answer_s, start_s
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def __enter__(self) -> "Peer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def ask(self, question: bytes) -> bytes | str:
        """The line that it answers, or in words why there is none."""
        within_s = self._answer_s
        if self._process is None:
            within_s += self._start_s
            if self._starts >= MAX_STARTS:
                return f"it has failed {MAX_STARTS} times"
            self._process = self._start()
        said = self._exchange(self._process, question + b"\n", within_s)
        if isinstance(said, str):
            self._end()
        return said

    def _start(self) -> subprocess.Popen[bytes]:
        self._starts += 1
        try:
            process = subprocess.Popen(self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        except OSError as error:
            raise UserError(
                f"{self._words[0]} cannot be started: {error.strerror}", fix="check --command"
            ) from error
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        return process

    def _exchange(self, process: subprocess.Popen[bytes], unsent: bytes, within_s: float) -> bytes | str:
        """Writes and reads at once: a program may answer before it has read all, or never read at all."""
        if process.stdin is None or process.stdout is None:
            return "it has no pipes"
        writer, reader = process.stdin.fileno(), process.stdout.fileno()
        until, got = time.monotonic() + within_s, b""
        with selectors.DefaultSelector() as ready:
            ready.register(reader, selectors.EVENT_READ)
            ready.register(writer, selectors.EVENT_WRITE)
            while (left := until - time.monotonic()) > 0:
                for key, _ in ready.select(left):
                    try:
                        if key.fd == writer:
                            unsent = unsent[os.write(writer, unsent) :]
                            if not unsent:
                                ready.unregister(writer)
                            continue
                        part = os.read(reader, MAX_ANSWER_BYTES)
                    except BrokenPipeError:
                        return "it has ended"
                    got += part
                    if not part:
                        return "it has ended"
                    if len(got) > MAX_ANSWER_BYTES:
                        return f"more than {MAX_ANSWER_BYTES} bytes"
                    if got.endswith(b"\n"):
                        return got if got.count(b"\n") == 1 else "more than one line"
        return f"no answer within {within_s:g} s"

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
