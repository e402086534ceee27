"""A file becomes plain values with places; secrets are filled in and never shown."""

from pathlib import Path

import pytest

from bot.config.document import Document, parse, read
from bot.model.errors import Problem

FAKE = "planted-fake-secret-51423"


def write(folder: Path, text: str, env: str | None = None) -> Path:
    if env is not None:
        (folder / ".env").write_text(env)
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def messages(document: Document) -> list[str]:
    return [f"{problem.line}:{problem.column}: {problem.message}" for problem in document.problems]


def test_values_and_their_places() -> None:
    """Every value has the place of its first character, every key too; lines and columns count from 1."""
    found = parse("a:\n  - é: 1\n    b: {c: [x, y]}\n", "f.yaml", {})
    assert found.value == {"a": [{"é": 1, "b": {"c": ["x", "y"]}}]}
    assert found.mark(("a", 0, "b", "c", 1)) == ("f.yaml", 3, 16)
    assert found.key_mark(("a", 0, "b", "c")) == ("f.yaml", 3, 9)
    assert found.key_mark(("a",)) == ("f.yaml", 1, 1)
    assert found.mark(("a", 0)) == ("f.yaml", 2, 5)
    assert found.key_mark(("a", 0)) == ("f.yaml", 2, 5), "an item of a list has no key"
    assert found.mark(("a", 0, "absent", 7)) == ("f.yaml", 2, 5), "what is not there stands where its parent stands"
    assert found.at(("a", 0, "b", "c", 1)) == "y"
    with pytest.raises(KeyError):
        found.at(("a", 1))


def test_keys_are_text_as_written() -> None:
    """A provider called 7 or on is not renamed."""
    assert parse("7: 1\non: 2\nnull: 3\n", "f", {}).value == {"7": 1, "on": 2, "null": 3}


def test_problems_of_keys() -> None:
    """Duplicates, merge keys and keys that are no text; the rest of the file is read on."""
    found = parse("a: 1\nb: 2\na: 3\n<<: {c: 4}\n[x]: 5\nd: !mine 6\n", "f", {})
    assert messages(found) == [
        '3:1: duplicate key "a"; it stands first at line 1',
        "4:1: merge keys (<<) are not supported; write the fields out",
        "5:1: a key must be text",
        "6:4: the tag !mine is not supported; put text in quotes instead",
    ]
    assert found.value == {"a": 1, "b": 2, "d": None}


def test_aliases_are_copies() -> None:
    found = parse("a: &x {b: [1, 2]}\nc: *x\n", "f", {})
    assert (found.value, found.problems) == ({"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}, ())


def test_an_alias_bomb_is_refused() -> None:
    """Nine lines that stand for a billion values cost a problem and nothing more."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    found = parse("\n".join(lines), "f", {})
    assert [problem.message for problem in found.problems] == [
        "aliases that add more than 10000 values, or hold themselves; write it out"
    ]


def test_an_alias_inside_itself_is_refused() -> None:
    found = parse("a: &x [*x, *x]\n", "f", {})
    assert len(found.problems) == 1
    assert "hold themselves" in found.problems[0].message


def test_aliases_without_an_anchor_above() -> None:
    """The rest is read on. A second anchor of a name would leave it to the reader which one is meant."""
    found = parse("é: *x\na: [*b]\nb: &b 1\nc: &b 2\nd: *b\n", "f", {})
    unknown = "an alias (*name) whose anchor (&name) is not above it; put text with a star in quotes"
    assert messages(found) == [
        "4:4: there is an anchor &b above; give this one another name",
        f"1:4: {unknown}",
        f"2:5: {unknown}",
    ]
    assert found.value == {"é": None, "a": [None], "b": 1, "c": 2, "d": 1}
    assert found.unfilled == {("é",), ("a", 0)}
    assert found.mark(("a", 0)) == ("f", 2, 5)
    assert found.mark(("d",)) == ("f", 3, 4), "an alias stands where its anchor stands"


def test_what_is_skipped_may_be_large() -> None:
    """A value whose key is refused is passed over whole, with its anchors known."""
    found = parse("a: 1\na: {b: [1, {c: 2}], d: []}\n? [x, {y: z}]\n: [1, [2]]\n<<: {e: &e [3]}\nf: *e\n", "f", {})
    assert found.value == {"a": 1, "f": [3]}
    assert [problem.line for problem in found.problems] == [2, 3, 5]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, ":0:0 there is no such file; copy config.example.yaml to it, or name another with -c"),
        (b"a: \xff\n", ":1:4 not UTF-8; save the file in that encoding"),
        (b"", ":0:0 the file is empty"),
        (b"a: [\n", ":2:1 not YAML: did not find expected node content"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """There is nothing to check then, and `is_readable` says so."""
    path = tmp_path / "c.yaml"
    if content is not None:
        path.write_bytes(content)
    found = read(path, {})
    assert not found.is_readable
    assert [f":{p.line}:{p.column} {p.message}" for p in found.problems] == [problem]
    assert found.problems[0].file == str(path)


def test_placeholders_are_filled_wherever_text_stands(tmp_path: Path) -> None:
    """The environment wins over .env; several fit in one text; files lose their last newline; $${ stands for ${."""
    (tmp_path / "key").write_text("from-file\n")
    path = write(
        tmp_path,
        'a: ${A}\nb: ["x-${B}-${A}"]\nc: ${file:key}\nd: $${A}\ne: ${N}\nf: "a $ b {c}"\n${A}: key\n',
        "A=from-dotenv\nB=from-dotenv\nN=7\n",
    )
    found = read(path, {"A": "from-environ"})
    assert found.problems == ()
    assert found.value == {
        "a": "from-environ",
        "b": ["x-from-dotenv-from-environ"],
        "c": "from-file",
        "d": "${A}",
        "e": "7",
        "f": "a $ b {c}",
        "${A}": "key",
    }


def test_what_is_filled_in_is_not_read_again() -> None:
    """A secret that looks like a placeholder or like YAML is only text."""
    assert parse("a: ${A}\nb: ${B}\n", "f", {"A": "${B}", "B": "[1, 2]"}).value == {"a": "${B}", "b": "[1, 2]"}


def test_placeholders_that_cannot_be_filled(tmp_path: Path) -> None:
    """Each says what is missing, at the place of its text; the text stays as it was."""
    (tmp_path / "big").write_bytes(b"x" * 70_000)
    (tmp_path / "bytes").write_bytes(b"\xff")
    text = "a: ${NOPE}\nb: '${A} ${'\nc: ${A-B}\nd: ${file:none}\ne: ${file:.}\nf: ${file:big}\ng: ${file:bytes}\n"
    found = read(write(tmp_path, text), {"A": FAKE})
    assert messages(found) == [
        "1:4: the variable NOPE is not set; set it in the environment or in .env beside this file",
        "2:4: ${ without its closing }; write $${ if you mean the characters themselves",
        "3:4: ${A-B} is no placeholder; the forms are ${NAME} and ${file:/path}",
        "4:4: ${file:none} cannot be read: No such file or directory",
        "5:4: ${file:.} is no ordinary file",
        "6:4: ${file:big} is larger than 65536 bytes: is it the right file?",
        "7:4: ${file:bytes} is not UTF-8 text",
    ]
    assert found.unfilled == {("a",), ("b",), ("c",), ("d",), ("e",), ("f",), ("g",)}
    assert found.at(("b",)) == "${A} ${"


def test_dotenv_problems_come_with_the_document(tmp_path: Path) -> None:
    path = write(tmp_path, "a: 1\n", f"GOOD=1\nBAD {FAKE}\n")
    assert read(path, {}).problems == (Problem(str(tmp_path / ".env"), 2, 1, "expected KEY=VALUE"),)


def test_a_filled_in_value_is_never_shown() -> None:
    """Not in the repr, not as what was got, not in a message that would repeat it or a part of it."""
    found = parse(f"a: ${{KEY}}\nb:\n  c: ${{SHORT}}\nd: {FAKE}\n", "f", {"KEY": FAKE, "SHORT": "pin7"})
    assert FAKE not in repr(found)
    assert found.got(("a",)) == " (the value comes from ${KEY})"
    bland = "the value that comes from ${KEY} is not accepted here"
    assert found.problem(("a",), f"bad host {FAKE[:12]}").message == bland
    assert found.problem(("b",), f"elsewhere: {FAKE}").message == bland
    assert (
        found.problem(("b", "c"), "pin7 is short").message == "the value that comes from ${SHORT} is not accepted here"
    )
    assert found.problem(("a",), "an honest message").message == "an honest message"


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("5 mins", ', got "5 mins"'), ("12", ", got 12"), ("true", ", got true"), ("null", ", got nothing"),
        ("[1]", ", got a list"), ("{a: 1}", ", got a mapping"), ("x" * 80, ', got "' + "x" * 59 + "…"),
    ],
)  # fmt: skip
def test_what_was_got(text: str, got: str) -> None:
    """Messages end with the user's own words, shortened."""
    assert parse(f"a: {text}", "f", {}).got(("a",)) == got
