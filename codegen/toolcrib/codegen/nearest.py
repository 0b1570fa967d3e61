"""What somebody may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean x?`, or what there is to choose from."""
    choices = sorted(known)
    close = get_close_matches(name, choices, n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; there is {', '.join(f'`{choice}`' for choice in choices)}" if choices else ""
