"""Files that appear whole or not at all, records as JSON, and checksums."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fusioncall.errors import OutputError

_BLOCK = 1 << 20
_BGZF_HEAD = bytes.fromhex("1f8b0804")  # gzip with an extra field; SAM specification, 4.1
_CRAM_END_MARK = b"\xe0EOF"  # the position that the empty container of CRAM gives
_CRAM_END_BYTES = 38
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that takes its name once the block ends without an error.

    Raises:
        OutputError: the folder cannot be made or written.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename not in {None, str(temporary), str(path)}:
            raise
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place once the block ends without an error.

    Raises:
        OutputError: the folder cannot be made or written.
    """
    make_folder(path.parent)
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, unless they are there.

    Raises:
        OutputError: it cannot be made, or cannot be written into.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    if not os.access(path, os.W_OK | os.X_OK):
        what, cure = "cannot be written into", "Choose another folder or mend its permissions"
        raise OutputError(what, where=path, cure=cure)


def begins_as_bgzf(path: Path) -> bool:
    """Whether a file begins with a gzip member that has an extra field, as bgzip and BAM do."""
    with path.open("rb") as stream:
        return stream.read(len(_BGZF_HEAD)) == _BGZF_HEAD


def lacks_bgzf_end(path: Path) -> bool:
    """Whether a file is bgzip but does not end with bgzip's empty block: it was cut off.

    Cut between two blocks, it is still whole gzip, so no reader of gzip would notice.
    """
    with path.open("rb") as stream:
        if not begins_as_bgzf(path) or stream.read(14)[12:] != b"BC":
            return False
        stream.seek(-len(_BGZF_END), os.SEEK_END)
        return stream.read() != _BGZF_END


def begins_as_cram(path: Path) -> bool:
    """Whether the first bytes of a file are those of CRAM."""
    with path.open("rb") as stream:
        return stream.read(4) == b"CRAM"


def lacks_cram_end(path: Path) -> bool:
    """Whether a CRAM does not end with its empty container, of version 2.1 or 3: it was cut off."""
    with path.open("rb") as stream:
        stream.seek(max(-_CRAM_END_BYTES, -path.stat().st_size), os.SEEK_END)
        return _CRAM_END_MARK not in stream.read()


def json_bytes(document: object) -> bytes:
    """A record as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document)) + b"\n"


def write_json(path: Path, document: object) -> None:
    """Write a record as indented JSON."""
    with whole_file(path) as temporary:
        temporary.write_bytes(json_bytes(document))


def write_gzip(path: Path, lines: Iterable[str]) -> None:
    """Write text as gzip with no time stamp and no name: the same text gives the same bytes."""
    packed = gzip.compress("".join(lines).encode("ascii"), compresslevel=6, mtime=0)
    with whole_file(path) as temporary:
        temporary.write_bytes(packed)


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's size and of up to 32 of its blocks, evenly spaced, first and last.

    It reads at most 32 MiB, so that a genome's index can be looked at before each run.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    blocks = max(1, -(-size // _BLOCK))
    chosen = sorted({round(i * (blocks - 1) / 31) for i in range(32)})
    with path.open("rb") as stream:
        for block in chosen:
            stream.seek(block * _BLOCK)
            digest.update(stream.read(_BLOCK))
    return digest.hexdigest()


def _unwritable(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(
        f"cannot be written: {reason}",
        where=path,
        cure="Check the folder's permissions and the free disk space",
    )
