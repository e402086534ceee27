"""The sections `lists`, `define` and `watchlists`: what their names stand for, and every problem of theirs once."""

import pickle

from bot.config.document import Document, parse
from bot.rules.clauses import All, Any, Compare, Not, OneOf, Watched
from bot.rules.definitions import read_vocabulary
from bot.rules.names import NO_NAMES, Item, Vocabulary
from bot.rules.rule import Rule, read_rules

GOOD = """\
lists:
  mega: [AAPL, tech, MSFT]
  tech: [nvda, AAPL]
  cyclicals: [Energy, Materials]
  calm: [Utilities, cyclicals]
define:
  hot: {use: whale, side: ask}
  whale: {premium: ">= 1M", ticker: {not: mega}}
  either: {any: [hot, {ticker: earnings}]}
  same: whale
watchlists:
  earnings: [aapl, tech, IBM]
  empty: []
  bare:
rules:
  - {name: r, when: either, exclude: {sector: calm, use: same}, send_to: [d]}
"""

MEGA = OneOf("ticker", ("AAPL", "NVDA", "MSFT"), "mega")


def load(text: str) -> tuple[Vocabulary, tuple[Rule, ...], list[str]]:
    document = parse(text, "c.yaml", {})
    vocabulary, problems = read_vocabulary(document)
    raw = document.value["rules"] if isinstance(document.value, dict) and "rules" in document.value else []
    rules, others = read_rules(raw, ("rules",), document, vocabulary=vocabulary)
    return vocabulary, rules, [str(problem) for problem in sorted([*document.problems, *problems, *others])]


def test_what_the_names_stand_for() -> None:
    """In any order; lists and definitions may use one another."""
    vocabulary, (rule,), problems = load(GOOD)
    assert problems == []
    assert [item.text for item in vocabulary.lists["mega"] or ()] == ["AAPL", "nvda", "MSFT"]
    assert (vocabulary.lists["mega"] or ())[1] == Item("nvda", ("lists", "tech", 0))
    whale = All((Compare("premium", ">=", 1e6), Not(MEGA)))
    hot = All((*whale.parts, Compare("side", "==", "ask")))
    either = Any((hot, Watched("earnings")))
    assert vocabulary.definitions == {"hot": hot, "whale": whale, "either": either, "same": whale}
    assert vocabulary.watchlists == {"earnings": ("AAPL", "NVDA", "IBM"), "empty": (), "bare": ()}
    calm = OneOf("sector", ("Utilities", "Energy", "Materials"), "calm")
    assert rule.when == All((either, Not(Any((calm, whale)))))
    assert rule.watchlists == {"earnings"}
    assert pickle.loads(pickle.dumps(vocabulary)) == vocabulary  # noqa: S301 ours


def test_a_file_without_them() -> None:
    assert read_vocabulary(parse("rules: []\n", "c.yaml", {})) == (NO_NAMES, [])
    assert read_vocabulary(parse("lists:\ndefine:\nwatchlists:\n", "c.yaml", {})) == (NO_NAMES, [])
    assert read_vocabulary(Document("c.yaml", is_readable=False)) == (NO_NAMES, [])


def test_every_problem_once_at_its_place() -> None:
    """However many rules use what is wrong; those rules are left out, and the others read."""
    vocabulary, rules, problems = load(
        """\
lists:
  Mega: [AAPL]
  typed: [AAPL, 5, true, ""]
  none: []
  text: AAPL
  spy: [spy, QQQ]
  one: [two]
  two: [three]
  three: [one]
  sectors: [Energy, Tekk]
  uses-none: [none, AAPL]
define:
  a: {use: b}
  b: {any: [{score: ">= 85"}, {not: a}]}
  self: self
  wrong: {premuim: 5, score: high, sector: sectors}
  uses-wrong: {use: wrong, ticker: typed}
  empty: {}
  number: 5
  lost: {use: whal}
watchlists:
  sectors: [AAPL]
  nested: [other]
  other: [AAPL, not a ticker, 5]
  map: {AAPL: true}
rules:
  - {name: r1, when: {use: [wrong, a]}, send_to: [d]}
  - {name: r2, when: {sector: sectors, use: uses-wrong}, send_to: [d]}
  - {name: r3, when: {side: sectors}, send_to: [d]}
  - {name: r4, when: {ticker: [typed, spy, one, uses-none]}, send_to: [d]}
  - {name: r5, when: {score: 5}, send_to: [d]}
"""
    )
    assert [rule.name for rule in rules] == ["r5"]
    sectors = (
        "expected Energy, Materials, Industrials, Consumer Discretionary, Consumer Staples, Health Care, Financials, "
        "Information Technology, Communication Services, Utilities or Real Estate"
    )
    a_name = "expected a name of at most 40 small letters, digits, - and _, with no - or _ in front"
    clauses = "expected clauses, such as score: '>= 85', or the name of a definition"
    known = "a, b, empty, lost, number, self, uses-wrong and wrong"
    a_ticker = "expected a ticker, such as NVDA or BRK.B"
    capitals = "write a ticker of that name in capital letters"
    assert problems == [
        f'c.yaml:2:3: "Mega": {a_name}',
        "c.yaml:3:17: lists.typed[1]: expected text, got 5; put it in quotes",
        "c.yaml:3:20: lists.typed[2]: expected text, got true; put it in quotes",
        'c.yaml:3:26: lists.typed[3]: expected text, got ""',
        "c.yaml:4:3: lists.none: the list is empty; put a value in it or leave it out",
        'c.yaml:5:9: lists.text: expected a list of values, such as [AAPL, MSFT], got "AAPL"',
        f"c.yaml:6:3: lists.spy: it holds itself: spy → spy; {capitals}",
        f"c.yaml:7:3: lists.one: it holds itself: one → two → three → one; {capitals}",
        'c.yaml:10:13: lists.sectors[0], used for side in rule "r3": expected ask, bid or mid, got "Energy"',
        f'c.yaml:10:21: lists.sectors[1], used for sector in definition "wrong": {sectors}, got "Tekk"',
        "c.yaml:13:3: define.a: it holds itself: a → b → a",
        "c.yaml:15:3: define.self: it holds itself: self → self",
        'c.yaml:16:11: unknown field "premuim" in definition "wrong"; did you mean "premium"?',
        'c.yaml:16:30: score of definition "wrong": expected a number, such as 30 or 1.5k, got "high"',
        'c.yaml:18:3: definition "empty": there is no clause here, so every print would match',
        f'c.yaml:19:11: definition "number": {clauses}, got 5',
        f'c.yaml:20:15: use of definition "lost": expected the name of a definition, got "whal"; known: {known}',
        "c.yaml:22:3: watchlists.sectors: a list has this name too; give one of them another",
        'c.yaml:23:12: watchlists.nested[0]: a watchlist holds tickers and lists, no other watchlist, got "other"',
        f'c.yaml:24:17: watchlists.other[1], used for ticker in watchlist "other": {a_ticker}, got "not a ticker"',
        "c.yaml:24:31: watchlists.other[2]: expected text, got 5; put it in quotes",
        "c.yaml:25:8: watchlists.map: expected a list of values, such as [AAPL, MSFT], got a mapping",
    ]
    assert vocabulary.lists["one"] is vocabulary.lists["two"] is vocabulary.lists["typed"] is None
    assert vocabulary.definitions["wrong"] is vocabulary.definitions["uses-wrong"] is None


def test_sections_that_are_no_mappings() -> None:
    _, _, problems = load("lists: [a]\ndefine: whale\nwatchlists: 5\n")
    assert problems == [
        "c.yaml:1:8: lists: expected a mapping of names, got a list",
        'c.yaml:2:9: define: expected a mapping of names, got "whale"',
        "c.yaml:3:13: watchlists: expected a mapping of names, got 5",
    ]


def test_long_chains_end() -> None:
    """A definition behind a hundred others, or a list, is refused and not followed to the bottom."""
    lists = "\n".join(f"  l{n}: [l{n + 1}]" for n in range(100)) + "\n  l100: [AAPL]"
    define = "\n".join(f"  d{n}: {{not: d{n + 1}}}" for n in range(100)) + "\n  d100: {score: 5}"
    _, _, problems = load(f"lists:\n{lists}\ndefine:\n{define}\n")
    assert problems
    assert all("more than 24" in problem for problem in problems)


def test_definitions_that_double_are_refused() -> None:
    """Thirty lines would stand for a billion clauses."""
    define = "\n".join(
        f"  d{n}: {{any: [{{use: d{n + 1}, dte: {n}}}, {{use: d{n + 1}, size: {n}}}]}}" for n in range(20)
    )
    _, _, problems = load(f"define:\n{define}\n  d20: {{score: 5}}\n")
    assert len(problems) == 1
    assert "more than 1000 clauses, with those it uses" in problems[0]


def test_a_planted_secret_is_in_no_message() -> None:
    """Wherever in the sections a secret is put by mistake."""
    secret = "planted-fake-secret-51423"
    text = (
        "lists: {a: ['${KEY}'], b: '${KEY}'}\n"
        "define: {c: '${KEY}', d: {use: '${KEY}'}, e: {side: '${KEY}'}, f: {ticker: a}}\n"
        "watchlists: {g: ['${KEY}'], h: '${KEY}'}\nrules: [{name: r, when: {sector: a}, send_to: [d]}]\n"
    )
    document = parse(text, "c.yaml", {"KEY": secret})
    vocabulary, problems = read_vocabulary(document)
    assert isinstance(document.value, dict)
    _, others = read_rules(document.value["rules"], ("rules",), document, vocabulary=vocabulary)
    assert len(problems) == 7
    assert not any(
        secret[i : i + 9] in str(problem) for problem in [*problems, *others] for i in range(len(secret) - 8)
    )
