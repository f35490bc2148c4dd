"""Files of projects."""

from collections.abc import Iterable

from marketplace import config
from marketplace.gateways import files


def drop(names: Iterable[str]) -> None:
    """Remove the bytes of files whose rows are gone."""
    for name in names:
        files.remove(config.current().upload_dir / "projects", name)
