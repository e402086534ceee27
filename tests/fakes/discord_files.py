"""A request's body as Discord reads it: JSON, or a form with files (reference, "Uploading Files", 2026-11)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_FILES, MAX_FILE_BYTES, MAX_ALT = 10, 10 * 1024 * 1024, 1024
_NAME = re.compile(rb'(?<!file)name="([^"]*)"')
_FILE_NAME = re.compile(rb'filename="([^"]*)"')
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_FILE_FIELD = re.compile(r"files\[([0-9]+)\]")


@dataclass(frozen=True)
class File:
    """One uploaded file."""

    name: str
    kind: str
    """`image/png`"""
    data: bytes


@dataclass(frozen=True)
class Body:
    """What a request says, and the files with it, by their number."""

    said: Any
    files: Mapping[str, File] = field(default_factory=dict)


def read_body(raw: bytes, content_type: str) -> Body | None:
    """None where Discord could not read it."""
    kind = content_type.partition(";")[0].strip()
    try:
        if kind == "application/json":
            return Body(json.loads(raw))
        boundary = _BOUNDARY.search(content_type)
        if kind == "multipart/form-data" and boundary is not None:
            return _form(raw, boundary.group(1).encode())
    except (ValueError, KeyError):
        return None
    return None


def file_problems(said: Mapping[str, Any], files: Mapping[str, File]) -> list[str]:
    """What is wrong with a message's files, its `attachments`, and the pictures in its embeds."""
    about = said.get("attachments", [])
    problems = [f"more than {MAX_FILES} files"] if len(files) > MAX_FILES else []
    problems += [f"{file.name} is too large" for file in files.values() if len(file.data) > MAX_FILE_BYTES]
    for each in about:
        if each.keys() - {"id", "filename", "description"}:
            problems.append(f"an attachment has no {sorted(each)}")
        if str(each.get("id")) not in files:
            problems.append(f"attachment {each.get('id')} was not uploaded")
        if len(each.get("description", "")) > MAX_ALT:
            problems.append(f"a description of more than {MAX_ALT} characters")
    names = {file.name for file in files.values()}
    for embed in said.get("embeds", []):
        url = embed.get("image", {}).get("url", "")
        if url.startswith("attachment://") and url.removeprefix("attachment://") not in names:
            problems.append(f"{url} was not uploaded")
    return problems


def _form(raw: bytes, boundary: bytes) -> Body:
    said: Any = {}
    files: dict[str, File] = {}
    for part in raw.split(b"--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is None:
            raise ValueError("a part without a name")
        if name.group(1) == b"payload_json":
            said = json.loads(content)
            continue
        number, file_name = _FILE_FIELD.fullmatch(name.group(1).decode()), _FILE_NAME.search(head)
        if number is None or file_name is None:
            raise ValueError("a part that is no file")
        kind = re.search(rb"content-type: *(\S+)", head, re.IGNORECASE)
        files[number.group(1)] = File(file_name.group(1).decode(), kind.group(1).decode() if kind else "", content)
    return Body(said, files)
