"""What the HTML pages share: template, style, signs of the answers.

A page is one file that loads nothing; a content security policy in it says so, and lets its own
style and script pass by their hashes.
"""

from __future__ import annotations

import base64
import hashlib

import jinja2

from fusioncall.resources import resource_path
from fusioncall.status import Status

SIGNS = {
    Status.DETECTED: "\N{BLACK CIRCLE}",
    Status.INDETERMINATE: "\N{CIRCLE WITH LEFT HALF BLACK}",
    Status.NOT_DETECTED: "\N{WHITE CIRCLE}",
    Status.NOT_ASSESSABLE: "\N{MULTIPLICATION SIGN}",
}
"""A sign before each status, so that none is told by colour alone."""


def text_of(name: str) -> str:
    """The text of a file of `resources/`."""
    return resource_path(name).read_text(encoding="utf-8")


def policy_hash(text: str) -> str:
    """The hash by which the content security policy lets a page's own style or script pass."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def template(name: str) -> jinja2.Template:
    """A template of `resources/`; what it shows is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text_of(name))
