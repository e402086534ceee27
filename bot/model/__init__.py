"""The words every room speaks: prints, alerts, deliveries, ports and errors. Imports nothing of ours."""
