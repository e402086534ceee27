"""A tape's prints, read by the decoders that would have read them live."""

from collections.abc import Iterator

from bot.flow.mapping.reading import Cancelled, Skipped
from bot.model.errors import FrameError
from bot.model.prints import Print
from bot.providers.recorded import Recording
from bot.providers.replay import reader
from bot.workbench.rule_tests.reading import TapeToPlay
from bot.workbench.rule_tests.rule_set import RuleSet


def readings(tape: TapeToPlay, rule_set: RuleSet) -> Iterator[Print | Cancelled | FrameError]:
    """What is on the tape, received when it was. Frames that stand under no configured provider's name are read as the
    test says, or else by the first provider, and count as that provider's. Raises InputError.
    """
    first = next(iter(rule_set.readers), "tape")
    usual = reader(tape.frames_of) if tape.frames_of is not None else rule_set.readers[first]
    for line in Recording(tape.path):
        received_ns = tape.now_ns if line.received_ns is None else line.received_ns
        name = line.provider if line.provider is not None and line.provider in rule_set.readers else None
        read = usual if name is None else rule_set.readers[name]
        for reading in read(line.raw, received_ns, name or first):
            if not isinstance(reading, Skipped):
                yield reading
