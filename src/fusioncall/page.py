"""What the HTML pages share: style, script, signs of the answers.

A page is one file that loads nothing; a content security policy in it says so, and lets its own
style and script pass by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

import jinja2
from markupsafe import Markup

from fusioncall.resources import resource_path
from fusioncall.status import Status

SIGNS = {
    Status.DETECTED: "\N{BLACK CIRCLE}",
    Status.INDETERMINATE: "\N{CIRCLE WITH LEFT HALF BLACK}",
    Status.NOT_DETECTED: "\N{WHITE CIRCLE}",
    Status.NOT_ASSESSABLE: "\N{MULTIPLICATION SIGN}",
}
"""A sign before each status, so that none is told by colour alone."""

_STYLE = "report.css"


def render_page(
    template: str, *, styles: Sequence[str] = (), script: str | None = None, **values: object
) -> str:
    """A page of a template of `resources/`; what it shows is escaped.

    Args:
        template: its file.
        styles: files of its own style, which follow that of all pages.
        script: file of its script.
        values: that it asks for, beside `style`, `style_hash`, `script` and `script_hash`.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = "".join(map(_text_of, (_STYLE, *styles)))
    run = _text_of(script) if script else ""
    return environment.from_string(_text_of(template)).render(
        **values,
        style=Markup(style),
        style_hash=_policy_hash(style),
        script=Markup(run),
        script_hash=_policy_hash(run),
    )


def _text_of(name: str) -> str:
    return resource_path(name).read_text(encoding="utf-8")


def _policy_hash(text: str) -> str:
    """The hash by which the content security policy lets a page's own style or script pass."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
