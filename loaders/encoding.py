"""Text of any encoding that can be told for sure, as UTF-8 bytes without a byte order mark.

UTF-8 is what is expected; UTF-16 and UTF-32 are known by their mark; a format known to be written in an older
encoding names it, and it is used for the files of that format that aren't UTF-8. Nothing else is guessed.
"""

from __future__ import annotations

import codecs
import io
from typing import IO, Any

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decoded_start(head: bytes) -> str:
    """The beginning of a text; what isn't UTF-8 is read as Latin-1, for recognising only."""
    mark, encoding = _mark(head)
    try:
        return codecs.getincrementaldecoder(encoding or "utf-8")().decode(head[len(mark) :])
    except UnicodeDecodeError:
        return head[len(mark) :].decode("latin-1")


def utf8(file: IO[bytes], head: bytes, encoding: str | None = None) -> IO[bytes]:
    """The stream as UTF-8: without its mark, and recoded where the mark or `encoding` says so."""
    mark, marked = _mark(head)
    file.read(len(mark))
    source = marked or encoding or "utf-8"
    if source == "utf-8":
        return file
    return io.BufferedReader(Recoded(file, source), 1 << 20)


def is_utf8(file: IO[bytes]) -> bool:
    """Whether the whole stream is valid UTF-8, or says by a mark what it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(1 << 20):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


class Recoded(io.RawIOBase):
    """A stream of another encoding, read as UTF-8. Bytes that it doesn't know become U+FFFD."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = self._file.read(1 << 18)
            self._rest = self._decoder.decode(piece, final=not piece).encode("utf-8", "surrogatepass")
            if not piece:
                break
        n = min(len(buffer), len(self._rest))
        buffer[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n

    def close(self) -> None:
        self._file.close()
        super().close()


def _mark(head: bytes) -> tuple[bytes, str | None]:
    return next(((mark, encoding) for mark, encoding in _MARKS if head.startswith(mark)), (b"", None))
