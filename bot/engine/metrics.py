"""What flowbot counts, in one registry of its own. Labels come from small closed sets: never a ticker or a user."""

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from bot.engine.today import WATCH as WATCH
from bot.engine.today import Today
from bot.engine.today import rule_label as rule_label
from bot.model.ports import ProviderStatus

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800)


class Metrics:
    """What flowbot counts. Prints are counted as plain integers on the hot path and collected at the scrape."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.registry = CollectorRegistry()
        self.today = Today(now_ns)
        self.prints: dict[str, int] = {}
        self.repeats: dict[str, int] = {}
        self._providers: dict[str, ProviderStatus] = {}

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"flowbot_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"flowbot_{name}", text, labels, registry=self.registry)

        self.rejected = counter("frames_rejected", "Frames that could not become a print", "provider", "reason")
        self.matches = counter("matches", "Prints that a rule matched, before the verdict", "rule")
        self.suppressed = counter("suppressed", "Matches that were kept quiet", "rule", "reason")
        self.alerts = counter("alerts", "Alerts made durable")
        self.deliveries = counter("deliveries", "Deliveries, by how an attempt ended", "destination", "outcome")
        self.latency = Histogram(
            "flowbot_delivery_latency_seconds",
            "From the print's receipt to the platform's 2xx",
            ["destination"],
            registry=self.registry,
            buckets=LATENCY_BUCKETS_S,
        )
        self.edits = counter("edits", "Edits of messages, by how they ended", "destination", "outcome")
        self.invalid_requests = counter(
            "invalid_requests", "Requests refused with 401, 403, 404 or 429, which platforms ban for", "platform"
        )
        self.parked = gauge("destination_parked", "1 while a destination is parked", "destination")
        self.queue_depth = gauge("queue_depth", "What waits: matches for the store, deliveries for their turn", "queue")
        self.reloaded = gauge("config_last_reload_successful", "1 if the configuration last read was good")
        self.registry.register(self)

    def watch(self, name: str, status: ProviderStatus) -> None:
        """Show a provider's own status at every scrape."""
        self.prints.setdefault(name, 0)
        self.repeats.setdefault(name, 0)
        self._providers[name] = status

    def unwatch(self, name: str) -> None:
        """The provider is gone; what it sent stays counted."""
        self._providers.pop(name, None)

    def collect(self) -> Iterator[Metric]:
        """Called by the registry at every scrape."""
        counts = (
            ("flowbot_prints", "Prints received", self.prints),
            ("flowbot_prints_repeated", "Prints that the same provider had just sent before", self.repeats),
        )
        for name, text, values in counts:
            family = CounterMetricFamily(name, text, labels=["provider"])
            for provider, count in values.items():
                family.add_metric([provider], count)
            yield family
        connected = GaugeMetricFamily("flowbot_provider_connected", "1 while the stream is up", labels=["provider"])
        last_frame = GaugeMetricFamily(
            "flowbot_provider_last_frame_timestamp_seconds", "Unix time of the last frame", labels=["provider"]
        )
        sessions = CounterMetricFamily("flowbot_provider_sessions", "Successful handshakes", labels=["provider"])
        ended = CounterMetricFamily(
            "flowbot_provider_disconnects", "Sessions that ended or never began", labels=["provider", "reason"]
        )
        gaps = CounterMetricFamily(
            "flowbot_provider_gaps", "Times in which a feed was not heard", labels=["provider", "outcome"]
        )
        recovered = CounterMetricFamily(
            "flowbot_prints_recovered", "Prints that were given back after a gap", labels=["provider"]
        )
        for name, status in self._providers.items():
            recovered.add_metric([name], status.recovered)
            for outcome, count in status.gaps.items():
                gaps.add_metric([name, outcome], count)
            connected.add_metric([name], float(status.is_connected))
            last_frame.add_metric([name], status.last_frame_ns / 1e9)
            sessions.add_metric([name], status.sessions)
            for reason, count in status.disconnects.items():
                ended.add_metric([name, reason], count)
        yield from (connected, last_frame, sessions, ended, gaps, recovered)
