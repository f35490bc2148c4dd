"""Headers, cookies, hosts, requests from elsewhere, and input no database could hold."""

import pytest

from marketplace.config import BadSettings, Settings

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/healthz", "/static/nothing.css"])
def test_every_answer_has_the_security_headers(client, path):
    """W01"""
    answer = client.get(path)

    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_static_files_are_compressed_and_cached_for_good(app, client):
    address = app.jinja_env.globals["asset"]("css/theme.css")

    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    answer.close()

    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_request_from_another_site_changes_nothing(client):
    """A07"""
    answers = [
        client.post("/language", data={"language": "es"}, headers={"Sec-Fetch-Site": "cross-site"}),
        client.post("/language", data={"language": "es"}, headers={"Sec-Fetch-Site": "same-site"}),
        client.post(
            "/language", data={"language": "es"}, headers={"Sec-Fetch-Site": None, "Origin": "https://evil.example"}
        ),
        client.post("/register", data={"email": "a@example.org"}, headers={"Sec-Fetch-Site": None}),
        client.post("/language", data={"language": "es"}, headers={"Sec-Fetch-Site": None, "Origin": "null"}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert all("Set-Cookie" not in answer.headers for answer in answers)


def test_request_from_our_own_page_is_accepted(client):
    by_site = client.post("/language", data={"language": "es", "next": "/"})
    by_origin = client.post(
        "/language",
        data={"language": "es", "next": "/"},
        headers={"Sec-Fetch-Site": None, "Origin": "http://localhost"},
    )

    assert [by_site.status_code, by_origin.status_code] == [303, 303]


def test_old_browser_needs_the_token_of_its_form(client):
    page = client.get("/sign-in").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    headers = {"Sec-Fetch-Site": None}

    without = client.post("/sign-in", data={"email": "a@example.org", "password": "x"}, headers=headers)
    with_token = client.post(
        "/sign-in", data={"email": "a@example.org", "password": "x", "csrf_token": token}, headers=headers
    )

    assert (without.status_code, with_token.status_code) == (400, 422)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "javascript:alert(1)",
        "/%0d%0aX: y",
        "/\tx",
    ],
)
def test_no_form_sends_the_reader_elsewhere(client, target):
    """W03"""
    answer = client.post("/language", data={"language": "es", "next": target})

    location = answer.headers["Location"]
    assert answer.status_code == 303
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_foreign_host_is_refused(client):
    """W03"""
    answer = client.get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "evil.example" not in answer.get_data(as_text=True)


def test_forwarded_headers_are_ignored_without_a_proxy(client):
    answer = client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path", ["/.git/config", "/static/", "/static/../wsgi.py", "/console", "/templates/layout.html"]
)
def test_nothing_of_the_inside_is_served(client, path):
    """W04"""
    assert client.get(path).status_code == 404


def test_trace_is_refused_and_no_version_is_told(client):
    """W04"""
    answer = client.open("/", method="TRACE")

    assert answer.status_code == 405
    assert "Server" not in answer.headers


@pytest.mark.parametrize("text", ["\x00", "a\x00b"])
def test_nul_is_refused(client, text):
    """W02: PostgreSQL cannot store it, SQLite would."""
    answers = [
        client.get("/cities", query_string={"q": text}),
        client.post("/language", data={"language": text}),
        client.post("/language", data={text: "x"}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]


@pytest.mark.parametrize(
    "path", ["/cities?q=%ff%fe", "/cities?q=%ed%a0%80", "/cities/%C3%A9%00", "/%00", "/cities?page=é"]
)
def test_broken_text_never_breaks_a_page(client, path):
    """W02"""
    assert client.get(path).status_code in {200, 400, 404}


def test_huge_request_is_refused(client):
    """W05"""
    answer = client.post("/language", data={"language": "x" * 1_100_000})

    assert answer.status_code == 413


def test_session_cookie_over_tls_is_bound_to_the_host(other_app):
    """S02"""
    secure = other_app(public_url="https://localhost")

    cookie = secure.test_client().get("/sign-in", base_url="https://localhost").headers["Set-Cookie"]

    assert cookie.startswith("__Host-session=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie


def test_strict_transport_security_is_sent_over_tls_only(other_app, client):
    secure = other_app(public_url="https://localhost")

    over_tls = secure.test_client().get("/healthz", base_url="https://localhost")

    assert over_tls.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in client.get("/healthz").headers


def test_production_refuses_to_start_unsafe():
    with pytest.raises(BadSettings) as refusal:
        Settings.from_environment({"APP_ENV": "production", "SECRET_KEY": "short", "PUBLIC_URL": "http://x.example"})

    assert all(
        name in str(refusal.value) for name in ("SECRET_KEY", "PUBLIC_URL", "SMTP_URL", "MAIL_FROM", "DATABASE_URL")
    )


def test_production_starts_with_complete_settings():
    settings = Settings.from_environment(
        {
            "APP_ENV": "production",
            "SECRET_KEY": "k" * 40,
            "PUBLIC_URL": "https://market.example",
            "SMTP_URL": "smtp://mail.example",
            "MAIL_FROM": "Team <team@market.example>",
            "DATABASE_URL": "postgresql://db/market",
        }
    )

    assert settings.database_url == "postgresql+psycopg://db/market"
    assert settings.is_https
    assert "k" * 40 not in repr(settings)
