"""The sections `lists`, `define` and `watchlists` as an editor sees them. `bot.rules.definitions` reads them."""

from typing import Annotated, Any

from pydantic import Field

from bot.config.names import Name
from bot.rules.when_schema import ClausesSchema

_Value = Annotated[str, Field(min_length=1, description="A value, such as AAPL or Energy; or the name of a list.")]
_Ticker = Annotated[str, Field(min_length=1, description="A ticker, such as AAPL; or the name of a list.")]
_Values = Annotated[list[_Value], Field(min_length=1, description="The values.")]
_Tickers = Annotated[list[_Ticker] | None, Field(description="The tickers it begins with; none at all will do.")]
_Clauses = Annotated[Any, ClausesSchema(), Field(description="What the name stands for: clauses as in when.")]

Lists = Annotated[
    dict[Name, _Values],
    Field(description="Named lists: {mega: [AAPL, MSFT]}. A rule says ticker: mega, or sector: {not: cyclicals}."),
]
Definitions = Annotated[
    dict[Name, _Clauses],
    Field(description="Named clauses: {whale: {premium: '>= 1M'}}. A rule says when: whale, or use: [whale, hot]."),
]
Watchlists = Annotated[
    dict[Name, _Tickers],
    Field(description="Lists of tickers that commands change while flowbot runs: {earnings: [AAPL]}."),
]
