"""Files are written whole, and a name that is made of a text stays in its folder."""

import os
from pathlib import Path

import pytest

from theory.files import LONGEST_NAME, file_name, opened_to_append, why_unwritable, write_whole, written_whole
from theory.streams import on_one_line, printable


@pytest.mark.parametrize(
    "text", ["../../x", "/etc/x", "a\0b", "x" * 400 + ".json", "." + "y" * 300, "..", "", "\ud800", "\u00fc" * 300]
)
def test_a_name_made_of_a_text_stays_in_its_folder(text: str, tmp_path: Path) -> None:
    name = file_name(text)
    write_whole(tmp_path / name, "text")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert len(os.fsencode(name)) <= LONGEST_NAME + 9
    assert not name.startswith(".")
    assert file_name(text + "'") != name


def test_an_ordinary_name_stays_as_it_is() -> None:
    for name in ("power-law-depth2-order3-column.json", "Gr\u00f6\u00dfe_\u03a3.png", "data-a+b=c.svg"):
        assert file_name(name) == name


def test_a_block_that_raises_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")
    with pytest.raises(TypeError), written_whole(path) as stream:
        stream.write("no bytes")  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_rewritten_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")
    path.chmod(0o640)
    write_whole(path, "new")
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_error_carries_the_name_that_the_user_knows(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "x"
    with pytest.raises(OSError, match=r"ot a directory|ile exists") as caught:
        write_whole(path, "text")
    assert caught.value.filename == str(path)
    with pytest.raises(OSError, match=r"ot a directory|ile exists") as caught:
        opened_to_append(path)
    assert caught.value.filename == str(path)


def test_asking_whether_a_file_can_be_written_changes_nothing(tmp_path: Path) -> None:
    assert why_unwritable(tmp_path / "a" / "b" / "c") == ""
    assert list(tmp_path.iterdir()) == []
    assert "null" in why_unwritable(tmp_path / "a\0b")
    assert "255 bytes" in why_unwritable(tmp_path / ("x" * 300)) or "name too long" in why_unwritable(
        tmp_path / ("x" * 300)
    )


def test_what_moves_a_cursor_or_turns_the_writing_becomes_an_escape() -> None:
    assert printable("a\x1b[2J\x00\x9b\ud800\u202e\r\n\tb") == "a\\x1b[2J\\x00\\x9b\\ud800\\u202e\\r\n\tb"
    assert printable("Gr\u00f6\u00dfe \u03a3 \u2264") == "Gr\u00f6\u00dfe \u03a3 \u2264"


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "\x1b[2Ja", "\ud800\n"])
def test_a_message_is_one_line_whatever_came_with_it(text: str) -> None:
    assert len(on_one_line(text).splitlines()) == 1
    assert on_one_line(text).isprintable()
