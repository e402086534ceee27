"""Intake (print to commit), delivery (lease, send, settle) and today's session."""
