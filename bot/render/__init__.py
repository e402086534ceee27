"""How an alert looks: Discord embeds, Slack blocks, terminal cards. Lengths and escaping are enforced here. Pure."""
