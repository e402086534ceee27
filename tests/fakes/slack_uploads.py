"""Slack's three calls for a picture, on whichever fake has the Web API: a place, the bytes, the sharing.

As documented of files.getUploadURLExternal and files.completeUploadExternal (2026-11).
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Trouble = str | int | None
"""Slack's error word; a status; None: no answer at all."""


@dataclass(slots=True)
class Shared:
    """One file, as members see it."""

    name: str
    alt: str
    content: bytes
    channel: str
    thread: str | None
    title: str


@dataclass
class Uploads:
    """What one bot uploads."""

    origin: Callable[[], str]
    token: str
    problems: list[str]
    """Where anything goes that no document describes."""
    is_member: Callable[[str], bool] = lambda channel: True
    has_scope: bool = True
    """files:write."""
    trouble: dict[str, Trouble] = field(default_factory=dict)
    """By step (`place`, `bytes`, `share`): what goes wrong there, until it is taken out."""
    shared: list[Shared] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    """As they were asked for."""
    _begun: dict[str, dict[str, Any]] = field(default_factory=dict)

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/api/files.getUploadURLExternal", self._place)
        yield web.post("/upload/v1/{file}/{secret}", self._bytes)
        yield web.post("/api/files.completeUploadExternal", self._share)

    async def _place(self, request: web.Request) -> web.Response:
        """Arguments come in the query, in a form, or both."""
        if (refusal := await self._refusal(request, "place")) is not None:
            return refusal
        said = {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
        self._known(said, {"filename", "length", "alt_txt", "snippet_type"})
        name, size = said.get("filename", ""), said.get("length", "")
        if not name or not size.isdecimal() or size == "0":
            return _no("invalid_arguments")
        if len(said.get("alt_txt", "")) > 1000:
            return _no("alt_txt_too_large")
        file = f"F0FILE{len(self._begun)}"
        self._begun[file] = {"name": name, "size": int(size), "alt": said.get("alt_txt", ""), "content": None}
        return web.json_response(
            {"ok": True, "upload_url": f"{self.origin()}/upload/v1/{file}/fakeuploadsecret", "file_id": file}
        )

    async def _bytes(self, request: web.Request) -> web.Response:
        self.steps.append("bytes")
        if (found := await self._met("bytes")) is not None:
            return found
        begun = self._begun.get(request.match_info["file"])
        content = await request.read()
        if begun is None or request.match_info["secret"] != "fakeuploadsecret" or begun["content"] is not None:
            self.problems.append("an upload to an address that was never given, or twice")
            return web.Response(status=404)
        if request.headers.get("Authorization"):
            self.problems.append("the bot's token has no business at the upload's address")
        if request.content_type == "multipart/form-data" or len(content) != begun["size"]:
            return web.Response(status=400, text="size mismatch")
        begun["content"] = content
        return web.Response(text=f"OK - {len(content)}")

    async def _share(self, request: web.Request) -> web.Response:
        if (refusal := await self._refusal(request, "share")) is not None:
            return refusal
        said = json.loads(await request.read())
        self._known(said, {"files", "channel_id", "thread_ts", "channels", "initial_comment", "blocks"})
        begun = [(self._begun.get(one.get("id")), one) for one in said["files"]]
        if not begun or any(file is None or file["content"] is None for file, _ in begun):
            return _no("file_not_found")
        channel = said.get("channel_id", "")
        if not self.is_member(channel):
            return _no("not_in_channel")
        for file, one in begun:
            assert file is not None
            title = one.get("title", file["name"])
            self.shared.append(
                Shared(file["name"], file["alt"], file["content"], channel, said.get("thread_ts"), title)
            )
        return web.json_response({"ok": True, "files": [{"id": one["id"], "title": one["title"]} for _, one in begun]})

    async def _refusal(self, request: web.Request, step: str) -> web.Response | None:
        self.steps.append(step)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _no("invalid_auth")
        if not self.has_scope:
            scopes = {"needed": "files:write", "provided": "chat:write,commands"}
            return web.json_response({"ok": False, "error": "missing_scope", **scopes})
        return await self._met(step)

    async def _met(self, step: str) -> web.Response | None:
        if step not in self.trouble:
            return None
        trouble = self.trouble[step]
        if trouble is None:
            await asyncio.sleep(3600)
        return web.Response(status=trouble) if isinstance(trouble, int) else _no(str(trouble))

    def _known(self, said: dict[str, Any], names: set[str]) -> None:
        self.problems.extend(f"undocumented argument {name} of an upload" for name in said.keys() - names)


def _no(error: str) -> web.Response:
    """HTTP 200 with `ok: false` is how the Web API fails."""
    return web.json_response({"ok": False, "error": error})
