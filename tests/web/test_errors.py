import json

import pytest
import structlog

from marketplace.errors import Conflict
from marketplace.web.access import PUBLIC, access


def test_missing_page_has_an_id_to_quote(client):
    answer = client.get("/nothing-here", headers={"X-Request-Id": "abcdef123456"})

    assert answer.status_code == 404
    assert answer.headers["X-Request-Id"] == "abcdef123456"
    assert "abcdef123456" in answer.get_data(as_text=True)


def test_proposed_request_id_cannot_carry_markup(client):
    answer = client.get("/nothing-here", headers={"X-Request-Id": "<script>alert(1)</script>"})

    assert "<script>alert" not in answer.get_data(as_text=True)
    assert len(answer.headers["X-Request-Id"]) == 16


@pytest.mark.parametrize(("language", "words"), [("es", "No encontrado"), ("pt", "Não encontrado")])
def test_error_page_speaks_the_readers_language(client, language, words):
    page = client.get("/nothing-here", headers={"Accept-Language": language}).get_data(as_text=True)

    assert f'lang="{language}"' in page
    assert words in page


def test_wrong_method_names_the_right_ones(client):
    answer = client.post("/healthz")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_bug_answers_500_with_id_and_leaves_a_log_line(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "PROPAGATE_BUGS", False)

    @access(PUBLIC)
    def broken() -> str:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setitem(app.view_functions, "health.healthz", broken)
    with structlog.testing.capture_logs() as lines:
        answer = client.get("/healthz")

    page = answer.get_data(as_text=True)
    (line,) = [line for line in lines if line["event"] == "unexpected_error"]
    assert answer.status_code == 500
    assert "secret detail" not in page
    assert line["request_id"] in page


def test_refusal_has_its_own_status(app, client, monkeypatch):
    @access(PUBLIC)
    def refused() -> str:
        raise Conflict

    monkeypatch.setitem(app.view_functions, "health.healthz", refused)

    assert client.get("/healthz").status_code == 409


def test_log_line_of_a_request_has_no_personal_data(app, client):
    """W08: the route, not the address; nothing that was typed."""
    with structlog.testing.capture_logs() as lines:
        client.get("/cities?q=ana@example.org")
        client.post("/sign-in", data={"email": "ana@example.org", "password": "hunter2hunter2"})

    text = json.dumps(lines, default=str)
    assert "ana@example.org" not in text
    assert "hunter2" not in text
    assert [line["route"] for line in lines if line["event"] == "request"] == ["/cities", "/sign-in"]
