"""Where a database is, for people: without a password."""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_HIDDEN = "***"


def shown(url: URL) -> str:
    """The URL without its password, wherever in it that stands (libpq takes one as a parameter too)."""
    secret = {name: _HIDDEN for name in url.query if "passw" in name.lower()}
    text = url.update_query_dict(secret).render_as_string(hide_password=True)
    return text.replace(quote(_HIDDEN, safe=""), _HIDDEN)


def without_password(text: str) -> str:
    """A database's URL as it may be shown, or the path of a file as it is."""
    if "://" not in text:
        return text
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return f"{text.partition('://')[0]}://{_HIDDEN}"
    hidden = shown(url)
    return hidden if _HIDDEN in hidden else text
