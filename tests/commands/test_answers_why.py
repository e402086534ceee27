"""Why an alert fired: who may see what of it, what its score is made of, and which alerts a message tells of."""

from collections.abc import Sequence

import pytest

from bot.commands.asker import Asker
from bot.commands.core import Core
from bot.commands.requests import Why
from bot.commands.vendors import Told, Untold, Vendors
from bot.model.alerts import Explanation, Suppressed
from bot.model.answers import Answer, Button, Part
from bot.model.prints import ScorePart
from bot.providers.radarpulse_answers import ExplainedPart, ScoreExplanation
from tests.commands.prints import ANN, BOB, Says, a_print, core, explanation, knowing, lines_of, record

ANNS_DM, BOBS_DM = "dm:discord:5", "dm:discord:6"
EXPLAINED = ScoreExplanation(
    96.0, "EXTREME", (ExplainedPart("vol_oi", 34.0, 40.0, 34.0), ExplainedPart("otm", 10.0, 10.0, 13.0))
)


async def why(asked: Core, wanted: str = "7kq2m9xd", asker: Asker = ANN) -> Answer:
    return await asked.answer(Why(wanted), asker)


def store(*found: Explanation, message: str = "", vendors: Vendors | None = None) -> Core:
    """`message`: the id of a message that tells of all of them."""

    async def alerts_of(wanted: str) -> Sequence[str]:
        return [each.alert.id for each in found] if wanted == message else []

    return core(
        explain=knowing({each.alert.id: each for each in found}), alerts_of=alerts_of, vendors=vendors or Vendors()
    )


async def test_clause_by_clause() -> None:
    """The print, the rule, what became of it; further questions as buttons, the mute for admins."""
    answer = await why(store(explanation()))
    assert answer.title == "Alert 7kq2m9xd"
    assert answer.is_private
    assert answer.parts == (
        Part(
            "NVDA 145C 8/7 (21d) · $2.4M",
            (
                "🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME",
                "decided 10:31:05 ET, 5 min ago",
            ),
        ),
        Part("rule extreme-sweeps", ("  ✓ premium >= $500K  ($2.4M)",)),
        Part("deliveries", ("  whale-room: sent, 1 attempt, 10:31:05 ET, 5 min ago, message 55",)),
    )
    assert answer.buttons == (
        Button("More like this", "flow ticker NVDA"),
        Button("Mute NVDA 1h", "flowadmin mute ticker NVDA for 1h", is_for_admins=True),
    )


async def test_our_own_score() -> None:
    """Its parts stand between the rules and the deliveries, each with what it was made from; no vendor is asked."""
    parts = (ScorePart("vol_oi", 30.5, 40.0, 6.2), ScorePart("dte", 14.0, 20.0, 21.0))
    found = a_print(score=44.5, score_is_local=True, score_parts=parts)
    vendors = Says(score=Told(EXPLAINED, "radarpulse"))
    answer = await why(store(explanation(found=found), vendors=vendors))
    assert [part.heading for part in answer.parts][1:] == ["rule extreme-sweeps", "score 44.5 (local)", "deliveries"]
    assert answer.parts[2].lines == ("  vol/OI: 30.5 of 40 (from 6.2)", "  days to expiry: 14 of 20 (from 21)")
    assert vendors.asked == []


async def test_the_vendors_score() -> None:
    """The vendor's parts, what it really sent where that is out of its own bounds, and its score of now."""
    answer = await why(store(explanation(), vendors=Says(score=Told(EXPLAINED, "radarpulse"))))
    assert answer.parts[2] == Part(
        "score 94 EXTREME",
        (
            "  vol/OI: 34 of 40",
            "  distance from the money: 10 of 10 (sent as 13)",
            "  as radarpulse tells, which scores it 96 by now",
        ),
    )


async def test_a_vendor_that_does_not_explain() -> None:
    """Why it did not, in words."""
    vendors = Says(score=Untold("radarpulse", "it knows nothing of that"))
    answer = await why(store(explanation(), vendors=vendors))
    assert answer.parts[2] == Part("score 94 EXTREME", ("  radarpulse did not tell: it knows nothing of that.",))


async def test_an_unknown_alert() -> None:
    """An id that the store does not know: where ids come from."""
    answer = await why(store(), "zzzzzzzz")
    assert answer.title == "No alert zzzzzzzz"
    assert answer.tone == "trouble"
    assert "footer" in lines_of(answer)[0]


SHARED = explanation(
    "7kq2m9xd",
    "premium >= $500K",
    record(),
    record(ANNS_DM, rule="watch:3", message_id="71"),
    record(BOBS_DM, rule="watch:4", message_id="72"),
    rules=("extreme-sweeps", "watch:3", "watch:4"),
)


@pytest.mark.parametrize(
    ("asker", "own", "others"),
    [(ANN, "watch:3", "watch:4"), (BOB, "watch:4", "watch:3"), (Asker("slack", "5"), "", "watch")],
)
async def test_watches_are_their_owners_business(asker: Asker, own: str, others: str) -> None:
    """The rule for all is seen by all; of watches and direct messages everybody sees their own, by no name but `your
    DM`; the same number on another platform is somebody else."""
    seen = Explanation(
        SHARED.alert, SHARED.deliveries, (Suppressed("watch:3", "cooldown", 7), Suppressed("", "twin", 2))
    )
    answer = await why(store(seen), asker=asker)
    text = "\n".join([*lines_of(answer), *(part.heading for part in answer.parts)])
    assert "rule extreme-sweeps" in text
    assert "whale-room: sent" in text
    assert "2 × twin" in text
    assert (f"rule {own}" in text and "your DM: sent" in text) is bool(own)
    assert ("7 × cooldown" in text) is (own == "watch:3")
    assert others not in text
    assert "dm:" not in text
    assert own or "your DM" not in text


async def test_an_alert_of_somebody_elses_watch_alone_is_no_alert() -> None:
    """Not even that it exists is told."""
    only = explanation("7kq2m9xd", "x", record(BOBS_DM, rule="watch:4"), rules=("watch:4",))
    assert (await why(store(only))).title == "No alert 7kq2m9xd"
    assert (await why(store(only), asker=BOB)).title == "Alert 7kq2m9xd"


async def test_a_watch_that_posts_to_a_channel_is_seen_there() -> None:
    """A watch made on the command line posts where all can read it."""
    public = explanation("7kq2m9xd", "x", record(rule="watch:9"), rules=("watch:9",))
    assert (await why(store(public))).parts[1].heading == "rule watch:9"


async def test_a_message_of_one_alert() -> None:
    answer = await why(store(explanation(), message="55"), "55")
    assert answer.title == "Alert 7kq2m9xd"


async def test_a_message_of_several_alerts() -> None:
    """Each in a line and, the first five, with a button that asks for it."""
    ids = [f"aaaa000{n}" for n in range(7)]
    told = [explanation(each, found=a_print(ticker=f"T{n}")) for n, each in enumerate(ids)]
    answer = await why(store(*told, message="55"), "55")
    assert answer.title == "7 alerts in this message"
    assert answer.is_private
    assert lines_of(answer)[0] == "1. aaaa0000 · T0 145C 8/7 (21d) · $2.4M"
    assert lines_of(answer)[-1] == "The others: /flow why with the eight characters."
    assert len(lines_of(answer)) == 8
    assert answer.buttons[4] == Button("5. T4", "flow why aaaa0004")
    assert len(answer.buttons) == 5


async def test_a_digest_of_very_many_alerts() -> None:
    """The first 25 are looked up, and it is said that there are more."""
    told = [explanation(f"aaaa00{n:02}") for n in range(30)]
    answer = await why(store(*told, message="55"), "55")
    assert answer.title == "25 alerts, and more, in this message"
    assert len(answer.parts[0].lines) == 25


async def test_a_direct_message_is_known_to_whom_it_was_sent() -> None:
    """Its alert was posted for all to see too; that this message told of it is between the two."""
    asked = store(SHARED, message="72")
    assert (await why(asked, "72", BOB)).title == "Alert 7kq2m9xd"
    assert (await why(asked, "72", ANN)).title == "No alert 72"


async def test_a_hostile_ticker_has_no_buttons() -> None:
    """What would not be read back as one ticker is not made a command."""
    answer = await why(store(explanation(found=a_print(ticker="NVDA for 9d"))))
    assert answer.buttons == ()
