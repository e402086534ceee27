"""What Slack takes for a message, from its Block Kit reference (2026-11), and whom a message wakes."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MAX_TEXT = 4000
MAX_BLOCKS = 50
MAX_TOTAL = 13_200
"""Where others met msg_blocks_too_long, blocks' frames included; the exact measure is Slack's secret."""

_PING = re.compile(r"<(!channel|!here|!everyone|!subteam\^[A-Z0-9]+|@[A-Z0-9]+)(?:\|[^>]*)?>")


def pings(body: dict[str, Any]) -> frozenset[str]:
    """Whom a message wakes: mentions in its text and in every mrkdwn object; a plain_text object wakes nobody."""
    texts = [body.get("text", ""), *(part["text"] for part in _text_objects(body) if part["type"] == "mrkdwn")]
    return frozenset(found for text in texts for found in _PING.findall(text))


def _text_objects(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") in ("mrkdwn", "plain_text") and isinstance(part.get("text"), str):
            yield part
        for below in part.values():
            yield from _text_objects(below)
    elif isinstance(part, list):
        for below in part:
            yield from _text_objects(below)


def elements(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything in a message that can be pressed or chosen from."""
    groups = [body.get("blocks", []), *(attachment.get("blocks", []) for attachment in body.get("attachments", []))]
    return [one for group in groups for block in group if block["type"] == "actions" for one in block["elements"]]


def check_message(body: dict[str, Any]) -> str:
    """Slack's error word for a message; empty where it is valid."""
    text, blocks, attachments = body.get("text", ""), body.get("blocks", []), body.get("attachments", [])
    if not text and not blocks and not attachments:
        return "no_text"
    if not isinstance(text, str) or length(text) > MAX_TEXT:
        return "msg_too_long"
    if not isinstance(attachments, list) or len(attachments) > 100:
        return "too_many_attachments"
    if not all(map(_is_attachment, attachments)):
        return "invalid_attachments"
    groups = [blocks, *(attachment.get("blocks", []) for attachment in attachments)]
    if sum(map(len, groups)) > MAX_BLOCKS or not all(_is_block(block) for group in groups for block in group):
        return "invalid_blocks"
    if not _are_unique(one["action_id"] for one in elements(body)):
        return "invalid_blocks"
    if length(json.dumps([blocks, attachments], ensure_ascii=False)) > MAX_TOTAL:
        return "msg_blocks_too_long"
    return _metadata_error(body.get("metadata"))


def _is_attachment(attachment: Any) -> bool:
    """Beside blocks an attachment has a colour and a fallback, and nothing else that is not legacy."""
    if attachment.keys() - {"color", "fallback", "blocks"} or not attachment.get("blocks"):
        return False
    return re.fullmatch(r"#[0-9a-f]{6}", attachment.get("color", "#000000")) is not None


def _metadata_error(metadata: Any) -> str:
    if metadata is None:
        return ""
    is_well_formed = (
        isinstance(metadata, dict)
        and metadata.keys() == {"event_type", "event_payload"}
        and isinstance(metadata["event_type"], str)
        and isinstance(metadata["event_payload"], dict)
    )
    return "" if is_well_formed else "invalid_metadata_format"


def _is_block(block: Any) -> bool:
    """Whether this is one of the blocks that messages here may hold, within its documented limits."""
    match block:
        case {"type": "divider"}:
            return True
        case {"type": "header", "text": {"type": "plain_text"} as text}:
            return _is_text(text, 150)
        case {"type": "section"}:
            return _is_section(block)
        case {"type": "context", "elements": [*parts]}:
            return 1 <= len(parts) <= 10 and all(_is_text(part, 2000) for part in parts)
        case {"type": "actions", "elements": [*parts]}:
            return 1 <= len(parts) <= 25 and all(map(_is_element, parts))
    return False


def _is_section(section: dict[str, Any]) -> bool:
    fields = section.get("fields", [])
    has_content = "text" in section or bool(fields)
    is_fine = "text" not in section or _is_text(section["text"], 3000)
    return has_content and is_fine and len(fields) <= 10 and all(_is_text(part, 2000) for part in fields)


def _is_element(element: Any) -> bool:
    match element:
        case {"type": "button", "action_id": str(id_), "text": text, "value": str(value), **rest}:
            is_known = not rest.keys() - {"style", "confirm"} and rest.get("style", "danger") in ("danger", "primary")
            return is_known and _is_id(id_) and _is_plain(text, 75) and length(value) <= 2000 and _is_confirm(rest)
        case {"type": "static_select", "action_id": str(id_), "placeholder": text, "options": [*options], **rest}:
            is_known = not rest.keys() - {"confirm"} and 1 <= len(options) <= 100 and all(map(_is_option, options))
            is_distinct = is_known and _are_unique(option["value"] for option in options)
            return is_distinct and _is_id(id_) and _is_plain(text, 150) and _is_confirm(rest)
        case {"type": "overflow", "action_id": str(id_), "options": [*options], **rest}:
            is_known = not rest.keys() - {"confirm"} and 1 <= len(options) <= 5 and all(map(_is_option, options))
            return is_known and _is_id(id_) and _is_confirm(rest)
    return False


def _is_option(option: Any) -> bool:
    match option:
        case {"text": text, "value": str(value), **rest}:
            return not rest and _is_plain(text, 75) and 1 <= length(value) <= 150
    return False


def _is_confirm(element: Mapping[Any, Any]) -> bool:
    match element.get("confirm"):
        case None:
            return True
        case {"title": title, "text": text, "confirm": yes, "deny": no, **rest}:
            is_known = not rest.keys() - {"style"} and rest.get("style", "danger") in ("danger", "primary")
            return (
                is_known and _is_plain(title, 100) and _is_plain(text, 300) and _is_plain(yes, 30) and _is_plain(no, 30)
            )
    return False


def _is_id(text: str) -> bool:
    return 1 <= length(text) <= 255


def _is_plain(part: Any, limit: int) -> bool:
    return isinstance(part, dict) and part.get("type") == "plain_text" and _is_text(part, limit)


def _is_text(part: Any, limit: int) -> bool:
    match part:
        case {"type": "plain_text", "text": str(text), **rest}:
            return bool(text.strip()) and length(text) <= limit and not rest.keys() - {"emoji"}
        case {"type": "mrkdwn", "text": str(text), **rest}:
            return bool(text.strip()) and length(text) <= limit and not rest.keys() - {"verbatim"}
    return False


def _are_unique(values: Iterable[str]) -> bool:
    found = list(values)
    return len(set(found)) == len(found)


def length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
