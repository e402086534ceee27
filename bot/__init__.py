"""flowbot: options-flow alerts for Discord and Slack, once each, fast, and explained."""

__version__ = "0.1.0"
