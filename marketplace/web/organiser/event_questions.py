"""The questions an organiser asks those who register: written, put in order, asked no more."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Invalid
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import Event, Question
from marketplace.services import events, questions
from marketplace.services.seen import Overtaken
from marketplace.web.access import access
from marketplace.web.forms.organiser_tickets import QuestionForm
from marketplace.web.organiser.desk import ask, room


@room.get("/events/<slug>/questions", endpoint="events_questions")
@access("desk.enter")
def listing(slug: str) -> str:
    """List the questions in the order in which they are asked, then those asked no more."""
    event = events.managed(slug, current_user)
    every = questions.every(event)
    return render_template(
        "organiser/events/questions.html",
        event=event,
        asked=[question for question in every if question.retired_at is None],
        retired=[question for question in every if question.retired_at is not None],
    )


@room.route("/events/<slug>/questions/new", endpoint="events_question_new", methods=["GET", "POST"])
@access("desk.enter")
def add(slug: str) -> ResponseReturnValue:
    """Add a question."""
    return _form(events.managed(slug, current_user), None)


@room.route("/events/<slug>/questions/<uid>", endpoint="events_question_edit", methods=["GET", "POST"])
@access("desk.enter")
def edit(slug: str, uid: str) -> ResponseReturnValue:
    """Change a question."""
    return _form(events.managed(slug, current_user), questions.find(slug, uid, current_user))


def _form(event: Event, question: Question | None) -> ResponseReturnValue:
    form = QuestionForm.of(question)
    form.offer(other for other in questions.asked(event) if other is not question)
    form.show(questions.details_of(question) if question else None)
    status, uid = 422 if form.is_submitted() else 200, question.uid if question else ""
    if form.validate_on_submit():
        details = form.details(question)
        try:
            questions.save(event.slug, details, by=current_user, uid=uid, seen=form.seen.data or "")
        except Invalid as refusal:
            form.refuse(refusal)
        except Overtaken as refusal:
            form.catch_up(details, questions.details_of(questions.find(event.slug, uid, current_user)))
            status = refusal.status
        else:
            flash(_("The question is saved."), "success")
            return _to(event.slug)
    page = render_template("organiser/events/question.html", form=form, event=event, question=question)
    return page, status


def _to(slug: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_questions", slug=slug), code=303)


@room.post("/events/<slug>/questions/<uid>/move", endpoint="events_question_move")
@access("desk.enter")
def move(slug: str, uid: str) -> ResponseReturnValue:
    """Ask a question one place earlier or later."""
    questions.move(slug, uid, by=current_user, earlier=request.form.get("to") == "earlier")
    return _to(slug)


@room.get("/events/<slug>/questions/<uid>/retire", endpoint="events_question_retire_ask")
@access("desk.enter")
def ask_retire(slug: str, uid: str) -> str:
    """Ask before a question is asked no more."""
    question = questions.find(slug, uid, current_user)
    return ask(
        _("Ask “%(question)s” no more?", question=in_language(question.labels)),
        _("Answers already given are kept and stay in the exports. A question without answers is removed."),
        _("Ask no more"),
        url_for("organiser.events_questions", slug=slug),
    )


@room.post("/events/<slug>/questions/<uid>/retire", endpoint="events_question_retire")
@access("desk.enter")
def retire(slug: str, uid: str) -> ResponseReturnValue:
    """Ask a question no more."""
    questions.retire(slug, uid, by=current_user)
    flash(_("The question is asked no more."), "success")
    return _to(slug)
