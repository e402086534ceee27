"""What Discord takes as a message: its documented limits, and whom a message wakes (reference, 2026-11)."""

import re
from typing import Any

from tests.fakes.discord_components import component_problems

LIMITS = {"title": 256, "description": 4096, "url": 2048}
EMBED_KEYS = {
    "title",
    "type",
    "description",
    "url",
    "timestamp",
    "color",
    "footer",
    "image",
    "author",
    "fields",
    "flags",
}


def pings(body: dict[str, Any]) -> frozenset[str]:
    """Whom a message wakes: mentions in its content (never in an embed) that `allowed_mentions` lets through."""
    content = body.get("content", "")
    allowed = body.get("allowed_mentions", {"parse": ["everyone", "roles", "users"]})
    parse = allowed.get("parse", [])
    found = {name for name in ("everyone", "here") if "everyone" in parse and f"@{name}" in content}
    for kind, pattern in (("role", r"<@&([0-9]+)>"), ("user", r"<@!?([0-9]+)>")):
        ids = re.findall(pattern, content)
        found |= {f"{kind}:{id_}" for id_ in ids if f"{kind}s" in parse or id_ in allowed.get(f"{kind}s", [])}
    return frozenset(found)


def check_message(body: dict[str, Any]) -> dict[str, Any]:
    """Discord's `errors` for a message; empty where it is valid. Lengths in UTF-16 units, the harsher reading."""
    errors: dict[str, Any] = {}
    _check_length(errors, "content", body.get("content") or "", 2000)
    if problem := _mentions_problem(body.get("allowed_mentions", {})):
        errors["allowed_mentions"] = _problem("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", problem)
    if problems := component_problems(body.get("components", []), length):
        errors["components"] = _problem("COMPONENT_INVALID", "; ".join(problems))
    if len(str(body.get("nonce", ""))) > 25:
        errors["nonce"] = _problem("NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length.")
    embeds = body.get("embeds", [])
    if not isinstance(embeds, list) or len(embeds) > 10:
        errors["embeds"] = _problem("BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        return errors
    by_index = {str(index): found for index, embed in enumerate(embeds) if (found := check_embed(embed))}
    if by_index:
        errors["embeds"] = by_index
    elif sum(map(embed_size, embeds)) > 6000:
        errors["embeds"] = _problem("MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return errors


def check_embed(embed: Any) -> dict[str, Any]:
    """Discord's errors for one embed."""
    if not isinstance(embed, dict):
        return _problem("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    errors: dict[str, Any] = {}
    for key in embed.keys() - EMBED_KEYS:
        errors[key] = _problem("UNKNOWN_KEY", f"undocumented embed key {key}")
    for key, limit in LIMITS.items():
        _check_length(errors, key, embed.get(key, ""), limit)
    if "url" in embed and not re.match(r"https?://[^/\s]+", str(embed["url"])):
        errors["url"] = _problem("URL_TYPE_INVALID_URL", "Not a well formed URL.")
    if "image" in embed and not re.match(r"(https?|attachment)://[^/\s]+", str(embed["image"].get("url"))):
        errors["image"] = _problem("URL_TYPE_INVALID_URL", "Not a well formed URL.")
    colour = embed.get("color", 0)
    if not isinstance(colour, int) or not 0 <= colour <= 0xFFFFFF:
        errors["color"] = _problem("NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
    footer: dict[str, Any] = {}
    _check_length(footer, "text", embed.get("footer", {}).get("text", ""), 2048)
    if footer:
        errors["footer"] = footer
    fields = embed.get("fields", [])
    if len(fields) > 25:
        errors["fields"] = _problem("BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    by_index = {str(index): found for index, part in enumerate(fields) if (found := _check_field(part))}
    if by_index:
        errors["fields"] = by_index
    if not any(embed.get(key) for key in ("title", "description", "fields", "image", "footer", "author")):
        errors["description"] = _problem("BASE_TYPE_REQUIRED", "This field is required")
    return errors


def embed_size(embed: dict[str, Any]) -> int:
    """What an embed adds to the 6000 characters of a message."""
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts += [embed.get("footer", {}).get("text", ""), embed.get("author", {}).get("name", "")]
    texts += [part[key] for part in embed.get("fields", []) for key in ("name", "value")]
    return sum(map(length, texts))


def length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _check_field(part: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    for key, limit in (("name", 256), ("value", 1024)):
        if not part.get(key):
            errors[key] = _problem("BASE_TYPE_REQUIRED", "This field is required")
        _check_length(errors, key, part.get(key, ""), limit)
    return errors


def _check_length(errors: dict[str, Any], key: str, text: object, limit: int) -> None:
    if not isinstance(text, str):
        errors[key] = _problem("STRING_TYPE_CONVERT", "Could not interpret this as a string.")
    elif length(text) > limit:
        errors[key] = _problem("BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def _mentions_problem(allowed: Any) -> str:
    if not isinstance(allowed, dict) or allowed.keys() - {"parse", "roles", "users", "replied_user"}:
        return "allowed_mentions has parse, roles, users and replied_user only"
    parse = allowed.get("parse", [])
    if not isinstance(parse, list) or set(parse) - {"roles", "users", "everyone"}:
        return "parse holds roles, users or everyone"
    for key in ("roles", "users"):
        ids = allowed.get(key, [])
        if not isinstance(ids, list) or len(ids) > 100:
            return f"{key} is a list of at most 100"
        if not all(isinstance(id_, str) and re.fullmatch(r"[0-9]{1,20}", id_) for id_ in ids):
            return f"{key} holds snowflakes"
        if ids and key in parse:
            return f"parse:[{key}] and {key}: [ids...] are mutually exclusive"
    return ""


def _problem(code: str, message: str) -> dict[str, Any]:
    return {"_errors": [{"code": code, "message": message}]}
