"""What became of every delivery, kept while the store forgets it."""

import asyncio

from tests.chaos.ledger import Entry, Key
from tests.chaos.stage import Stage

AUDIT_S = 2.0
"""Between two looks into the store: what ends in between and is forgotten at once has no end here."""


class Books:
    """The last that the store said of each delivery."""

    def __init__(self, stage: Stage) -> None:
        self.entries: dict[Key, Entry] = {}
        self._stage = stage

    def look(self) -> bool:
        """Note what the store says now; whether nothing in it is without an end."""
        now = self._stage.store.entries()
        self.entries.update(now)
        return all(entry.is_ended for entry in now.values())

    async def keep(self) -> None:
        """Look again and again."""
        while True:
            self.look()
            await asyncio.sleep(AUDIT_S)

    def close(self) -> int:
        """The last look. How many deliveries were forgotten before we saw their end: no loss where they are visible."""
        self.look()
        now = self._stage.store.entries()
        forgotten = [key for key, entry in self.entries.items() if not entry.is_ended and key not in now]
        visible = {destination: self._stage.world.arrived(destination) for _, destination in forgotten}
        for size, destination in forgotten:
            if visible[destination].get(size):
                self.entries[size, destination] = Entry("sent", "", is_named=False)
        return len(forgotten)
