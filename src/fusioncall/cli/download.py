"""Download one file, whole or not at all.

Broken connections are taken up again. The file appears under its name only when its length and, if
one is given, its SHA-256 sum are right.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from fusioncall.download import download

_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `fusioncall download`."""
    parser.add_argument("--url", required=True, help="address: https://, http:// or ftp://")
    parser.add_argument("--sha256", default="", metavar="HEX", help="the sum that it must have")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="file to write")


def main(args: argparse.Namespace) -> None:
    """Download the file."""
    found = download(args.url, args.out, args.sha256)
    _LOG.info("%s: SHA-256 %s", args.out, found)
