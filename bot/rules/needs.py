"""Which facts a rule cannot do without."""

from bot.rules.clauses import All, Any, Node, Not, Watched


def facts_needed(node: Node) -> frozenset[str]:
    """The names of the vocabulary without any one of which the tree is never true."""
    return _needed(node, is_true=True)


def _needed(node: Node, *, is_true: bool) -> frozenset[str]:
    """What must be known for `node` to be true (or false). For all to be true each part must be; for any, one."""
    if isinstance(node, Not):
        return _needed(node.part, is_true=not is_true)
    if isinstance(node, (All, Any)):
        parts = [_needed(part, is_true=is_true) for part in node.parts]
        return frozenset.union(*parts) if isinstance(node, All) == is_true else frozenset.intersection(*parts)
    return frozenset({"ticker" if isinstance(node, Watched) else node.field})
