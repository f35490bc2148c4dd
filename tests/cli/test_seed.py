from marketplace import config
from tests.conftest import test_settings


def test_seed_loads_the_sample_and_may_be_repeated(app):
    runner = app.test_cli_runner()

    first, again = runner.invoke(args=["seed"]), runner.invoke(args=["seed"])

    words = "120 sample accounts, all with the password demo-password-1.\n"
    assert [(result.exit_code, result.output) for result in (first, again)] == [(0, words), (0, words)]


def test_seed_is_refused_where_real_people_have_accounts(app, make):
    make.user()

    result = app.test_cli_runner().invoke(args=["seed"])

    assert result.exit_code == 1
    assert "There are accounts already" in result.output


def test_seed_is_refused_in_production(app):
    config.use(test_settings(app.config["SETTINGS"].database_url, production=True))

    result = app.test_cli_runner().invoke(args=["seed"])

    assert result.exit_code == 1
    assert "refused in production" in result.output
