"""Names of tables and columns as protobuf and Toolcrib have them: small ASCII words, none that is taken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container
from keyword import iskeyword

from toolcrib.codegen.components import STANDARD_FIELDS
from toolcrib.codegen.names import plural_of, snake_case
from toolcrib.codegen.refuse_component import TAKEN_PARAMETERS
from toolcrib.codegen.refuse_field import TAKEN_IN_RECORDS
from toolcrib.codegen.request_fields import TAKEN_NAMES

_LENGTH_MAX = 63
# How those who have no such letters write them.
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa", "œ": "oe", "ł": "l", "đ": "d"}
    | {"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Ø": "Oe", "Æ": "Ae", "Å": "Aa", "µ": "u", "μ": "u", "°": "deg", "%": "percent"}
)
# Which of two words a machine builder means by their plural.
_SINGULARS = {"Axes": "Axis"}
_TAKEN_TABLES = ("toolcrib_", "sqlite_", "pg_")


def words_of(text: str) -> str:
    """`Größe (mm)` as `groesse_mm`; empty where no letter or digit of ASCII is left."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).encode("ascii", "ignore").decode()
    spaced = re.sub(r"[^A-Za-z0-9]+", "_", plain)
    return re.sub(r"_+", "_", snake_case(spaced)).strip("_")[:_LENGTH_MAX].strip("_")


def field_name(column: str, number: int, taken: Container[str], *, in_key: bool) -> str:
    """The name of a field, `number` being that of the column."""
    name = words_of(column)
    if not name or not name[0].isalpha():
        name = f"field_{name or number}"
    if name.startswith(_TAKEN_TABLES[0]):
        name = f"former_{name}"
    if in_key and name in TAKEN_NAMES:
        name = f"{name}_id"
    elif iskeyword(name) or name in TAKEN_IN_RECORDS or name in STANDARD_FIELDS:
        name = f"{name}_value"
    return _apart(name, lambda found: found in taken)


def message_name(table: str, number: int, taken: Container[str]) -> str:
    """The name of a component: the table's, in the singular where that is certain."""
    words = words_of(table)
    if not words or not words[0].isalpha():
        words = f"table_{words or number}"
    name = _singular("".join(part.capitalize() for part in words.split("_")))
    if _is_taken(name):
        name = f"Machine{name}"
    return _apart(name, lambda found: found in taken or _is_taken(found), "")


def table_name(table: str, message: str) -> str:
    """What to call the SQL table; empty where the message's name says it already."""
    name = words_of(table)
    if not name or not name[0].isalpha() or name.startswith(_TAKEN_TABLES):
        name = f"former_{name}" if name else snake_case(message)
    return "" if name == snake_case(message) else name


def enum_value_name(prefix: str, label: str, number: int, taken: Container[str]) -> str:
    """The name of an enum's value, all of which begin alike."""
    return _apart(f"{prefix}_{words_of(label) or number}".upper(), lambda found: found in taken)


def package_name(database: str) -> str:
    """The package of components made of a database of this name: `plant.v1`; "imported.v1" where it will not do."""
    words = words_of(database)
    return f"{words if words[:1].isalpha() and not iskeyword(words) else 'imported'}.v1"


def _singular(name: str) -> str:
    """The name whose plural this is, as far as the rules for plurals know."""
    if name.lower().endswith(("ss", "us", "is", "as")):
        return name
    for plural, singular in _SINGULARS.items():
        if name.endswith(plural):
            return name.removesuffix(plural) + singular
    for ending, instead in (("ies", "y"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("s", "")):
        if name.endswith(ending):
            found = name.removesuffix(ending) + instead
            return found if len(found) > 1 and plural_of(found) == name else name
    return name


def _is_taken(message: str) -> bool:
    singular = snake_case(message)
    return (
        iskeyword(singular)
        or singular in TAKEN_NAMES
        or singular in TAKEN_PARAMETERS
        or snake_case(plural_of(message)) in TAKEN_NAMES
    )


def _apart(name: str, is_taken: Callable[[str], bool], between: str = "_") -> str:
    """The name, with a number behind it where it is taken."""
    found, number = name, 2
    while is_taken(found):
        ending = f"{between}{number}"
        found, number = f"{name[: _LENGTH_MAX - len(ending)]}{ending}", number + 1
    return found
