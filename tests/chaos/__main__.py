"""The real flowbot process between a feed and platforms that misbehave, on loopback.

    make chaos                                          the kill matrix, then thirty minutes of soak
    python -m tests.chaos kill                          the kill matrix, about ten minutes
    python -m tests.chaos kill --only post              one row of it
    python -m tests.chaos kill --only answer:hang-taken one combination
    python -m tests.chaos soak --minutes 5 --rate 200 --seed 7

kill  The process is killed with SIGKILL at six points, from the receipt of a print to the moment before its delivery is
      recorded, while each destination gives one of seventeen answers to its first post of each run; it is started
      again, and everything must settle. Where several destinations are involved, the blow falls when all four are at
      the point. Every combination prints committed, delivered, lost and doubled for a Discord channel, a Discord
      webhook, a Slack channel whose history may be read, and a Slack webhook.
      lost     committed, and then neither sent, digested, expired with a reason, nor dead with a reason; or said to be
               sent, and not visible.
      doubled  visible in two messages of one destination. Never on the bots' channels; on webhooks only after a
               request that the platform carried out and whose outcome flowbot could not know (marked *): no answer, a
               gateway's 502, or the process was killed before it had recorded the answer.
soak  Random faults, seeded: 429s, 5xx, resets, hangs, cut answers, a feed that breaks off, refuses and repeats. Memory,
      file descriptors, the database and the queues are looked at every ten seconds; what the first fifth of the run
      shows is warm-up.

Exit code 1 where something was lost, or doubled without excuse, or grew, or a combination did not come to its point;
what a bad combination leaves behind is kept, and its place is told. Only processes that were started here are ended.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from tests.chaos.kill import combinations, matrix
from tests.chaos.soak import Soak, soak


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("kill", "soak"), help="default: both")
    parser.add_argument("--only", default="", metavar="POINT[:ANSWER]", help="of the kill matrix")
    parser.add_argument("--jobs", type=int, default=3, help="combinations at a time (default: 3)")
    parser.add_argument("--minutes", type=float, default=30.0, help="of the soak (default: 30)")
    parser.add_argument("--rate", type=float, default=200.0, help="prints a second in the soak (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="of the soak's faults (default: 1)")
    chosen = parser.parse_args()
    try:
        combinations(chosen.only)
    except ValueError as error:
        parser.error(str(error))
    is_good = True
    if chosen.what in (None, "kill"):
        is_good = _run(matrix(chosen.only, max(1, chosen.jobs)))
    if chosen.what in (None, "soak"):
        is_good = _run(soak(Soak(minutes=chosen.minutes, rate=chosen.rate, seed=chosen.seed))) and is_good
    return int(not is_good)


def _run(work: Coroutine[Any, Any, bool]) -> bool:
    async def until_signalled() -> bool:
        task = asyncio.current_task()
        assert task is not None
        # So that a child is ended on the way out, whoever ends us.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(until_signalled())
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
