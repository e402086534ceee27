"""The statements that tell more of a print than was known when its alert was decided. Inside a transaction."""

import sqlite3

import msgspec

from bot.model.ports import Commit
from bot.model.prints import Print
from bot.outbox import watchers
from bot.outbox.edits import change
from bot.outbox.rows import read_alert
from bot.outbox.stamps import stamped

_encode = msgspec.msgpack.Encoder().encode


def amend(db: sqlite3.Connection, found: Print, *, now_ns: int) -> Commit:
    """The alert of this very print tells of `found` from now on; why it fired, and the print's receipt, stay.

    An empty commit where no alert told of the print, where one of its contract or its twin spoke for it, or where there
    is nothing new. What waits goes out as it is then.
    """
    identity = found.identity
    watchers.amend(db, found)
    alert_id = stamped(db, identity)
    alert = None if alert_id is None else read_alert(db, alert_id)
    if alert is None or alert.print.identity != identity:
        return Commit({}, (), (), {})
    told = msgspec.structs.replace(found, received_ns=alert.print.received_ns, is_recovered=alert.print.is_recovered)
    if told == alert.print:
        return Commit({}, (), (), {})
    db.execute(
        "UPDATE alerts SET bias = ?, premium = ?, body = ? WHERE id = ?",
        (told.bias, told.premium, _encode(msgspec.structs.replace(alert, print=told)), alert.id),
    )
    return Commit({}, (), (), {}, edits=change(db, alert.id, "amended = amended + 1", now_ns=now_ns))
