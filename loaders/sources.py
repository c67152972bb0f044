"""The files of an input: those of a folder, a zip or a tar, or the one that was named; decompressed as they are read.

Compression and archives are known by their first bytes, never by the name alone.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import pyarrow as pa

from graphrec.errors import InputError
from loaders.encoding import decoded_start

HEAD_BYTES = 65_536
_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zstd")
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes there are, of the files as they lie on disk or in the archive."""


@dataclass(frozen=True)
class Source:
    """One file of the input. `name` is what errors call it, `size` its bytes before decompression."""

    name: str
    path: PurePosixPath
    size: int
    raw: Callable[[], IO[bytes]] = field(repr=False, compare=False)

    @property
    def base(self) -> str:
        """The name of the file in lower case, without a compression's suffix."""
        name = self.path.name.lower()
        return next((name[: -len(suffix)] for suffix in _SUFFIXES if name.endswith(suffix)), name)

    def open(self, count: Callable[[int], None] | None = None) -> IO[bytes]:
        """The decompressed bytes; `count` gets the size of each piece read before decompression."""
        with explained(self.name):
            raw = self.raw()
            try:
                return _decompressed(io.BufferedReader(Owned(raw, count=count), 1 << 20) if count else raw)
            except Exception:
                raw.close()
                raise

    @cached_property
    def head(self) -> bytes:
        """The first bytes, decompressed."""
        with explained(self.name), self.open() as file:
            return file.read(HEAD_BYTES)

    @cached_property
    def lines(self) -> list[str]:
        """The first lines as text, without their ends and without blank ones; binary files have none."""
        is_binary = self.head.count(b"\x00") * 20 > len(self.head)
        if is_binary and not self.head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return []
        text = decoded_start(self.head)
        lines = text.splitlines() if len(self.head) < HEAD_BYTES else (text.splitlines()[:-1] or text.splitlines())
        return [line for line in lines if line.strip()]


def find_sources(path: Path) -> list[Source]:
    """The files of the input in the order of their names. InputError if there are none, or an archive is broken."""
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.is_file() and _plain(file.relative_to(path))]
        found = [source for file in files for source in _of_file(file, file.relative_to(path).as_posix(), path)]
    elif path.is_file():
        found = _of_file(path, path.name, path)
    else:
        raise InputError(f"expected a folder, a file or a zip, found nothing at {path}; check the path")
    found = [source for source in found if source.size]
    if not found:
        raise InputError(f"{path.name} holds no data: expected at least one file that isn't empty")
    return found


def explained(name: str) -> _Explained:
    """A context that tells a broken compression or archive as InputError."""
    return _Explained(name)


class _Explained:
    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        broken = (zipfile.BadZipFile, tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, RuntimeError)
        if isinstance(error, broken) or (isinstance(error, OSError) and error.errno is None):
            raise InputError(f"{self.name}: the compressed data is broken or cut off: {error}") from None


class Owned(io.RawIOBase):
    """A stream over others: reports how much is read, and closes all of them with it."""

    def __init__(self, stream: IO[bytes], *others: Any, count: Callable[[int], None] | None = None) -> None:
        self._stream = stream
        self._others = others
        self._count = count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        if self._count:
            self._count(len(data))
        return len(data)

    def close(self) -> None:
        for owned in (self._stream, *self._others):
            owned.close()
        super().close()


def _of_file(file: Path, name: str, top: Path) -> list[Source]:
    size = file.stat().st_size
    with file.open("rb") as opened:
        magic = opened.read(300)
    if zipfile.is_zipfile(file) and magic.startswith(b"PK"):
        return list(_of_zip(file, name))
    if magic[257:262] == b"ustar" or file.name.lower().endswith((".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")):
        return list(_of_tar(file, name))
    return [Source(name if name != top.name else file.name, PurePosixPath(name), size, lambda: file.open("rb"))]


def _of_zip(file: Path, name: str) -> Iterator[Source]:
    with explained(name), zipfile.ZipFile(file) as archive:
        members = sorted((m for m in archive.infolist() if not m.is_dir()), key=lambda m: m.filename)
    for member in members:
        path = PurePosixPath(member.filename)
        if _plain(path):
            opener = _zip_opener(file, member.filename)
            yield Source(f"{name}:{member.filename}", PurePosixPath(name) / path, member.file_size, opener)


def _zip_opener(file: Path, member: str) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        archive = zipfile.ZipFile(file)
        try:
            return _buffered(archive.open(member), archive)
        except Exception:
            archive.close()
            raise

    return opened


def _of_tar(file: Path, name: str) -> Iterator[Source]:
    with explained(name), tarfile.open(file) as archive:
        members = sorted((m for m in archive.getmembers() if m.isfile()), key=lambda m: m.name)
    for member in members:
        path = PurePosixPath(member.name)
        if _plain(path):
            opener = _tar_opener(file, member.name)
            yield Source(f"{name}:{member.name}", PurePosixPath(name) / path, member.size, opener)


def _tar_opener(file: Path, member: str) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        archive = tarfile.open(file)  # noqa: SIM115 (closed with the member)
        found = archive.extractfile(member)
        assert found is not None
        return _buffered(found, archive)

    return opened


def _plain(path: PurePosixPath | Path) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _buffered(stream: Any, *others: Any) -> IO[bytes]:
    return io.BufferedReader(Owned(stream, *others), 1 << 20)


def _decompressed(raw: Any) -> IO[bytes]:
    start = raw.peek(6)
    kind = next((kind for magic, kind in _MAGIC if start.startswith(magic)), None)
    if kind == "gzip":
        return _buffered(gzip.GzipFile(fileobj=raw), raw)
    if kind == "bzip2":
        return _buffered(bz2.BZ2File(raw), raw)
    if kind == "xz":
        return _buffered(lzma.LZMAFile(raw), raw)
    if kind == "zstd":
        return _buffered(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"), raw)
    return cast(IO[bytes], raw)
