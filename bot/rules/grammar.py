"""Reads `when` into a tree of clauses and gathers every problem. Knows no file: problems carry paths."""

from collections.abc import Mapping

from bot.config.tree import PathTo
from bot.config.wording import suggest
from bot.rules.clauses import All, Any, Node, Not
from bot.rules.flaws import Flaw, Flaws
from bot.rules.forms import MAX_NESTING, Forms
from bot.rules.names import NO_NAMES, Vocabulary
from bot.rules.values import joined
from bot.rules.vocabulary import FACTS

MAX_TESTS = 1000
"""Tests of single facts in one tree, those of the definitions it uses included: ten lines of definitions that use one
another twice stand for a thousand, thirty for a billion."""

_GROUPS = ("any", "all", "not")
_USE = "use"
_CLAUSES = "expected clauses, such as score: '>= 85', or the name of a definition"


def parse(
    when: object,
    path: PathTo = (),
    what: str = "this rule",
    vocabulary: Vocabulary = NO_NAMES,
    *,
    root: int | None = None,
    group: type[All | Any] = All,
) -> tuple[Node | None, list[Flaw]]:
    """The tree that `when` at `path` stands for, or None and every flaw; `what` names the rule in messages.

    None without a flaw: it uses a list or a definition that has one. Messages never quote values, which may have come
    from a secret; of a path they show the steps from `root` on (the last one, unless told). `group` says whether all
    or any of its clauses must hold.
    """
    flaws = Flaws(what, max(len(path) - 1, 0) if root is None else root)
    node = joined(group, _Parser(vocabulary, flaws).parts(when, path, 0))
    if node and _tests(node) > MAX_TESTS:
        flaws.add(path, f"more than {MAX_TESTS} clauses, with those it uses", is_about_key=True)
    return (None if flaws.found or flaws.is_broken else node), flaws.found


class _Parser:
    """Gathers flaws; a part that has one is None, and its neighbours are still read."""

    def __init__(self, vocabulary: Vocabulary, flaws: Flaws) -> None:
        self._forms = Forms(vocabulary, flaws)
        self._vocabulary = vocabulary
        self._flaws = flaws

    def _clauses(self, raw: object, path: PathTo, depth: int) -> Node | None:
        """All of what a mapping says."""
        return joined(All, self.parts(raw, path, depth))

    def parts(self, raw: object, path: PathTo, depth: int) -> list[Node | None]:
        """A mapping of fields and groups, one by one, with the definitions it uses among them; or a definition."""
        if isinstance(raw, str):
            return [self._definition(raw, path, depth, _CLAUSES)]
        if not isinstance(raw, Mapping):
            self._flaws.add(path, _CLAUSES)
            return []
        if not raw:
            self._flaws.add(path, "there is no clause here, so every print would match", is_about_key=True)
        parts: list[Node | None] = []
        for name, value in raw.items():
            here = (*path, name)
            parts += self._used(value, here, depth) if name == _USE else [self._clause(str(name), value, here, depth)]
        return parts

    def _clause(self, name: str, raw: object, path: PathTo, depth: int) -> Node | None:
        if name in _GROUPS:
            return self._group(name, raw, path, depth + 1)
        if name in FACTS:
            return self._forms.read(FACTS[name], raw, path, depth)
        hint = suggest(name, (*FACTS, *_GROUPS, _USE))
        self._flaws.add_sentence(path, f'unknown field "{name}" in {self._flaws.what}{hint}')
        return None

    def _group(self, name: str, raw: object, path: PathTo, depth: int) -> Node | None:
        if depth > MAX_NESTING:
            self._flaws.add(path, f"nested more than {MAX_NESTING} levels deep", is_about_key=True)
        elif name == "not":
            part = self._clauses(raw, path, depth)
            return Not(part) if part else None
        elif raw == []:
            self._flaws.add(path, "the list is empty; put a clause in it or leave it out", is_about_key=True)
        elif isinstance(raw, list):
            parts = [self._clauses(item, (*path, index), depth) for index, item in enumerate(raw)]
            return joined(Any if name == "any" else All, parts)
        else:
            self._flaws.add(path, "expected a list of clauses, each on a line such as - score: '>= 85'")
        return None

    def _used(self, raw: object, path: PathTo, depth: int) -> list[Node | None]:
        """The definitions that `use` names."""
        names = [((*path, index), name) for index, name in enumerate(raw)] if isinstance(raw, list) else [(path, raw)]
        if not names:
            self._flaws.add(path, "the list is empty; put a definition's name in it or leave it out", is_about_key=True)
        return [self._definition(name, here, depth, "expected the name of a definition") for here, name in names]

    def _definition(self, name: object, path: PathTo, depth: int, expected: str) -> Node | None:
        known = self._vocabulary.definitions
        if not isinstance(name, str) or name not in known:
            if not self._vocabulary.is_whole and isinstance(name, str):
                self._flaws.is_broken = True
                return None
            self._flaws.add(path, expected, hint=suggest(name, known) if isinstance(name, str) else "")
            return None
        node = known[name]
        if node is None:
            self._flaws.is_broken = True
        elif depth + _height(node) > MAX_NESTING:
            self._flaws.add(path, f"nested more than {MAX_NESTING} levels deep, with what it uses")
        return node


def _height(node: Node) -> int:
    """Groups and `not` within one another."""
    if isinstance(node, Not):
        return 1 + _height(node.part)
    return 1 + max(map(_height, node.parts)) if isinstance(node, (All, Any)) else 0


def _tests(node: Node) -> int:
    if isinstance(node, Not):
        return _tests(node.part)
    return sum(map(_tests, node.parts)) if isinstance(node, (All, Any)) else 1
