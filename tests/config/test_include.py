"""A configuration in several files: read as one, and every place is in the file where it is written."""

import os
import pickle
from pathlib import Path

import pytest

from bot.config.check import check
from bot.config.document import Document, parse, read
from bot.config.units import Duration

FAKE = "planted-fake-secret-51423"


@pytest.fixture(autouse=True)
def stand_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The admin stands in a folder and names files from there."""
    monkeypatch.chdir(tmp_path)


def write(**files: str) -> None:
    """`conf__rules__a="…"` is the file conf/rules/a.yaml."""
    for name, text in files.items():
        path = Path(name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def messages(document: Document) -> list[str]:
    return [str(problem) for problem in sorted(document.problems)]


def test_rules_follow_one_another_and_know_their_files() -> None:
    """Those of the main file first, then file by file; what a file includes comes after its own."""
    write(
        conf__config="include: [more.yaml, rules/*.yaml]\nrules:\n  - name: first\n",
        conf__more="rules:\n- name: second\ninclude: deep/x.yaml\n",
        conf__deep__x="rules:\n\n  - name: third\n",
        conf__rules__b="# b\nrules:\n  - {name: fifth}\n  - name: sixth\n    when: {score: 1}\n",
        conf__rules__a="rules:\n  - name: fourth\n",
    )
    found = read("conf/config.yaml", {})
    assert found.problems == ()
    assert isinstance(found.value, dict)
    names = ["first", "second", "third", "fourth", "fifth"]
    assert found.value == {"rules": [*({"name": name} for name in names), {"name": "sixth", "when": {"score": 1}}]}
    assert found.mark(("rules", 0, "name")) == ("conf/config.yaml", 3, 11)
    assert found.mark(("rules", 1, "name")) == ("conf/more.yaml", 2, 9)
    assert found.mark(("rules", 2)) == ("conf/deep/x.yaml", 3, 5)
    assert found.mark(("rules", 3, "name")) == ("conf/rules/a.yaml", 2, 11)
    assert found.mark(("rules", 5, "when", "score")) == ("conf/rules/b.yaml", 5, 19)
    assert found.key_mark(("rules", 5, "when", "score")) == ("conf/rules/b.yaml", 5, 12)
    assert found.key_mark(("rules", 5)) == ("conf/rules/b.yaml", 4, 5)
    assert found.mark(("rules", 5, "cooldown", "x")) == ("conf/rules/b.yaml", 4, 5), "its nearest ancestor"
    assert found.mark(("rules",)) == ("conf/config.yaml", 3, 3)
    assert found.mark(()) == ("conf/config.yaml", 1, 1)
    assert found.at(("rules", 5, "when", "score")) == 1


def test_names_are_joined_and_other_sections_stand_in_one_file() -> None:
    """Whatever section a file brings; an empty one says nothing."""
    write(
        config="include: [a.yaml, b.yaml]\nlists: {mega: [AAPL]}\nstore:\ndestinations:\n  desk: {type: console}\n",
        a="lists: {banks: [JPM]}\nstore: {path: x}\nrules: [{name: r}]\n",
        b="destinations:\n  room: {type: x}\nlists:\ndiscord: {token: t}\n",
    )
    found = read("config.yaml", {})
    assert found.problems == ()
    assert found.value == {
        "lists": {"mega": ["AAPL"], "banks": ["JPM"]},
        "store": {"path": "x"},
        "destinations": {"desk": {"type": "console"}, "room": {"type": "x"}},
        "rules": [{"name": "r"}],
        "discord": {"token": "t"},
    }
    assert found.mark(("lists", "banks", 0)) == ("a.yaml", 1, 17)
    assert found.key_mark(("lists", "banks")) == ("a.yaml", 1, 9)
    assert found.mark(("store", "path")) == ("a.yaml", 2, 15)
    assert found.key_mark(("destinations", "room", "type")) == ("b.yaml", 2, 10)
    assert found.key_mark(("destinations",)) == ("config.yaml", 4, 1)


def test_what_is_said_twice() -> None:
    """Both places are named, and the first one stands."""
    write(
        config="include: [a.yaml, b.yaml]\nlists:\n  mega: [AAPL]\ndelivery: {backlog: 1}\nrules: [{name: one}]\n",
        a="delivery: {backlog: 2}\nlists: {mega: [JPM], mini: [X]}\nrules: {name: two}\n",
        b="lists: [1]\ndefine:\n  mini: 3\n",
    )
    found = read("config.yaml", {})
    assert messages(found) == [
        'a.yaml:1:1: the section "delivery" is said twice; it stands first at config.yaml:4:1',
        'a.yaml:2:9: "mega" in lists is said twice; it stands first at config.yaml:3:3',
        'a.yaml:3:1: the section "rules" is said twice; it stands first at config.yaml:5:1',
        'b.yaml:1:1: the section "lists" is said twice; it stands first at config.yaml:2:1',
    ]
    assert found.value == {
        "lists": {"mega": ["AAPL"], "mini": ["X"]},
        "delivery": {"backlog": 1},
        "rules": [{"name": "one"}],
        "define": {"mini": 3},
    }
    assert found.mark(("lists", "mega", 0)) == ("config.yaml", 3, 10)
    assert found.is_whole, "every file was read"


@pytest.mark.parametrize(
    ("include", "problem"),
    [
        ("nope.yaml", "1:10: cannot include conf/nope.yaml: there is no such file"),
        ("[../nope.yaml]", "1:11: cannot include nope.yaml: there is no such file"),
        ("[folder]", "1:11: cannot include conf/folder: it is a folder; name its files, such as folder/*.yaml"),
        ("pipe", "1:10: cannot include conf/pipe: it cannot be read: it is no ordinary file"),
        ("nope/*.yaml", "1:10: cannot include conf/nope/*.yaml: no file matches"),
        ("'*.yaml'", "1:10: cannot include conf/*.yaml: no file matches"),
        ("r/**", "1:10: cannot include conf/r/**: ** is not known here; name each folder, such as rules/*/*.yaml"),
        ("config.yaml",
         "1:10: cannot include conf/config.yaml: it includes itself: conf/config.yaml → conf/config.yaml"),
        ("5", "1:10: include: expected the path of a file, or a list of paths"),
        ("[{a: b}]", "1:11: include: expected the path of a file, or a list of paths"),
        ("''", "1:10: include: expected the path of a file, or a list of paths"),
        ("[text]", "1:11: cannot include conf/text: the file must be a mapping of sections, such as rules:"),
        ("[items]", "1:11: cannot include conf/items: the file must be a mapping of sections, such as rules:"),
        ("empty", "1:10: cannot include conf/empty: the file is empty"),
        ("${NOPE}", "1:10: the variable NOPE is not set; set it in the environment or in .env beside this file"),
        ('"a\\0b"', "1:10: include: expected the path of a file, or a list of paths"),
    ],
)  # fmt: skip
def test_what_cannot_be_included(include: str, problem: str) -> None:
    """The problem stands where it was to be included; the rest is read on."""
    write(conf__config=f"include: {include}\nrules: []\n")
    Path("conf/folder").mkdir()
    os.mkfifo("conf/pipe")
    Path("conf/text").write_text("hello\n")
    Path("conf/items").write_text("- name: a rule without its section\n")
    Path("conf/empty").write_text("# nothing yet\n")
    found = read("conf/config.yaml", {})
    assert messages(found) == [f"conf/config.yaml:{problem}"]
    assert found.value == {"rules": []}
    assert found.is_readable
    assert not found.is_whole


def test_an_unreadable_file() -> None:
    Path("a.yaml").symlink_to("a.yaml")
    write(config="include: a.yaml\n")
    assert messages(read("config.yaml", {})) == [
        "config.yaml:1:10: cannot include a.yaml: it cannot be read: Too many levels of symbolic links"
    ]


def test_nothing_to_include_is_no_problem() -> None:
    for nothing in ("", " []", " null"):
        assert parse(f"include:{nothing}\na: 1\n", "c.yaml", {}).value == {"a": 1}
        assert parse(f"include:{nothing}\na: 1\n", "c.yaml", {}).problems == ()


def test_all_problems_of_all_files() -> None:
    """What is no YAML, no text or says a key twice is reported in its own file, beside the others."""
    write(
        config="include: [nope.yaml, a.yaml, b.yaml, c.yaml]\nx: ${NOPE}\n",
        a="rules: [\n",
        b="y: 1\ny: 2\nz: ${NOPE}\n",
    )
    Path("c.yaml").write_bytes(b"a: 1\nb: \xff\n")
    found = read("config.yaml", {})
    unset = "the variable NOPE is not set; set it in the environment or in .env beside"
    assert messages(found) == [
        "a.yaml:2:1: not YAML: did not find expected node content",
        'b.yaml:2:1: duplicate key "y"; it stands first at line 1',
        f"b.yaml:3:4: {unset} config.yaml",
        "c.yaml:2:4: not UTF-8; save the file in that encoding",
        "config.yaml:1:11: cannot include nope.yaml: there is no such file",
        f"config.yaml:2:4: {unset} this file",
    ]
    assert found.unfilled == {("x",), ("z",)}
    assert found.value == {"x": "${NOPE}", "y": 1, "z": "${NOPE}"}


def test_files_that_include_one_another_in_a_circle() -> None:
    write(config="include: sub/a.yaml\n", sub__a="include:\n  - b.yaml\n", sub__b="include: ../config.yaml\nx: 1\n")
    found = read("config.yaml", {})
    way = "config.yaml → sub/a.yaml → sub/b.yaml → config.yaml"
    assert messages(found) == [f"sub/b.yaml:1:10: cannot include config.yaml: it includes itself: {way}"]
    assert found.value == {"x": 1}


def test_a_circle_of_symbolic_links_is_found() -> None:
    """Files are told by what they are, not by their names."""
    write(config="include: link.yaml\n")
    Path("link.yaml").symlink_to("config.yaml")
    assert messages(read("config.yaml", {})) == [
        "config.yaml:1:10: cannot include link.yaml: it includes itself: config.yaml → link.yaml"
    ]


def test_a_file_named_twice() -> None:
    write(config="include: [a.yaml, b.yaml]\n", a="include: b.yaml\n", b="rules: [1]\n")
    found = read("config.yaml", {})
    assert messages(found) == ["config.yaml:1:19: cannot include b.yaml: it is included already, at a.yaml:1:10"]
    assert found.value == {"rules": [1]}


def test_files_nest_eight_deep() -> None:
    write(config="include: f1.yaml\n", **{f"f{n}": f"include: f{n + 1}.yaml\nk{n}: 1\n" for n in range(1, 12)})
    found = read("config.yaml", {})
    assert messages(found) == ["f8.yaml:1:10: cannot include f9.yaml: files include one another more than 8 deep here"]
    assert found.value == {f"k{n}": 1 for n in range(1, 9)}


def test_the_number_of_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.config.include.MAX_FILES", 2)
    write(config="include: [a/*.yaml, b.yaml, c.yaml]\n", b="b: 1\n", c="c: 1\n", a__x="", a__y="")
    found = read("config.yaml", {})
    assert messages(found) == [
        "config.yaml:1:11: cannot include a/*.yaml: these are more than 2 files",
        "config.yaml:1:29: cannot include c.yaml: these are more than 2 files",
    ]
    assert found.value == {"b": 1}


def test_what_a_pattern_matches() -> None:
    """Ordinary files by name; not the file that says it, nor what is read already, hidden, or left by an editor."""
    write(config="include: [z.yaml, '*', 'more/[ab]?.yaml']\n", z="rules: [1]\n", y="rules: [2]\n", x="rules: [3]\n")
    write(more__a1="rules: [4]\n", more__c1="rules: [5]\n", more__a="rules: [6]\n")
    for name in (".hidden.yaml", ".x.yaml.swp", "x.yaml~", "#x.yaml#", ".#x.yaml"):
        Path(name).write_text("rules: [7]\n")
    Path("dangling.yaml").symlink_to("nowhere")
    found = read("config.yaml", {})
    assert found.problems == ()
    assert found.value == {"rules": [1, 3, 2, 4]}


def test_one_set_of_variables_and_files_beside_their_file() -> None:
    """`.env` is that of the main file; `${file:…}` begins where it is written."""
    write(conf__config="include: rules/a.yaml\nx: ${A} ${file:key}\n", conf__rules__a="y: ${A} ${file:key}\n")
    Path("conf/.env").write_text("A=of-main\n")
    Path("conf/rules/.env").write_text("A=of-rules\n")
    Path("conf/key").write_text("main-key")
    Path("conf/rules/key").write_text("rules-key")
    found = read("conf/config.yaml", {})
    assert found.value == {"x": "of-main main-key", "y": "of-main rules-key"}
    assert found.got(("y",)) == " (the value comes from ${A})"


def test_secrets_of_an_included_file_are_hushed() -> None:
    """They follow their values to where these stand in the whole."""
    write(
        config="include: a.yaml\nrules: [{a: 1}]\nlists: {x: 1}\n",
        a="rules:\n  - {url: '${KEY}', pin: '${PIN}'}\nlists: {y: '${KEY}'}\n",
    )
    found = read("config.yaml", {"KEY": FAKE, "PIN": "pin7"})
    assert FAKE not in repr(found)
    assert found.got(("rules", 1, "url")) == " (the value comes from ${KEY})"
    assert found.got(("rules", 0, "a")) == ", got 1"
    bland = "the value that comes from ${KEY} is not accepted here"
    assert str(found.problem(("rules", 1, "url"), f"bad {FAKE[:12]}")) == f"a.yaml:2:11: {bland}"
    assert found.hush(("rules", 0, "a"), f"bad {FAKE}") == bland
    assert found.hush(("rules", 1, "pin"), "bad pin7") == "the value that comes from ${PIN} is not accepted here"
    assert found.hush(("rules", 0), "bad pin7") == "bad pin7", "a short value may appear by chance"


def test_a_path_may_come_from_a_variable() -> None:
    """Then the message names the variable; the name of a file that is there is no secret."""
    write(config="include: ['${ENV}/rules.yaml', '${KEY}.yaml']\n", production__rules="a: x\n")
    found = read("config.yaml", {"ENV": "production", "KEY": FAKE})
    assert messages(found) == ["config.yaml:1:32: cannot include what ${KEY} names: there is no such file"]
    assert found.hush(("a",), "the first is at production/rules.yaml") == "the first is at production/rules.yaml"


def test_models_complain_at_the_right_file() -> None:
    write(config="include: a.yaml\nrules: [{wait: 1m}]\n", a="rules:\n  - wait: 5 mins\n")
    found = read("config.yaml", {})
    _, problems = check(list[dict[str, Duration]], found.at(("rules",)), ("rules",), found)
    assert [str(problem).split(": expected")[0] for problem in problems] == ["a.yaml:2:11: rules[1].wait"]


def test_a_document_tells_what_it_was_made_of() -> None:
    """Files that were looked for in vain are among them: one that is put there later is news."""
    write(
        conf__config="include: [a.yaml, nope.yaml, 'r/*.yaml']\nx: '${file:key}${file:none}'\n",
        conf__a="",
        conf__r__b="",
    )
    Path("conf/key").write_text("k")
    found = read("conf/config.yaml", {})
    assert found.files == tuple(found.sources.files)
    names = ["config.yaml", ".env", "key", "none", "a.yaml", "nope.yaml", "r/b.yaml"]
    assert list(found.sources.files) == [Path("conf", name) for name in names]
    assert [(pattern.folder, pattern.text) for pattern in found.sources.patterns] == [(Path("conf"), "r/*.yaml")]
    assert list(read("conf/nothing.yaml", {}).files) == [Path("conf/nothing.yaml")]
    Path("conf/config.yaml").write_text("a: [")
    assert list(read("conf/config.yaml", {}).files) == [Path("conf/config.yaml"), Path("conf/.env")]


def test_a_document_goes_from_process_to_process() -> None:
    write(config="include: a.yaml\n", a="rules: [{a: '${A}'}]\n")
    found = read("config.yaml", {"A": FAKE})
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 our own


def test_absolute_paths_are_shown_as_they_are(tmp_path: Path) -> None:
    write(a="a: 1\n", b="b: 1\n", conf__config="")
    Path("conf/config.yaml").write_text(f"include: [{tmp_path}/a.yaml, '{tmp_path}/b*.yaml']\n")
    found = read("conf/config.yaml", {})
    assert found.mark(("a",)) == (f"{tmp_path}/a.yaml", 1, 4)
    assert found.mark(("b",)) == (f"{tmp_path}/b.yaml", 1, 4)
    assert read(tmp_path / "conf/config.yaml", {}).mark(()) == (f"{tmp_path}/conf/config.yaml", 1, 1)


def test_a_text_may_be_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.config.sources.MAX_FILE_BYTES", 20)
    monkeypatch.setattr("bot.config.include.MAX_FILE_BYTES", 20)
    write(config="include: [a.yaml]\n", a="a: " + 30 * "x")
    assert len(messages(read("config.yaml", {}))) == 1
    write(config="include: [a.yaml]\n" + 20 * "#")
    assert not read("config.yaml", {}).is_readable
