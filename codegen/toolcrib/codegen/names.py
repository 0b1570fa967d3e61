"""Names made from names: snake_case, plurals, and how Python spells what a .proto declares."""

import re

_WORD_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LAST_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z0-9]*$)")

# Words of machines and their people that English does not make plural by its rules.
_IRREGULAR = {
    "Person": "People",
    "Datum": "Data",
    "Matrix": "Matrices",
    "Vertex": "Vertices",
    "Knife": "Knives",
    "Shelf": "Shelves",
    "Series": "Series",
    "Chassis": "Chassis",
}


def snake_case(name: str) -> str:
    """`MachineCycle` as `machine_cycle`, `HTTPTool` as `http_tool`."""
    return _WORD_END.sub("_", name).lower()


def plural_of(name: str) -> str:
    """The plural of a message's name: Recipes, Axes, Batches, Categories, MachineSeries."""
    *head, last = _LAST_WORD.split(name)
    return "".join(head) + _plural_word(last)


def _plural_word(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("is"):
        return word[:-2] + "es"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search(r"(s|x|z|ch|sh)$", word) else "s")


def stub_module(proto: str) -> str:
    """The Python module that protoc makes of a .proto: `plant.recipes.v1.recipe_pb2`."""
    return proto.removesuffix(".proto").replace("-", "_").replace("/", ".") + "_pb2"
