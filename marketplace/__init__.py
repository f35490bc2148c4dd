"""The platform of Cities Forward: `create_app` puts settings, database, web and command line together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from marketplace.config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application from the settings (by default those of the environment)."""
    # Imported here so that `marketplace.matching` can be used without the rest of the product.
    from flask import Flask
    from flask_migrate import Migrate

    from marketplace import cli, config, database, web

    settings = settings or config.Settings.from_environment()
    config.use(settings)
    app = Flask(
        __name__,
        template_folder=str(config.ROOT / "templates"),
        # WhiteNoise serves what the build folder holds under names that contain their hash.
        static_folder=None,
    )
    app.config["SETTINGS"] = settings
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(settings.database_url)
    database.db.init_app(app)
    with app.app_context():
        database.prepare_engine(database.db.engine)
    Migrate(app, database.db, directory=str(config.ROOT / "migrations"), render_as_batch=True, compare_type=True)
    web.register(app)
    cli.register(app)
    return app
