"""Health, readiness, metrics and the quarantine, over HTTP."""
