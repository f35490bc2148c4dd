"""Settings, read from the environment once. Production refuses to start with a missing or weak secret."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the checkout: templates, static files and migrations lie beside the package."""


_current: "Settings | None" = None


class BadSettings(Exception):
    """The environment does not make a safe, complete installation; the text says which variable and why."""


@dataclass(frozen=True)
class Settings:
    """Everything an installation may decide; see `.env.example` for the words to operators."""

    database_url: str
    secret_key: str = field(repr=False)
    public_url: str
    production: bool = False
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = "Cities Forward <noreply@cities.example>"
    mail_reply_to: str | None = None
    upload_dir: Path = ROOT / "var" / "uploads"
    build_dir: Path = ROOT / "build"
    virus_scanner: str = ""
    trusted_proxies: int = 0
    metrics_token: str | None = field(default=None, repr=False)
    log_level: str = "INFO"
    testing: bool = False

    @property
    def is_https(self) -> bool:
        """Whether readers reach the installation over TLS, which decides cookies and HSTS."""
        return self.public_url.startswith("https://")

    @property
    def mail_domain(self) -> str:
        """The domain of Message-IDs and calendar UIDs."""
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; raises `BadSettings` where production would be unsafe."""
        production = environment.get("APP_ENV", "development") == "production"
        port = environment.get("PORT", "8000")
        public_url = environment.get("PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/")
        var = Path(environment.get("DATA_DIR", ROOT / "var"))
        settings = cls(
            database_url=_database_url(environment.get("DATABASE_URL", ""), var),
            secret_key=environment.get("SECRET_KEY", "") or ("" if production else _local_secret(var)),
            public_url=public_url,
            production=production,
            smtp_url=environment.get("SMTP_URL") or None,
            mail_from=environment.get("MAIL_FROM") or cls.mail_from,
            mail_reply_to=environment.get("MAIL_REPLY_TO") or None,
            upload_dir=Path(environment.get("UPLOAD_DIR", var / "uploads")),
            build_dir=Path(environment.get("BUILD_DIR", ROOT / "build")),
            virus_scanner=environment.get("VIRUS_SCANNER", ""),
            trusted_proxies=_number(environment, "TRUSTED_PROXIES"),
            metrics_token=environment.get("METRICS_TOKEN") or None,
            log_level=environment.get("LOG_LEVEL", "INFO").upper(),
        )
        if production:
            settings._refuse_unsafe(environment)
        return settings

    def _refuse_unsafe(self, environment: Mapping[str, str]) -> None:
        problems = []
        if len(self.secret_key) < 32:
            problems.append("SECRET_KEY must be set, at least 32 characters long")
        if not environment.get("PUBLIC_URL") or not self.is_https:
            problems.append("PUBLIC_URL must be the https:// address readers use")
        if not self.smtp_url:
            problems.append("SMTP_URL must name the mail server, e.g. smtp+starttls://user:password@mail.example:587")
        if not environment.get("MAIL_FROM"):
            problems.append("MAIL_FROM must be the sender of letters")
        if not environment.get("DATABASE_URL"):
            problems.append("DATABASE_URL must name the database")
        if problems:
            raise BadSettings("This installation cannot start: " + "; ".join(problems) + ".")


def _number(environment: Mapping[str, str], name: str) -> int:
    try:
        return int(environment.get(name, "0"))
    except ValueError:
        raise BadSettings(f"{name} must be a whole number, not {environment[name]!r}.") from None


def _database_url(url: str, var: Path) -> str:
    """Name the driver explicitly: psycopg 3 for PostgreSQL, an absolute file for SQLite."""
    if not url:
        return f"sqlite:///{var.resolve() / 'marketplace.db'}"
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _local_secret(var: Path) -> str:
    """Keep one random key per development installation, so that sessions survive a restart."""
    path = var / "secret_key"
    if path.exists():
        return path.read_text()
    var.mkdir(parents=True, exist_ok=True)
    key = secrets.token_urlsafe(48)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(key)
    return key


def use(settings: Settings) -> None:
    """Make these the settings of the process; `create_app` does it."""
    global _current
    _current = settings


def current() -> Settings:
    """Return the settings of the process, for the layers that do not know Flask."""
    if _current is None:
        raise BadSettings("no settings yet: create_app() has not run")
    return _current
