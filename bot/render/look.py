"""`Look`: what an admin may choose about how every alert looks. Knows no platform."""

from dataclasses import dataclass, field
from string import Formatter
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

LINK_FIELDS = ("ticker", "contract")
"""What a link template may name; `contract` is the OCC symbol."""


class Bands(BaseModel):
    """From which score on an alert carries a band's name; below the lowest it carries none."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    extreme: float = Field(85, ge=0, le=100, description="Scores from here on are marked EXTREME.")
    elevated: float = Field(70, ge=0, le=100, description="Scores from here on are marked ELEVATED.")
    notable: float = Field(55, ge=0, le=100, description="Scores from here on are marked NOTABLE.")

    @model_validator(mode="after")
    def _descend(self) -> Self:
        if not self.extreme >= self.elevated >= self.notable:
            bands = f"extreme {self.extreme:g}, elevated {self.elevated:g}, notable {self.notable:g}"
            raise ValueError(f"score bands must not rise from extreme to elevated to notable: {bands}")
        return self

    def name(self, score: float) -> str:
        """The band's name in capitals; empty below the lowest."""
        if score >= self.extreme:
            return "EXTREME"
        if score >= self.elevated:
            return "ELEVATED"
        return "NOTABLE" if score >= self.notable else ""


def _checked_template(template: str) -> str:
    if not template.startswith(("https://", "http://")):
        raise ValueError("a link must begin with https:// or http://")
    if any(character.isspace() or character in "<>|()\\" for character in template):
        raise ValueError("a link must not hold blanks or any of < > | ( ) \\; write them percent-encoded")
    for _, name, spec, conversion in Formatter().parse(template):
        if name is not None and (name not in LINK_FIELDS or spec or conversion):
            raise ValueError(f"unknown field {{{name}}} in a link; there are {{ticker}} and {{contract}}")
    return template


LinkTemplate = Annotated[str, AfterValidator(_checked_template)]
"""`https://charts.example/{ticker}`: the fields are filled in percent-encoded."""

LinkTemplates = dict[Annotated[str, Field(min_length=1, max_length=80)], LinkTemplate]
"""Label -> template; the first makes an alert's title a link, where the platform can."""


@dataclass(frozen=True, slots=True)
class Look:
    """The choices together, as `card` and the platforms take them."""

    bands: Bands = field(default_factory=Bands)
    footer_note: str = ""
    """The admin's own line in every footer: "not advice"."""
    links: tuple[tuple[str, str], ...] = ()
    """Label and template, as in `LinkTemplates`."""
    late_after_s: float | None = None
    """An alert that is shown longer than this after its print's own time is marked LATE; None = never.

    Without regard to it, a print that a gap gave back is LATE, and one of a delayed feed says that instead."""
