"""Words that messages share: a suggestion for a misspelt word, a list of choices, a path as people write it."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches


def suggest(word: str, choices: Collection[str]) -> str:
    """`; did you mean "premium"?`, or else `; known are a, b and c`, for the end of a message."""
    plain = {choice.lower().replace("-", "_"): choice for choice in choices}
    if close := get_close_matches(word.lower().replace("-", "_"), plain, n=1):
        return f'; did you mean "{plain[close[0]]}"?'
    return f"; known: {join(sorted(choices), 'and')}" if choices else ""


def join(words: Sequence[str], last: str = "or") -> str:
    """`a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def dotted(path: Sequence[str | int]) -> str:
    """`rules[0].when.score`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
