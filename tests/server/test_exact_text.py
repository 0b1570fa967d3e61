"""Text as PostgreSQL holds it: what is read back is what was written, in the same order, in JSON too."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from toolcrib.server.documents import dump
from toolcrib.server.exact_text import from_stored, json_from_stored, json_to_stored, to_stored

TEXT = st.text(alphabet='\0\1\2\3\\u01a"é', max_size=8)


@given(TEXT, TEXT)
def test_it_has_no_nul_comes_back_and_keeps_its_order(one: str, other: str) -> None:
    assert "\0" not in to_stored(one)
    assert from_stored(to_stored(one)) == one
    assert (to_stored(one) < to_stored(other)) is (one < other)


@given(st.lists(TEXT) | st.dictionaries(TEXT, TEXT))
def test_documents_hold_it_as_the_database_reads_it(value: object) -> None:
    document = dump(value)
    stored = json_to_stored(document)
    assert json_from_stored(stored) == document
    assert json.loads(stored) == within(value)


def within(value: object) -> object:
    """What a database finds in the document."""
    if isinstance(value, dict):
        return {to_stored(key): to_stored(text) for key, text in value.items()}
    return [to_stored(text) for text in value] if isinstance(value, list) else value


def test_nearly_all_text_is_stored_as_it_is() -> None:
    for text in ("", "bracket", "é😀", "\x02\x03", "100 %", "a\nb"):
        assert to_stored(text) == text
