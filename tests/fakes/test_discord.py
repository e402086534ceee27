"""The fake Discord refuses what Discord's documents refuse."""

from typing import Any

import pytest

from tests.fakes.discord_commands import EVERYWHERE, Commands
from tests.fakes.discord_components import component_problems
from tests.fakes.discord_files import File, file_problems, read_body

BUTTON = {"type": 2, "style": 2, "label": "Why?", "custom_id": "why"}
OPTION = {"label": "NVDA", "value": "1"}
SELECT = {"type": 3, "custom_id": "menu", "options": [OPTION]}
COMMAND = {"type": 1, "name": "flow", "description": "d"}
TEXT = {"type": 3, "name": "o", "description": "d"}


def row(*parts: Any) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def named(count: int) -> list[dict[str, Any]]:
    return [{**BUTTON, "custom_id": str(number)} for number in range(count)]


@pytest.mark.parametrize(
    "rows",
    [
        [row(BUTTON)],
        [row(SELECT)],
        [row(*named(5))],
        [row({**BUTTON, "label": "x" * 80, "custom_id": "x" * 100})],
        [row({**SELECT, "options": [{"label": "x" * 100, "value": str(n)} for n in range(25)]})],
    ],
)
def test_components_that_discord_takes(rows: Any) -> None:
    """Up to the limits."""
    assert component_problems(rows) == []


@pytest.mark.parametrize(
    "rows",
    [
        {},
        [BUTTON],
        [row()],
        [row(BUTTON)] * 6,
        [row(*named(6))],
        [row(SELECT, BUTTON)],
        [row(BUTTON, BUTTON)],
        [row({**BUTTON, "label": "x" * 81})],
        [row({**BUTTON, "label": ""})],
        [row({**BUTTON, "custom_id": "x" * 101})],
        [row({**BUTTON, "custom_id": ""})],
        [row({**BUTTON, "style": 5})],
        [row({**BUTTON, "colour": 1})],
        [row({**SELECT, "options": []})],
        [row({**SELECT, "options": [{"label": "x", "value": str(n)} for n in range(26)]})],
        [row({**SELECT, "options": [OPTION, OPTION]})],
        [row({**SELECT, "options": [{"label": "x" * 101, "value": "1"}]})],
        [row({**SELECT, "options": [{"label": "x", "value": "x" * 101}]})],
        [row({**SELECT, "placeholder": "x" * 151})],
    ],
)
def test_components_that_discord_refuses(rows: Any) -> None:
    """Past each limit."""
    assert component_problems(rows)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": "Flow"}, EVERYWHERE),
        ({"description": ""}, EVERYWHERE),
        ({"description": "x" * 101}, EVERYWHERE),
        ({"options": [TEXT, {**TEXT, "name": "p", "required": True}]}, EVERYWHERE),
        ({"options": [TEXT, TEXT]}, EVERYWHERE),
        ({"options": [TEXT, {"type": 1, "name": "sub", "description": "d"}]}, EVERYWHERE),
        ({"options": [{**TEXT, "autocomplete": True, "choices": [{"name": "a", "value": "a"}]}]}, EVERYWHERE),
        ({"options": [{**TEXT, "min_value": 1}]}, EVERYWHERE),
        ({"options": [{**TEXT, "completes": "ticker"}]}, EVERYWHERE),
        ({"default_member_permissions": "manager"}, EVERYWHERE),
        ({"contexts": [0]}, "50"),
        ({"contexts": [7]}, EVERYWHERE),
    ],
)
def test_commands_that_discord_refuses(change: dict[str, Any], place: str) -> None:
    """And nothing is registered then."""
    commands = Commands()
    assert commands.overwrite(place, [{**COMMAND, **change}])
    assert commands.at(place) == []
    assert commands.overwrite(place, [COMMAND]) == []
    assert [command["name"] for command in commands.at(place)] == ["flow"]


def test_a_form_is_read() -> None:
    """`payload_json`, and a file byte for byte."""
    png = b"\x89PNG\r\n--x\r\n\x00\xff"
    raw = (
        b'--b\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{"content": "hi"}\r\n'
        b'--b\r\nContent-Type: image/png\r\nContent-Disposition: form-data; name="files[0]"; filename="a.png"\r\n\r\n'
        + png
        + b"\r\n--b--\r\n"
    )
    body = read_body(raw, "multipart/form-data; boundary=b")
    assert body is not None
    assert body.said == {"content": "hi"}
    assert body.files == {"0": File("a.png", "image/png", png)}


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"{", "application/json"),
        (b"{}", "text/plain"),
        (b"--b\r\n\r\n{}\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b'--b\r\nx: form-data; name="files%5B0%5D"; filename="a"\r\n\r\n\r\n--b--', "multipart/form-data; boundary=b"),
    ],
)
def test_a_body_that_cannot_be_read(raw: bytes, kind: str) -> None:
    """Neither JSON nor a form as documented."""
    assert read_body(raw, kind) is None


@pytest.mark.parametrize(
    "said",
    [
        {"attachments": [{"id": 1, "filename": "a.png"}]},
        {"attachments": [{"id": 0, "filename": "a.png", "description": "x" * 1025}]},
        {"embeds": [{"image": {"url": "attachment://b.png"}}]},
    ],
)
def test_files_that_discord_refuses(said: dict[str, Any]) -> None:
    """What was not uploaded, and too long a description."""
    assert file_problems(said, {"0": File("a.png", "image/png", b"x")})
    assert file_problems({}, {"0": File("a.png", "image/png", b"x")}) == []
