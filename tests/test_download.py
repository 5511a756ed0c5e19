"""Downloads: from a server of our own, which breaks off, lies and refuses on demand."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fusioncall.cli.download import add_arguments, main
from fusioncall.download import Patience, download
from fusioncall.errors import BundleError, FusioncallError, OutputError

CONTENT = bytes(range(256)) * 5000
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2
IMPATIENT = Patience(attempts=2, timeout_s=5.0, pause_s=0.0)


class Server(ThreadingHTTPServer):
    """Serves CONTENT; remembers the ranges that it was asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges = []
        self.changed = False

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Handler(BaseHTTPRequestHandler):
    """The path of a request says how the answer goes wrong."""

    server: Server

    def do_GET(self):
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        first = len(self.server.ranges) == 1
        path = self.path.lstrip("/")
        if path == "lost" or (path == "busy" and first):
            self.send_error(404 if path == "lost" else 503)
            return
        content = CONTENT
        if path == "changes" and not first:
            content = CONTENT[::-1]
        start = 0
        if asked and path == "resumes":
            assert self.headers["If-Range"] == '"v1"'
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            last = len(CONTENT) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(CONTENT)}")
        else:
            self.send_response(200)
        if path in {"resumes", "changes"}:
            self.send_header("ETag", '"v1"' if first else '"v2"')
        kind = "text/html; charset=utf-8" if path == "page" else "application/octet-stream"
        self.send_header("Content-Type", kind)
        if path == "empty":
            content = b""
        if path != "no-length":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        breaks = path == "truncated" or (path in {"resumes", "changes", "restarts"} and first)
        self.wfile.write(content[start : HALF if breaks else None])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def refusal(url: str, target: Path, checksum: str = "") -> FusioncallError:
    """The error of a download, which must leave nothing behind."""
    before = {path: path.read_bytes() for path in target.parent.glob("*")}
    with pytest.raises(FusioncallError) as caught:
        download(url, target, checksum, IMPATIENT)
    assert {path: path.read_bytes() for path in target.parent.glob("*")} == before
    return caught.value


@pytest.mark.parametrize("checksum", ["", CHECKSUM, CHECKSUM.upper()])
def test_whole_file_into_a_new_folder(server, tmp_path, checksum):
    target = tmp_path / "new" / "genome.fa.gz"
    assert download(server.url("good"), target, checksum, IMPATIENT) == CHECKSUM
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("path", "ranges"),
    [
        ("no-length", [""]),
        ("busy", ["", ""]),
        ("resumes", ["", f"bytes={HALF}-"]),
        ("restarts", ["", ""]),
    ],
)
def test_file_comes_whole_in_spite_of_trouble(server, tmp_path, path, ranges):
    target = tmp_path / "genome.fa.gz"
    assert download(server.url(path), target, CHECKSUM, IMPATIENT) == CHECKSUM
    assert target.read_bytes() == CONTENT
    assert server.ranges == ranges


def test_file_that_changes_on_the_server_is_not_patched_together(server, tmp_path):
    target = tmp_path / "genome.fa.gz"
    download(server.url("changes"), target, patience=IMPATIENT)
    assert target.read_bytes() == CONTENT[::-1]
    assert server.ranges == ["", f"bytes={HALF}-"]


def test_older_file_stays_until_the_new_one_is_whole(server, tmp_path):
    target = tmp_path / "genome.fa.gz"
    target.write_bytes(b"old")
    refusal(server.url("truncated"), target)
    assert target.read_bytes() == b"old"
    download(server.url("good"), target, CHECKSUM, IMPATIENT)
    assert target.read_bytes() == CONTENT


def test_truncated_answer(server, tmp_path):
    error = refusal(server.url("truncated"), tmp_path / "genome.fa.gz")
    assert isinstance(error, BundleError)
    assert str(error) == (
        f"{server.url('truncated')}: could not be downloaded in 2 attempts: the answer ended after "
        f"{HALF} of {len(CONTENT)} bytes. Try again later, or download it by other means and give "
        "its path."
    )


def test_file_that_is_not_there_is_asked_for_once(server, tmp_path):
    error = refusal(server.url("lost"), tmp_path / "genome.fa.gz")
    assert str(error) == (
        f"{server.url('lost')}: the server answers 404 Not Found. Correct the address."
    )
    assert server.ranges == [""]


def test_wrong_checksum(server, tmp_path):
    error = refusal(server.url("good"), tmp_path / "genome.fa.gz", "0" * 64)
    assert str(error) == (
        f"{server.url('good')}: the SHA-256 of the file is {CHECKSUM}, not {'0' * 64}. "
        "Correct the address or the sum; the file may have been replaced by another."
    )


def test_web_page_and_empty_file(server, tmp_path):
    assert str(refusal(server.url("page"), tmp_path / "genome.fa.gz")) == (
        f"{server.url('page')}: the server sends a web page, not a file. "
        "Give the address of the file itself."
    )
    assert str(refusal(server.url("empty"), tmp_path / "genome.fa.gz")) == (
        f"{server.url('empty')}: the file is empty. Correct the address."
    )


def test_server_that_is_not_there(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_address[1]
    error = refusal(f"http://127.0.0.1:{port}/x", tmp_path / "genome.fa.gz")
    assert str(error) == (
        f"http://127.0.0.1:{port}/x: could not be downloaded in 2 attempts: "
        "[Errno 111] Connection refused. Try again later, or download it by other means and give "
        "its path."
    )


def test_server_that_is_silent(tmp_path):
    # It takes connections, and never answers.
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as silent:
        url = f"http://127.0.0.1:{silent.server_address[1]}/x"
        with pytest.raises(BundleError, match="in 1 attempts: the server is silent"):
            download(url, tmp_path / "x", patience=Patience(1, timeout_s=0.2))


@pytest.mark.parametrize("url", ["file:///genome.fa", "genome.fa", "s3://bucket/genome.fa"])
def test_addresses_that_are_refused(url, tmp_path):
    assert str(refusal(url, tmp_path / "x")) == (
        f"{url!r} is not an address to download from. "
        "Give an address that begins with https://, http:// or ftp://."
    )


@pytest.mark.parametrize("url", ["http://[", "http://a b/", "http://127.0.0.1:port/"])
def test_addresses_that_are_malformed(url, tmp_path):
    assert isinstance(refusal(url, tmp_path / "x"), BundleError)


def test_checksum_that_is_none(tmp_path):
    assert str(refusal("http://127.0.0.1/x", tmp_path / "x", "abc")) == (
        "'abc' is not a SHA-256 sum. Give its 64 hexadecimal digits."
    )


def test_target_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        download(server.url("good"), tmp_path / "file" / "genome.fa", patience=IMPATIENT)


def test_command(server, tmp_path, caplog):
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    target = tmp_path / "genome.fa.gz"
    words = ["--url", server.url("good"), "--sha256", CHECKSUM, "--out", str(target)]
    with caplog.at_level("INFO"):
        main(parser.parse_args(words))
    assert target.read_bytes() == CONTENT
    assert caplog.messages == [f"{target}: SHA-256 {CHECKSUM}"]
