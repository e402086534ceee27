"""The section `reports`: what is accepted, what it asks for, and every slip at its place."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from bot.commands.report_settings import ReportSettings, check_reports
from bot.commands.requests import Report
from bot.config.document import Document, read
from bot.engine.session import Query
from bot.flow.schedule import At, Schedule

DESTINATIONS = ("desk", "whale-room")
DOCUMENT = Path(__file__).parents[2] / "docs" / "reports.md"


def written(tmp_path: Path, text: str) -> Document:
    path = tmp_path / "config.yaml"
    path.write_text(text, "utf-8")
    return read(path, {})


def section(document: Document) -> Any:
    assert isinstance(document.value, dict)
    return document.value["reports"]


def schema() -> Draft202012Validator:
    found = TypeAdapter(list[ReportSettings]).json_schema()
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def test_the_documented_reports(tmp_path: Path) -> None:
    """Each with its moments, its days and its question; the schema takes them too."""
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    document = written(tmp_path, example)
    reports, problems = check_reports(section(document), document, DESTINATIONS)
    assert problems == []
    assert [report.schedule for report in reports] == [
        Schedule((At(600.0, "open"),)),
        Schedule((At(45_000.0),)),
        Schedule((At(300.0, "close"),)),
        Schedule((At(54_000.0),), frozenset({0, 2})),
        Schedule((At(39_600.0), At(-1800.0, "close"))),
    ]
    assert [report.request for report in reports] == [
        Report("opening", Query()),
        Report("recap", Query()),
        Report("recap", Query()),
        Report("heatmap", Query(), "sector"),
        Report("top", Query(limit=10, min_premium=1e6)),
    ]
    assert reports[2].send_to == ["desk", "whale-room"]
    assert list(schema().iter_errors(section(document))) == []


def test_every_filter_is_asked_for(tmp_path: Path) -> None:
    """As `/flow top` takes them."""
    document = written(
        tmp_path,
        "reports:\n  - {name: all, show: unusual, at: open, send_to: [desk], limit: 25, min_score: 70,"
        " min_premium: 500k, ticker: $brk.b, sector: technology, type: put, side: bid, kind: block}\n",
    )
    ((report,), problems) = check_reports(section(document), document)
    assert problems == []
    assert report.request == Report(
        "unusual", Query(25, 70.0, 500_000.0, "BRK.B", "bid", "block", "put", "Information Technology")
    )


GOOD = "name: a, show: recap, at: close, send_to: [desk]"


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ("{show: recap, at: close, send_to: [desk]}", 'missing field "name" in report 1'),
        ("{name: A, show: recap, at: close, send_to: [desk]}", 'name of report "A": expected a name of at most 40'),
        ("{name: a, show: recp, at: close, send_to: [desk]}", "expected opening, recap, top, heatmap or unusual"),
        ("{name: a, show: recap, at: noon, send_to: [desk]}", 'expected a time in New York such as "12:30", or a bell'),
        ("{name: a, show: recap, at: [open, 25:00], send_to: [desk]}", 'at[1] of report "a": expected a time'),
        ("{name: a, show: recap, at: close+7h, send_to: [desk]}", "at most 6 hours from the bell"),
        ("{name: a, show: recap, at: [], send_to: [desk]}", 'at of report "a": expected a list that is not empty'),
        ("{name: a, show: recap, send_to: [desk]}", 'missing field "at" in report "a"'),
        ("{name: a, show: recap, at: open, send_to: []}", 'send_to of report "a": expected a list that is not empty'),
        ("{name: a, show: recap, at: open, send_to: [dek]}", 'unknown destination "dek" in report "a"; did you mean'),
        ("{name: a, show: recap, at: open, send_to: [desk], days: [sat]}", "expected mon, tue, wed, thu or fri"),
        (f"{{{GOOD}, limit: 5}}", '"limit" is for opening, top and unusual, not for recap; leave it out'),
        (f"{{{GOOD}, by: ticker}}", '"by" is for heatmap, not for recap; leave it out'),
        ("{name: a, show: top, limit: 26, at: open, send_to: [desk]}", "limit of report"),
        ("{name: a, show: top, sector: gold, at: open, send_to: [desk]}", "expected a sector: Energy, Materials"),
        ("{name: a, show: top, ticker: '!', at: open, send_to: [desk]}", "expected a ticker, such as NVDA or BRK.B"),
        (f"{{{GOOD}, sendto: [desk]}}", 'unknown field "sendto" in report "a"; did you mean "send_to"?'),
        ("7", "report 1: expected a mapping"),
    ],
)
def test_every_slip_is_named(tmp_path: Path, item: str, problem: str) -> None:
    """With its line; and such a report is left out, the others are not."""
    document = written(tmp_path, f"reports:\n  - {item}\n  - {{{GOOD.replace('name: a', 'name: other')}}}\n")
    reports, problems = check_reports(section(document), document, DESTINATIONS)
    (found,) = problems
    assert problem in found.message
    assert found.line == 2
    assert [report.name for report in reports] == ["other"]


def test_two_reports_of_one_name(tmp_path: Path) -> None:
    """The store would take the second for the first."""
    document = written(tmp_path, f"reports:\n  - {{{GOOD}}}\n  - {{{GOOD}}}\n")
    reports, problems = check_reports(section(document), document, DESTINATIONS)
    assert [str(found).partition(": ")[2] for found in problems] == [
        f'two reports are called "a"; the first is at {tmp_path / "config.yaml"}:2:12'
    ]
    assert len(reports) == 1


@pytest.mark.parametrize(("raw", "count"), [(None, 0), ([], 0), ({}, 1), ("recap", 1)])
def test_the_section_itself(raw: object, count: int) -> None:
    """It may be left out or be empty; anything but a list is a slip."""
    reports, problems = check_reports(raw, Document("config.yaml", {"reports": raw}))
    assert (reports, len(problems)) == ((), count)


@pytest.mark.parametrize("at", ["noon", "open+10", "24:00", [], ["close", "soon"]])
def test_the_schema_sees_wrong_times(at: object) -> None:
    """So that an editor marks them."""
    item = {"name": "a", "show": "recap", "at": at, "send_to": ["desk"]}
    assert list(schema().iter_errors([item])) != []
