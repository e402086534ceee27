"""Watchlists in a tree: which it asks for, and what it says once their tickers are known."""

from collections.abc import Collection, Mapping

from bot.rules.clauses import All, Any, Node, Not, OneOf, Watched


def watched(node: Node) -> frozenset[str]:
    """The names of the watchlists that the tree asks for."""
    if isinstance(node, Watched):
        return frozenset({node.watchlist})
    if isinstance(node, Not):
        return watched(node.part)
    return frozenset[str]().union(*map(watched, node.parts)) if isinstance(node, (All, Any)) else frozenset()


def resolve(node: Node, watchlists: Mapping[str, Collection[str]]) -> Node:
    """The tree with tickers in the place of watchlists; `node` itself where it asks for none.

    One that is not among `watchlists` is empty.
    """
    if isinstance(node, Watched):
        return OneOf("ticker", tuple(watchlists.get(node.watchlist, ())), node.watchlist)
    if isinstance(node, Not):
        part = resolve(node.part, watchlists)
        return node if part is node.part else Not(part)
    if isinstance(node, (All, Any)):
        parts = tuple(resolve(part, watchlists) for part in node.parts)
        is_same = all(new is old for new, old in zip(parts, node.parts, strict=True))
        return node if is_same else All(parts) if isinstance(node, All) else Any(parts)
    return node
