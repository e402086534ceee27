"""The `.env` file: what a line means, and what is said of a malformed one."""

from pathlib import Path

import pytest

from bot.config.dotenv import read_dotenv


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("A=1", {"A": "1"}),
        ("  export A = x y  ", {"A": "x y"}),
        ("A=", {"A": ""}),
        ("A=x # comment", {"A": "x"}),
        ("A=x#y", {"A": "x#y"}),
        ("A= # comment", {"A": ""}),
        ("A='x # y' # comment", {"A": "x # y"}),
        (r"A='x\n'", {"A": r"x\n"}),
        (r'A="x\n\"y\" \$z"', {"A": 'x\n"y" $z'}),
        ("A=https://h/x?a=b&c=d", {"A": "https://h/x?a=b&c=d"}),
        ("A=it's", {"A": "it's"}),
        ("# A=1", {}),
        ("", {}),
        ("A=1\nA=2", {"A": "2"}),
        ("\ufeffA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    ],
)
def test_lines(tmp_path: Path, line: str, values: dict[str, str]) -> None:
    path = tmp_path / ".env"
    path.write_bytes(line.encode())
    assert read_dotenv(path) == (values, [])


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("fake-secret", 1, "expected KEY=VALUE"),
        ("  9A=fake-secret", 3, "expected KEY=VALUE, where KEY holds only letters, digits and _"),
        ("A-B=fake-secret", 1, "expected KEY=VALUE, where KEY holds only letters, digits and _"),
        ("A='fake-secret", 1, "the value's quotes are not closed, or something follows them"),
        ('A="fake-secret" x', 1, "the value's quotes are not closed, or something follows them"),
    ],
)
def test_malformed_lines(tmp_path: Path, line: str, column: int, message: str) -> None:
    """Each is reported at its place, without its text; the others are read."""
    path = tmp_path / ".env"
    path.write_text(f"A=1\n{line}\nB=2\n")
    values, problems = read_dotenv(path)
    assert values == {"A": "1", "B": "2"}
    assert [str(problem) for problem in problems] == [f"{path}:2:{column}: {message}"]


def test_no_file_no_variables(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path / ".env") == ({}, [])


def test_an_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert [problem.message for problem in read_dotenv(tmp_path / ".env")[1]] == ["cannot be read: Is a directory"]
    (tmp_path / "bytes").write_bytes(b"A=\xff")
    assert [problem.message for problem in read_dotenv(tmp_path / "bytes")[1]] == ["cannot be read: it is not UTF-8"]
