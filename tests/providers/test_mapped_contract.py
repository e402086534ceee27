"""A mapped stream keeps the promises of every stream: here OptionWhales', written down as an admin would."""

import json
from typing import Any, ClassVar

from bot.providers.feed import Feed
from bot.providers.mapped import feed
from tests.fakes.feed import KEY
from tests.providers.contract import ProviderContract
from tests.providers.mapped import settings

TRADE: dict[str, Any] = {"ticker": "AAPL", "side": "BUY", "premium": 1250000}


class TestMapped(ProviderContract):
    """The port's contract."""

    vendor = "optionwhales"
    trade: ClassVar[dict[str, Any]] = TRADE

    def feed(self, url: str) -> Feed:
        reads = {
            "records": "data",
            "skip": {"$.type": ["heartbeat", "subscribed"]},
            "fields": {"ticker": "ticker", "side": {"from": "side", "map": {"BUY": "ask"}}, "premium": "premium"},
        }
        return feed("mapped", settings(map=reads, url=url, api_key=KEY, auth={"query": {"api_key": "{key}"}}))

    def frame(self, **changes: Any) -> str:
        return json.dumps({"type": "abnormal_trade", "data": {**TRADE, **changes}})
