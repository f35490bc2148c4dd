"""What is missing, and how much is there."""

from hypothesis import given, settings

from marketplace.services.sheets import checks
from marketplace.services.sheets.fields import Required
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.pitch import PITCH
from tests.services.sheets import strategies


def paths(content: dict, level: Required = Required.SUBMIT) -> dict[str, str]:
    return {problem.field: str(problem.message) for problem in checks.problems(PITCH, content, level)}


@given(content=strategies.content(PITCH))
@settings(max_examples=40, deadline=None)
def test_problems_at_publication_include_those_at_submission(content):
    at_submission, at_publication = paths(content), paths(content, Required.PUBLISH)

    assert at_submission.items() <= at_publication.items()


@given(content=strategies.content(PITCH))
@settings(max_examples=40, deadline=None)
def test_completeness_is_full_exactly_if_nothing_required_is_missing(content):
    missing = {
        field.name
        for field in PITCH.by_name.values()
        if checks.is_due(field, content, Required.PUBLISH) and field.name not in content
    }

    assert (checks.completeness(PITCH, content) == 100) == (not missing)
    steps = checks.completeness_by_step(PITCH, content)
    assert {name for name, share in steps.items() if share < 100} == {PITCH.step_of[name].name for name in missing}


def test_problems_name_every_required_field_of_an_empty_pitch_with_its_step():
    problems = checks.problems(PITCH, {}, Required.SUBMIT)

    assert {problem.step for problem in problems} == {step.name for step in PITCH.steps}
    assert ("title", "project") in {(problem.field, problem.step) for problem in problems}
    assert "land_status" not in {problem.field for problem in problems}
    assert "land_status" in paths({}, Required.PUBLISH)


def test_problems_follow_what_was_answered_elsewhere():
    assert "hazards" not in paths({"climate_objective": "mitigation"})
    assert "hazards" in paths({"climate_objective": "adaptation"})
    assert "ghg_method" in paths({"climate_objective": "both", "ghg_tco2e_year": "100"})
    assert "ghg_method" not in paths({"climate_objective": "adaptation"})
    assert "studies" in paths({"stage": "transaction"})
    assert "studies" not in paths({"stage": "scoping"})


def test_problems_point_at_the_cell_and_the_language():
    found = paths(
        {
            "title": {"en": "Short", "pt": "Um título comprido"},
            "plan_links": [{"key": "a", "type": "regional"}],
            "cost_accuracy_pct": 80,
            "performance_standards": {"PS1": "none"},
        },
        Required.PUBLISH,
    )

    assert found["title.en"] == "Please write at least 10 characters."
    assert "title.pt" not in found
    assert found["plan_links.0.title"] == "Please fill this in."
    assert found["cost_accuracy_pct"] == "Please give a number from 5 to 50."
    assert found["performance_standards.PS5"] == "Please choose an answer."


def test_problems_of_a_mandate_are_few_since_unknown_is_an_answer():
    assert {problem.field for problem in checks.problems(MANDATE, {}, Required.PUBLISH)} == {
        "funder_type",
        "roles",
        "instruments",
    }


def test_missing_translations_are_told_of_written_texts_only():
    content = {"title": {"en": "Park", "es": "Parque"}, "problem": {"pt": "Calor"}, "summary": None}

    assert checks.missing_translations(PITCH, content) == {"title": ["pt"], "problem": ["en", "es"]}
    assert checks.missing_translations(PITCH, content, ("en",)) == {"problem": ["en"]}
