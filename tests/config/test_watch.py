"""A change of the configuration is told once, when it is complete, and whichever way it was written."""

import os
from pathlib import Path

import pytest

from bot.config import watch as watching
from bot.config.document import Document, read
from bot.config.watch import RECHECKS, Watch

GOOD = "include: 'rules/*.yaml'\na: 1\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(GOOD)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yaml").write_text("rules: [1]\n")
    return path


def watched(config: Path) -> Watch:
    return Watch(read(config, {}).sources)


def looks(watch: Watch, times: int = 5) -> list[bool]:
    return [watch.is_changed() for _ in range(times)]


NEWS = [False, True, False, False, False]
"""A change is seen at the first look, told at the second, and then known."""
SILENCE = [False] * 5


def replace(path: Path, text: str) -> None:
    """As editors save: a new file, moved into the old one's place."""
    new = path.with_name("new-file")
    new.write_text(text)
    new.replace(path)


def test_nothing_changed(config: Path) -> None:
    assert looks(watched(config)) == SILENCE


@pytest.mark.parametrize("name", ["config.yaml", "rules/a.yaml"])
def test_a_file_written_in_place(config: Path, name: str) -> None:
    watch = watched(config)
    (config.parent / name).write_text("x: other\n")
    assert looks(watch) == NEWS


def test_a_file_moved_into_its_place(config: Path) -> None:
    """A new inode with the same text is no news."""
    watch = watched(config)
    replace(config, GOOD)
    assert looks(watch) == SILENCE
    replace(config, "b: 1\n")
    assert looks(watch) == NEWS


def test_a_file_that_is_being_written(config: Path) -> None:
    """Empty, then half of it, then whole: only the last is told, and no sooner than it was the same twice."""
    watch = watched(config)
    with config.open("w") as file:
        assert not watch.is_changed()
        file.write("a: [1, ")
        file.flush()
        assert not watch.is_changed()
        file.write("2]\n")
    assert looks(watch) == NEWS


def test_a_save_that_is_undone_before_it_is_told(config: Path) -> None:
    watch = watched(config)
    config.write_text("")
    assert not watch.is_changed()
    config.write_text(GOOD)
    assert looks(watch) == SILENCE


def test_several_saves_in_a_row(config: Path) -> None:
    """Each that is left alone for a look is told, and going back to what it was is a change too."""
    watch = watched(config)
    for text in ("a: 2\n", "a: 3\n"):
        config.write_text(text)
        assert not watch.is_changed()
    assert watch.is_changed()
    config.write_text(GOOD)
    assert looks(watch) == NEWS


def test_a_symbolic_link_is_swapped(tmp_path: Path) -> None:
    """Kubernetes mounts a ConfigMap so: the file links into `..data`, which links to the folder of one version."""
    for version, text in (("..v1", "a: 1\n"), ("..v2", "a: 1\n"), ("..v3", "a: 3\n")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "config.yaml").write_text(text)
    (tmp_path / "..data").symlink_to("..v1")
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")
    watch = watched(tmp_path / "config.yaml")
    assert looks(watch) == SILENCE
    for version, told in (("..v2", SILENCE), ("..v3", NEWS)):
        (tmp_path / "..tmp").symlink_to(version)
        (tmp_path / "..tmp").replace(tmp_path / "..data")
        assert looks(watch) == told


def test_a_touched_file_is_no_news(config: Path) -> None:
    watch = watched(config)
    os.utime(config, (1, 1))
    config.chmod(0o600)
    assert looks(watch) == SILENCE


def test_a_deleted_file(config: Path) -> None:
    """It is told once, and so is its return."""
    watch = watched(config)
    config.unlink()
    assert looks(watch) == NEWS
    config.write_text(GOOD)
    assert looks(watch) == NEWS


def test_files_that_a_pattern_matches_come_and_go(config: Path) -> None:
    """What it does not match is nobody's business."""
    watch = watched(config)
    rules = config.parent / "rules"
    for name in (".b.yaml.swp", "b.yaml~", "#b.yaml#", ".hidden.yaml", "notes.txt"):
        (rules / name).write_text("x\n")
    assert looks(watch) == SILENCE
    (rules / "b.yaml").write_text("rules: [2]\n")
    assert looks(watch) == NEWS
    (rules / "b.yaml").unlink()
    assert looks(watch) == NEWS
    (rules / "a.yaml").rename(rules / "c.yaml")
    assert looks(watch) == NEWS


def test_files_that_were_not_there(config: Path) -> None:
    """`.env`, a secret's file and an included file are told when they come: they mend a bad configuration."""
    config.write_text("include: missing.yaml\na: ${file:key}\n")
    for name in (".env", "key", "missing.yaml"):
        watch = watched(config)
        assert looks(watch) == SILENCE
        (config.parent / name).write_text("A=1\n")
        assert looks(watch) == NEWS


@pytest.mark.parametrize("text", ["a: [", "include: [rules, 'nope*']\n", "include: '*.yaml'\n", "b: ${N}\n", ""])
def test_a_bad_document_is_watched_like_a_good_one(config: Path, text: str) -> None:
    """It is not told again as long as it is as bad as it was read; what a pattern passes over is known, too."""
    config.write_text(text)
    (config.parent / "link.yaml").symlink_to("config.yaml")
    assert read(config, {}).problems
    watch = watched(config)
    assert looks(watch) == SILENCE
    config.write_text(GOOD)
    assert looks(watch) == NEWS


@pytest.mark.parametrize("target", ["config.yaml", "link.yaml"])
def test_a_link_that_leads_in_a_circle_is_mended(config: Path, target: str) -> None:
    """To the file that includes it, or to itself, which nobody can read."""
    config.write_text("include: link.yaml\n")
    (config.parent / "link.yaml").symlink_to(target)
    watch = watched(config)
    assert looks(watch) == SILENCE
    replace(config.parent / "link.yaml", "a: 1\n")
    assert looks(watch) == NEWS


def test_what_changes_between_reading_and_watching(config: Path) -> None:
    """The digest of what was read decides, not when the watch was made or looked first."""
    document: Document = read(config, {})
    config.write_text("a: 2\n")
    assert looks(Watch(document.sources)) == NEWS


def test_a_change_between_telling_and_reading_is_told_again(config: Path) -> None:
    """To whoever goes on with the same watch; a watch of what was read knows it."""
    watch = watched(config)
    config.write_text("a: 2\n")
    assert looks(watch, 2) == [False, True]
    config.write_text("a: 3\n")
    assert looks(watched(config)) == SILENCE
    assert looks(watch) == NEWS


def test_an_equal_size_and_a_time_that_is_set_back(config: Path) -> None:
    """As rsync and cp -p do. Long after the last look at which it was read."""
    watch = watched(config)
    os.utime(config, ns=(10**18, 10**18))
    looks(watch, RECHECKS + 3)
    config.write_text(GOOD.replace("a: 1", "a: 2"))
    os.utime(config, ns=(10**18, 10**18))
    assert looks(watch) == NEWS


def test_written_twice_within_a_tick_of_the_clock(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks; where the clock of the file system is so coarse that nothing else gives it away."""
    monkeypatch.setattr(watching, "_stamp", _coarse)
    watch = watched(config)
    stamps = []
    for text in ("a: 2\n", "a: 3\n"):
        config.write_text(text)
        os.utime(config, ns=(10**18, 10**18))
        stamps.append(_coarse(config.stat()))
        assert looks(watch, RECHECKS) == [False, True, False]
    assert stamps[0] == stamps[1]


def _coarse(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def test_a_quiet_file_is_not_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once its last change is some looks old, a stat is all that a look takes."""
    watch = watched(config)
    looks(watch, RECHECKS + 1)

    read_again: list[Path] = []

    def take(path: Path) -> tuple[bytes, str]:
        read_again.append(path)
        return b"", "absent"

    monkeypatch.setattr(watching, "take", take)
    assert looks(watch) == SILENCE
    assert set(read_again) <= {config.with_name(".env")}, "which is not there"


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    """Opening one would wait for its other end, for ever."""
    config = tmp_path / "config.yaml"
    config.write_text("include: pipe\na: ${file:pipe}\n")
    os.mkfifo(tmp_path / "pipe")
    watch = watched(config)
    assert looks(watch) == SILENCE
    (tmp_path / "pipe").unlink()
    (tmp_path / "pipe").write_text("a: 1\n")
    assert looks(watch) == NEWS


def test_a_folder_in_the_place_of_a_file(config: Path) -> None:
    watch = watched(config)
    (config.parent / "rules/a.yaml").unlink()
    (config.parent / "rules/a.yaml").mkdir()
    assert looks(watch) == NEWS
