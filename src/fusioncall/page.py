"""HTML pages in one style that load nothing and run no script."""

from __future__ import annotations

import base64
import hashlib

import jinja2
from markupsafe import Markup

from fusioncall.resources import resource_path


def render_page(template: str, **values: object) -> str:
    """A page of a template of `resources/`, escaped, with the style and its hash.

    Args:
        template: its file.
        values: that it asks for, beside `style` and `style_hash`.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = resource_path(template).read_text(encoding="utf-8")
    style = resource_path("report.css").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        **values, style=Markup(style), style_hash=_policy_hash(style)
    )


def _policy_hash(style: str) -> str:
    """The hash by which the content security policy lets the page's own style pass."""
    digest = hashlib.sha256(style.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
