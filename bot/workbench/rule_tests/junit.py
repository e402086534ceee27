"""What came of tests as JUnit's XML, which CI servers read: a suite for each file, a case for each test.

The shape is that of https://github.com/testmoapp/junitxml (attributes common to Jenkins, GitLab and GitHub actions).
"""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from bot.workbench.rule_tests.report import failure_text
from bot.workbench.rule_tests.running import FileResult, Result

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, escaped or not (its production 2)."""


def junit(files: Sequence[FileResult]) -> bytes:
    """The document, UTF-8."""
    root = Element("testsuites", {"name": "flowbot test", **_counts(files)})
    for file in files:
        suite = SubElement(root, "testsuite", {"name": _text(file.path), **_counts([file])})
        for result in file.results:
            _case(suite, file, result)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _counts(files: Sequence[FileResult]) -> dict[str, str]:
    return {
        "tests": str(sum(len(file.results) for file in files)),
        "failures": str(sum(file.failed for file in files)),
        "errors": "0",
        "skipped": "0",
        "time": f"{sum(file.took_s for file in files):.6f}",
    }


def _case(suite: Element, file: FileResult, result: Result) -> None:
    case = SubElement(
        suite,
        "testcase",
        name=_text(result.test.name),
        classname=_text(file.path),
        file=_text(file.path),
        line=str(result.test.line),
        time=f"{result.took_s:.6f}",
    )
    if result.failures:
        told = SubElement(case, "failure", type="expectation", message=_text(result.failures[0].title))
        told.text = _text("\n\n".join(map(failure_text, result.failures)))


def _text(text: str) -> str:
    return _NO_XML.sub("�", text)
