"""The command line: exit codes, what goes to which stream, and that starting it is cheap."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import time_ns

import click
import pytest

from bot import __version__
from bot.cli import _exit_code, flowbot, main
from bot.logs import redactor
from bot.model.errors import InputError, Problem, UnavailableError
from bot.model.secret import Secret
from bot.outbox.sqlite import open_outbox

GOOD = """\
providers: {rp: {type: radarpulse, api_key: rp-fake-key}}
destinations: {terminal: {type: console}}
rules: [{name: whales, when: {premium: ">= 500k"}, send_to: [terminal]}]
"""

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """`cli("check", …)` in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["flowbot", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


# --- exit codes ---


def test_the_users_mistakes_are_1(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, one a line, in file order, on standard error, without a traceback."""

    def command() -> None:
        raise InputError(Problem("c.yaml", 7, 2, "second"), Problem("c.yaml", 3, 1, "first"))

    assert _exit_code(command) == 1
    assert capsys.readouterr() == ("", "c.yaml:3:1: first\nc.yaml:7:2: second\n")


def test_what_is_unavailable_is_69(capsys: pytest.CaptureFixture[str]) -> None:
    """With who says so."""

    def command() -> None:
        raise UnavailableError("the store is taken")

    assert _exit_code(command) == 69
    assert capsys.readouterr() == ("", "flowbot: the store is taken\n")


def test_a_bug_is_70_and_shown_whole_but_for_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traceback, so that it can be reported, with stars where it quotes a key."""
    monkeypatch.setattr(redactor, "_known", None)
    redactor.learn([Secret("hidden-key-1")])

    def command() -> None:
        raise RuntimeError("while posting hidden-key-1 to https://discord.com/api/webhooks/1/secret-token")

    assert _exit_code(command) == 70
    out, err = capsys.readouterr()
    assert not out
    assert "Traceback" in err
    assert "RuntimeError: while posting ***" in err
    assert "hidden-key-1 to" not in err.replace('"while posting hidden-key-1', "")
    assert "secret-token" not in err
    assert err.endswith("flowbot: this is a bug; please report it with the lines above\n")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, click.Abort])
def test_an_interruption_is_130(interruption: type[BaseException]) -> None:
    """As shells have it: 128 + SIGINT."""

    def command() -> None:
        raise interruption

    assert _exit_code(command) == 130


@pytest.mark.parametrize(
    "arguments",
    [
        ("runn",),
        ("run", "--nope"),
        ("run", "-c"),
        ("explain",),
        ("send-test",),
        ("simulate",),
        ("simulate", "--port", "65536"),
        ("simulate", "--port", "0", "--file", "none.jsonl"),
        ("demo", "--seconds", "0"),
        ("demo", "--rate", "fast"),
        ("check", "surplus"),
    ],
)
def test_wrong_usage_is_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    """With a word about what is wrong, on standard error."""
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert "Error: " in err


def test_nothing_to_do_is_usage(cli: Cli) -> None:
    """`flowbot` alone shows what there is."""
    code, out, err = cli()
    assert code == 2
    assert "demo" in out + err


def test_help_and_version(cli: Cli) -> None:
    """Help is no error, and names every command of this version."""
    code, out, _ = cli("--help")
    assert code == 0
    assert [command for command in flowbot.commands if f"\n  {command} " not in out] == []
    assert {"run", "demo", "check", "doctor", "audit"} <= flowbot.commands.keys()
    assert cli("--version") == (0, f"flowbot, version {__version__}\n", "")


# --- check, schema, explain ---


def test_check_of_a_good_file(cli: Cli, tmp_path: Path) -> None:
    """One line that counts what was found; config.yaml is the default."""
    (tmp_path / "config.yaml").write_text(GOOD)
    assert cli("check") == (0, "config.yaml: good: 1 provider, 1 rule, 1 destination\n", "")


def test_check_warns_and_is_still_good(cli: Cli, tmp_path: Path) -> None:
    """A warning goes to standard error with its place."""
    (tmp_path / "c.yaml").write_text(GOOD.replace("premium: ", "volume: "))
    code, out, err = cli("check", "-c", "c.yaml")
    assert (code, out) == (0, "c.yaml: good: 1 provider, 1 rule, 1 destination\n")
    assert err.startswith("c.yaml:3:30: warning: ")
    assert "volume" in err


def test_check_tells_every_problem(cli: Cli, tmp_path: Path) -> None:
    """file:line:col: message, one a line, nothing on standard output."""
    (tmp_path / "c.yaml").write_text(GOOD.replace("console", "consol").replace("premium", "premuim") + "htp: {}\n")
    code, out, err = cli("check", "-c", "c.yaml")
    assert (code, out) == (1, "")
    assert [line.split(": ")[0] for line in err.splitlines()] == ["c.yaml:2:33", "c.yaml:3:31", "c.yaml:4:1"]


@pytest.mark.parametrize(
    "command", [("run",), ("check",), ("doctor",), ("audit",), ("explain", "k3v9x2ab"), ("send-test", "terminal")]
)
def test_every_command_refuses_a_bad_file_alike(cli: Cli, command: tuple[str, ...]) -> None:
    """No configuration, no start: exit 1 and the reason."""
    assert cli(*command, "-c", "none.yaml") == (
        1,
        "",
        "none.yaml: there is no such file; copy config.example.yaml to it, or name another with -c\n",
    )


def test_schema_is_json(cli: Cli) -> None:
    """The schema and nothing else on standard output."""
    code, out, err = cli("schema")
    assert (code, err) == (0, "")
    assert json.loads(out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_explain_without_a_store_is_69(cli: Cli, tmp_path: Path) -> None:
    """The message says which file is not there; and none is made."""
    (tmp_path / "config.yaml").write_text(GOOD)
    code, out, err = cli("explain", "k3v9x2ab")
    assert (code, out) == (69, "")
    assert "state/flowbot.db" in err
    assert not (tmp_path / "state").exists()


async def test_explain_of_an_unknown_id_is_1(cli: Cli, tmp_path: Path) -> None:
    """The id may be mistyped or forgotten: the message says where an id is found and how long it is known."""
    (tmp_path / "config.yaml").write_text(GOOD)
    outbox = open_outbox(tmp_path / "state" / "flowbot.db", time_ns)
    await outbox.close()
    code, out, err = cli("explain", "zzzzzzzz")
    assert (code, out) == (1, "")
    assert '"zzzzzzzz"' in err
    assert "footer" in err
    assert "dedup.keep" in err


def test_send_test_to_nowhere_is_1(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The destinations there are are named."""
    monkeypatch.setattr("bot.errands.logs.configure", lambda settings: None)  # this process's log stays as it is
    (tmp_path / "config.yaml").write_text(GOOD)
    code, out, err = cli("send-test", "nowhere")
    assert (code, out) == (1, "")
    assert '"nowhere"' in err
    assert "terminal" in err


def test_send_test_to_the_terminal(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marked TEST; the terminal gives no link, and that is said."""
    monkeypatch.setattr("bot.errands.logs.configure", lambda settings: None)
    (tmp_path / "config.yaml").write_text(GOOD)
    code, out, err = cli("send-test", "terminal")
    assert (code, err) == (0, "")
    assert "TEST · NVDA 145C" in out
    assert "nobody traded this" in out
    assert out.endswith("sent to terminal: the platform gives no link or id back\n")
    assert not (tmp_path / "state").exists(), "nothing is left in the store"


# --- processes ---


def test_starting_is_cheap() -> None:
    """Help needs click alone: no library of a feed, a platform, the store or the settings is imported for it."""
    heavy = ("aiohttp", "discord", "slack_sdk", "websockets", "pydantic", "structlog", "rich", "sqlite3", "asyncio")
    code = (
        "import sys; sys.argv = ['flowbot', '--help']\n"
        "from bot.cli import main\n"
        "try: main()\n"
        f"except SystemExit: print(*[name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stderr.strip() == ""
