"""Answers are written whole or not at all."""

import json
import os
import stat

import click
import pytest

from marketplace.cli.answers import ProgressLine, writable, write_json


def test_document_replaces_the_file_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "answer.json"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)

    write_json(str(path), {"city": "São Paulo"})

    assert path.read_text(encoding="utf-8") == '{"city":"São Paulo"}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["answer.json"]


def test_document_that_cannot_be_written_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "answer.json"
    path.write_text("old", encoding="utf-8")

    with pytest.raises(UnicodeEncodeError):
        write_json(str(path), {"lone surrogate": "\ud800"})

    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["answer.json"]


def test_link_is_followed_and_stays_a_link(tmp_path):
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)

    write_json(str(link), [1])

    assert link.is_symlink()
    assert json.loads(target.read_text(encoding="utf-8")) == [1]


def test_device_is_written_to_and_not_replaced():
    write_json("/dev/null", [1])

    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_dash_is_standard_output(capsys):
    write_json("-", {"meetings": []})

    assert capsys.readouterr().out == '{"meetings":[]}\n'


def test_new_file_has_the_usual_permissions(tmp_path):
    mask = os.umask(0o027)
    try:
        write_json(str(tmp_path / "new.json"), [])
    finally:
        os.umask(mask)

    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == 0o640


@pytest.mark.parametrize("path", ["missing/answer.json", "."], ids=["no such folder", "a folder"])
def test_path_that_no_file_can_be_written_to_is_refused_before_the_work(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(click.UsageError):
        writable(path)


def test_progress_without_a_terminal_is_one_line_now_and_then(capsys):
    line = ProgressLine()

    for value in range(100):
        line.show(f"value {value}")
    line.end()

    assert capsys.readouterr().err == "   0.0 s  value 0\n"
