"""Static files: copied once under names that contain their hash, compressed, and served to be cached for a year.

Each is complete in itself: a script imports no other, because names change with contents.
"""

import gzip
import hashlib
import importlib.util
import re
import tempfile
from pathlib import Path

from flask import Flask
from whitenoise import WhiteNoise

from marketplace.config import ROOT, Settings

_HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+\Z")
_COMPRESSIBLE = {".css", ".mjs", ".js", ".svg", ".json", ".txt", ".webmanifest"}


def register(app: Flask) -> None:
    """Build what is missing, serve it under /static/, and give templates `asset('css/theme.css')`."""
    settings: Settings = app.config["SETTINGS"]
    folder = settings.build_dir / "static"
    names = build(folder)
    white_noise = WhiteNoise(
        app.wsgi_app,
        root=str(folder),
        prefix="static/",
        immutable_file_test=lambda path, url: bool(_HASHED.search(url)),
        allow_all_origins=False,
    )
    app.wsgi_app = white_noise  # type: ignore[method-assign]

    def asset(name: str) -> str:
        """Return the address of a static file; a name that does not exist is a bug."""
        return f"/static/{names[name]}"

    app.jinja_env.globals["asset"] = asset


def sources() -> dict[str, Path]:
    """Return every static file by the name templates use: ours, and Bootstrap's style sheet from its package."""
    ours = ROOT / "static"
    found = {str(path.relative_to(ours)): path for path in sorted(ours.rglob("*")) if path.is_file()}
    package = importlib.util.find_spec("flask_bootstrap")
    if package is None or package.origin is None:
        raise RuntimeError("Bootstrap-Flask is not installed")
    found["bootstrap.css"] = Path(package.origin).parent / "static" / "bootstrap5" / "css" / "bootstrap.min.css"
    return found


def build(folder: Path) -> dict[str, str]:
    """Copy the files to `folder` under hashed names with a .gz beside each; returns name -> hashed name.

    Files already there are left alone, so several processes may build at once.
    """
    names = {}
    for name, source in sources().items():
        content = _without_source_map(name, source.read_bytes())
        path = Path(name)
        hashed = path.with_name(f"{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}")
        names[name] = hashed.as_posix()
        _write(folder / hashed, content, compress=path.suffix in _COMPRESSIBLE)
    return names


def _without_source_map(name: str, content: bytes) -> bytes:
    # The map is not served; a browser's developer tools would ask for it in vain.
    return re.sub(rb"/\*# sourceMappingURL=.*?\*/", b"", content) if name.endswith(".css") else content


def _write(path: Path, content: bytes, *, compress: bool) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if compress:
        _replace(path.with_name(path.name + ".gz"), gzip.compress(content, 9, mtime=0))
    _replace(path, content)


def _replace(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
