"""The durable store behind the `Outbox` port: SQLite, one writer, group commit."""
