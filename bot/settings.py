"""The configuration as a whole: every room's slice of the YAML, checked together, with every problem at once."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, Field, TypeAdapter

from bot.commands.report_settings import ReportSettings, check_reports
from bot.config.check import check, check_type
from bot.config.document import Document, read
from bot.config.include import INCLUDE
from bot.config.names import check_name
from bot.config.schema import Include, json_schema
from bot.config.sources import Sources
from bot.config.wording import suggest
from bot.destinations import catalog as destinations
from bot.destinations.platforms import DiscordSettings, SlackSettings
from bot.destinations.settings import DestinationSettings
from bot.engine.lane import LaneOptions
from bot.engine.settings import AdminSettings, DeliverySettings, WatchSettings
from bot.http.settings import HttpSettings
from bot.logs import LogSettings
from bot.model.errors import InputError, Problem
from bot.model.people import DM
from bot.model.secret import Secret
from bot.outbox.settings import DedupSettings, StoreSettings
from bot.providers import catalog as providers
from bot.render.look import Bands, LinkTemplates, Look
from bot.rules.definitions import DEFINE, LISTS, WATCHLISTS, read_vocabulary
from bot.rules.rule import Rule, facts_needed, read_rules
from bot.rules.sections import Definitions, Lists, Watchlists
from bot.rules.settings import RuleSettings

PLAIN_SECTIONS: dict[str, Any] = {
    "discord": DiscordSettings,
    "slack": SlackSettings,
    "delivery": DeliverySettings,
    "admin": AdminSettings,
    "watches": WatchSettings,
    "score_bands": Bands,
    "links": Annotated[
        LinkTemplates, Field(description="Links in every alert: {chart: 'https://…/{ticker}'}; {contract} works too.")
    ],
    "footer": Annotated[str, Field(description="A line of yours in every alert's footer, such as: not advice.")],
    "dedup": DedupSettings,
    "store": StoreSettings,
    "http": HttpSettings,
    "log": LogSettings,
}
"""Sections that are one model each; the others are mappings of named things, or the list of rules."""
NAMED_SECTIONS: dict[str, Any] = {
    "providers": Annotated[
        dict[str, providers.ProviderSettings],
        Field(description="Where prints come from, by names of your own; who is first is trusted first."),
    ],
    "destinations": Annotated[
        dict[str, destinations.AnyDestinationSettings],
        Field(description="Where alerts are posted, by names of your own."),
    ],
    "rules": Annotated[list[RuleSettings], Field(description="What matters, and where it goes.")],
    "reports": Annotated[
        list[ReportSettings], Field(description="Answers that are posted by themselves, on a schedule.")
    ],
}
VOCABULARY: dict[str, Any] = {LISTS: Lists, DEFINE: Definitions, WATCHLISTS: Watchlists}
"""Sections that give names to what rules use."""
_PACKAGED = Path(__file__).with_name("config.example.yaml")
EXAMPLE = _PACKAGED if _PACKAGED.exists() else Path(__file__).parents[1] / "config.example.yaml"
"""Beside the package in a checkout, inside it where it was installed from a wheel."""
REQUIRED = ("providers", "destinations", "rules")


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration without problems."""

    folder: Path
    """The configuration file's own: relative paths begin there."""
    providers: Mapping[str, providers.ProviderSettings]
    destinations: Mapping[str, destinations.AnyDestinationSettings]
    rules: tuple[Rule, ...]
    discord: DiscordSettings | None = None
    slack: SlackSettings | None = None
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    admin: AdminSettings = field(default_factory=AdminSettings)
    watches: WatchSettings = field(default_factory=WatchSettings)
    look: Look = field(default_factory=Look)
    dedup: DedupSettings = field(default_factory=DedupSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    log: LogSettings = field(default_factory=LogSettings)
    watchlists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The tickers that the file puts on each; commands change them."""
    reports: tuple[ReportSettings, ...] = ()
    sources: Sources = field(default_factory=Sources)
    """The files that say all this."""
    warnings: tuple[Problem, ...] = ()

    @property
    def store_path(self) -> Path:
        return self.folder / self.store.path

    @property
    def tape_path(self) -> Path | None:
        """The tape's folder; None: nothing is recorded."""
        return None if self.store.tape is None else self.folder / self.store.tape

    @property
    def secrets(self) -> set[Secret]:
        """Every secret in the configuration, so that logs can star them out."""
        return {secret for own in fields(self) for secret in _secrets(getattr(self, own.name))}

    def lane_options(self, destination: str) -> LaneOptions:
        return self.delivery.options(self.destinations[destination])

    def look_at(self, destination: str) -> Look:
        """How alerts look there."""
        return replace(self.look, late_after_s=self.delivery.late_after_s(self.destinations[destination]))


class _Reader:
    """Checks one document, section by section, and goes on after a problem: an admin wants to see all of them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems = list(document.problems)

    def settings(self, folder: Path) -> Settings | None:
        """The settings, or None where there are problems."""
        root = self.document.value
        if not isinstance(root, Mapping):
            self._problem((), f"the file must be a mapping of sections{self.document.got(())}")
            return None
        self._check_sections(root)
        plain = {
            name: self._plain(name, model, root[name])
            for name, model in PLAIN_SECTIONS.items()
            if root.get(name) is not None
        }
        feeds = self._named("providers", "provider", root.get("providers"), _by_type(providers.ProviderSettings))
        kinds = _by_type(destinations.AnyDestinationSettings)
        targets = self._named("destinations", "destination", root.get("destinations"), kinds)
        self._check_credentials(root, kinds)
        self._check_notified(root)
        self._check_hooks(feeds)
        vocabulary, problems = read_vocabulary(self.document)
        self.problems += problems
        # Where a file that was to be included is missing, what it holds is not to be missed a second time.
        known = _keys(root.get("destinations")) if self.document.is_whole else None
        rules, problems = read_rules(
            root.get("rules", []), ("rules",), self.document, destinations=known, vocabulary=vocabulary
        )
        self.problems += problems
        reports, problems = check_reports(root.get("reports"), self.document, known)
        self.problems += problems
        if self.problems:
            return None
        look = Look(
            bands=plain.pop("score_bands", None) or Bands(),
            footer_note=plain.pop("footer", None) or "",
            links=tuple((plain.pop("links", None) or {}).items()),
        )
        warnings = tuple(self._warnings(rules, feeds))
        return Settings(
            folder, feeds, targets, rules,
            look=look, watchlists=vocabulary.watchlists, reports=reports, sources=self.document.sources,
            warnings=warnings, **plain,
        )  # fmt: skip

    def _check_sections(self, root: Mapping[str, object]) -> None:
        known = [*NAMED_SECTIONS, *VOCABULARY, *PLAIN_SECTIONS, INCLUDE]
        for name in root:
            if name not in known:
                self._problem((name,), f'unknown section "{name}"{suggest(name, known)}', at_key=True)
        for name in REQUIRED:
            if not root.get(name) and self.document.is_whole:
                self._problem((name,), f'the section "{name}" is missing or empty; config.example.yaml shows one')

    def _plain(self, name: str, model: Any, value: object) -> Any:
        found, problems = check(TypeAdapter(model), value, (name,), self.document)
        self.problems += problems
        return found

    def _named(self, section: str, noun: str, raw: object, models: Mapping[str, Any]) -> dict[str, Any]:
        """A mapping of named things, each of a `type` that decides which settings it takes."""
        if raw is None:
            return {}
        if not isinstance(raw, Mapping):
            self._problem((section,), f"{section} must be a mapping of names{self.document.got((section,))}")
            return {}
        built = {}
        for name, value in raw.items():
            path, what = (section, name), f'{noun} "{name}"'
            self.problems += check_name(name, path, self.document)
            if section == "destinations" and name == DM:
                self._problem(
                    path, f'"{DM}" is what all personal alerts are counted as: give it another name', at_key=True
                )
            kind, problems = check_type(value, path, self.document, models, what=what)
            if kind is not None:
                built[name], problems = check(models[kind], value, path, self.document, what=what)
            self.problems += problems
        return {name: found for name, found in built.items() if found is not None}

    def _check_credentials(self, root: Mapping[str, object], kinds: Mapping[str, type[DestinationSettings]]) -> None:
        """Of every destination whose type is known, whatever else may be wrong with it."""
        sections = [name for name, value in root.items() if value is not None]
        named = root.get("destinations")
        for name, raw in named.items() if isinstance(named, Mapping) else ():
            kind = kinds.get(str(raw.get("type"))) if isinstance(raw, Mapping) else None
            if kind is not None and (message := destinations.missing(name, kind, sections)):
                self._problem(("destinations", name), message, at_key=True)

    def _check_notified(self, root: Mapping[str, object]) -> None:
        """The names in `admin.notify` are destinations."""
        known, admin = _keys(root.get("destinations")), root.get("admin")
        names = admin.get("notify") if isinstance(admin, Mapping) else None
        for index, name in enumerate(names if isinstance(names, list) and self.document.is_whole else ()):
            path = ("admin", "notify", index)
            if isinstance(name, str) and name not in known and path not in self.document.unfilled:
                self._problem(path, f'unknown destination "{name}" in admin.notify{suggest(name, known)}')

    def _check_hooks(self, feeds: Mapping[str, providers.ProviderSettings]) -> None:
        """No two providers are posted to at one path."""
        first: dict[str, str] = {}
        for name, own in feeds.items():
            path = providers.hook_path(name, own)
            if path is not None and first.setdefault(path, name) != name:
                message = f'provider "{name}" receives at {path}, as does "{first[path]}": give one another path'
                self._problem(("providers", name), message, at_key=True)

    def _warnings(self, rules: Collection[Rule], feeds: Mapping[str, providers.ProviderSettings]) -> Iterator[Problem]:
        sent = frozenset[str]().union(*(providers.facts(feed) for feed in feeds.values()))
        raw = self.document.at(("rules",))
        names = [item["name"] for item in raw] if isinstance(raw, list) else []
        for rule in rules:
            for fact in sorted(facts_needed(rule) - sent):
                message = f'rule "{rule.name}" may never fire: no configured provider is known to send {fact}'
                yield self.document.problem(("rules", names.index(rule.name), "when"), message, is_warning=True)

    def _problem(self, path: tuple[str | int, ...], message: str, *, at_key: bool = False) -> None:
        self.problems.append(self.document.problem(path, message, at_key=at_key))


def _by_type(union: Any) -> dict[str, Any]:
    """The models of an annotated union, by what their `type:` says."""
    models = get_args(get_args(union)[0])
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in models}


def _keys(value: object) -> list[str]:
    return list(value) if isinstance(value, Mapping) else []


def _secrets(value: object) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets(item)


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that was read and checked."""

    settings: Settings | None
    """None where there are problems."""
    problems: tuple[Problem, ...]
    sources: Sources
    """The files that say all this, or were to."""


def examine(path: Path, environ: Mapping[str, str] | None = None) -> Examined:
    """Read and check the file at `path`, and what it includes."""
    return examine_document(read(path, os.environ if environ is None else environ), path.parent)


def examine_document(document: Document, folder: Path) -> Examined:
    """Check a document, whose file stands in `folder`."""
    if not document.is_readable:
        return Examined(None, document.problems, document.sources)
    reader = _Reader(document)
    settings = reader.settings(folder)
    return Examined(settings, tuple(reader.problems), document.sources)


def load(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the file at `path`, and what it includes. Raises InputError with every problem."""
    found = examine(path, environ)
    if found.settings is None:
        raise InputError(*found.problems)
    return found.settings


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the configuration file."""
    models = {INCLUDE: Include, **NAMED_SECTIONS, **VOCABULARY, **PLAIN_SECTIONS}
    sections = {name: TypeAdapter(model) for name, model in models.items()}
    return json_schema(sections, title="flowbot configuration", required=REQUIRED)


def example_rules() -> tuple[Rule, ...]:
    """The rules of config.example.yaml, whatever environment they are read in; each watchlist as the file has it."""
    document = read(EXAMPLE, {})
    vocabulary, flaws = read_vocabulary(document)
    rules, problems = read_rules(document.at(("rules",)), ("rules",), document, vocabulary=vocabulary)
    if flaws or problems:
        raise InputError(*flaws, *problems)
    return rules
