"""Download one file: whole, or not at all.

The bytes go to a temporary name beside the target, which takes its own name only after length and
checksum have been compared. When the connection breaks, the next attempt goes on where the last one
ended, if the server can tell that the file is still the same.
"""

from __future__ import annotations

import http.client
import logging
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusioncall import __version__
from fusioncall.errors import BundleError
from fusioncall.files import sha256, whole_file

_LOG = logging.getLogger(__name__)
_BLOCK = 1 << 20
_PASSING_TROUBLE = (408, 416, 425, 429, 500, 502, 503, 504)
_SCHEMES = ("http://", "https://", "ftp://")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, and how often to come back.

    `timeout_s` is for a server that sends nothing at all, not for the whole file; `pause_s` is the
    wait after the first attempt, and doubles after each further one.
    """

    attempts: int = 5
    timeout_s: float = 60.0
    pause_s: float = 2.0


class _BrokenError(Exception):
    """The connection broke, or the server is busy: worth another attempt."""


def download(url: str, target: Path, checksum: str = "", patience: Patience = Patience()) -> str:
    """Download a file.

    Args:
        url: where it is; http, https or ftp.
        target: its path; a file that is there is replaced once the new one is whole.
        checksum: the SHA-256 that it must have, in hexadecimal; empty if it is not known.
        patience: how long to wait and how often to try.

    Returns:
        The SHA-256 of the file, in hexadecimal.

    Raises:
        BundleError: the file cannot be had, or is not the one that was asked for.
        OutputError: the target cannot be written.
    """
    if not url.lower().startswith(_SCHEMES):
        raise BundleError(
            f"{url!r} is not an address to download from",
            cure="Give an address that begins with https://, http:// or ftp://",
        )
    if checksum and not re.fullmatch("[0-9a-fA-F]{64}", checksum):
        raise BundleError(
            f"{checksum!r} is not a SHA-256 sum", cure="Give its 64 hexadecimal digits"
        )
    with whole_file(target) as temporary:
        _fetch(_Transfer(url, temporary, patience.timeout_s), patience)
        found = sha256(temporary)
        if checksum and found != checksum.lower():
            raise BundleError(
                f"the SHA-256 of the file is {found}, not {checksum.lower()}",
                where=url,
                cure="Correct the address or the sum; the file may have been replaced by another",
            )
    return found


def _fetch(transfer: _Transfer, patience: Patience) -> None:
    """Transfer the file with as many attempts as it may take."""
    for attempt in range(1, patience.attempts + 1):
        try:
            transfer.attempt()
        except _BrokenError as broken:
            if attempt == patience.attempts:
                raise BundleError(
                    f"could not be downloaded in {attempt} attempts: {broken}",
                    where=transfer.url,
                    cure="Try again later, or download it by other means and give its path",
                ) from None
            _LOG.warning("attempt %d, %s: %s", attempt, transfer.url, broken)
            time.sleep(patience.pause_s * 2 ** (attempt - 1))
        else:
            return


@dataclass(slots=True)
class _Transfer:
    """A download under way: what has come so far, and which version of the file it is of."""

    url: str
    path: Path
    timeout_s: float
    received: int = field(default=0, init=False)
    version: str = field(default="", init=False)

    def attempt(self) -> None:
        """Ask for what is missing and append it.

        Raises:
            _BrokenError: not all has come.
            BundleError: another attempt would not help.
        """
        with self._answer() as answer:
            self._start(answer)
            total = _total(answer, self.received)
            with self.path.open("ab" if self.received else "wb") as stream:
                while block := self._block(answer):
                    stream.write(block)
                    self.received += len(block)
        if total is not None and self.received != total:
            message = f"the answer ended after {self.received} of {total} bytes"
            raise _BrokenError(message)
        if self.received == 0:
            raise BundleError("the file is empty", where=self.url, cure="Correct the address")

    def _answer(self) -> Any:  # noqa: ANN401 - http and ftp answers have no common type
        """The server's answer to a request for what is missing."""
        headers = {"User-Agent": f"fusioncall/{__version__}"}
        if self.received and self.version:
            headers |= {"Range": f"bytes={self.received}-", "If-Range": self.version}
        try:
            request = urllib.request.Request(self.url, headers=headers)
            return urllib.request.urlopen(request, timeout=self.timeout_s)
        except urllib.error.HTTPError as error:
            error.close()
            answer = f"the server answers {error.code} {error.reason}"
            if error.code in _PASSING_TROUBLE:
                self.version = ""
                raise _BrokenError(answer) from None
            raise BundleError(answer, where=self.url, cure="Correct the address") from None
        except urllib.error.URLError as error:
            raise _BrokenError(str(error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(_reason(error)) from None
        except ValueError as error:
            raise BundleError(str(error), where=self.url, cure="Correct the address") from None

    def _start(self, answer: Any) -> None:  # noqa: ANN401 - as above
        """Begin anew, unless the answer goes on where the last one ended."""
        if answer.headers.get_content_type() == "text/html":
            raise BundleError(
                "the server sends a web page, not a file",
                where=self.url,
                cure="Give the address of the file itself",
            )
        begins = f"bytes {self.received}-"
        if not answer.headers.get("Content-Range", "").startswith(begins):
            self.received = 0
        tag = answer.headers.get("ETag", "")
        is_weak = tag.startswith("W/")
        self.version = tag if tag and not is_weak else answer.headers.get("Last-Modified", "")

    def _block(self, answer: Any) -> bytes:  # noqa: ANN401 - as above
        try:
            block: bytes = answer.read(_BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(_reason(error)) from None
        return block


def _total(answer: Any, received: int) -> int | None:  # noqa: ANN401 - as above
    """Length of the whole file, or nothing if the server does not tell."""
    length = answer.headers.get("Content-Length", "")
    return received + int(length) if length.isdecimal() else None


def _reason(error: Exception) -> str:
    """What broke the connection, in words."""
    if isinstance(error, TimeoutError):
        return "the server is silent"
    return str(error) or type(error).__name__
