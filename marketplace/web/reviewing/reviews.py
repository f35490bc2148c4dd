"""One's own reviews: the list, and one review with the pitch beside the score sheet, which saves itself."""

from flask import Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import clock, i18n
from marketplace.errors import Conflict, Invalid
from marketplace.i18n import gettext as _
from marketplace.models import Criterion, Review, ReviewState
from marketplace.services import labels
from marketplace.services.reviews import for_city, in_course, judging, reading, rubric
from marketplace.services.reviews.letters import by_step
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.access import access
from marketplace.web.forms.reviewing import GiveBackForm, ReviewForm
from marketplace.web.language import reader_zone
from marketplace.web.reviewing.blueprint import reader, room


@room.get("", endpoint="own_list")
@access("reviews.enter")
def own_list() -> str:
    """List what one has to review, and what one has finished that is not decided yet."""
    found = judging.mine(reader())
    return render_template(
        "reviewing/list.html",
        to_do=[one for one in found if one.state in in_course.OPEN],
        done=[one for one in found if one.state is ReviewState.DONE],
        now=clock.now(),
    )


@room.get("/<uid>", endpoint="review")
@access("reviews.enter")
def show(uid: str) -> str:
    """Show a review: the version step by step, the score sheet, and what differs from the version before."""
    review = judging.find(uid, reader())
    return _page(review, ReviewForm.of(review))


def _page(review: Review, form: ReviewForm, stored: Review | None = None) -> str:
    before, asked = judging.previous(review), judging.asked_before(review)
    content = review.version.content
    changed = (
        reading.differences(review.project_id, before.content, content, for_reviewer=True) if before is not None else []
    )
    return render_template(
        "reviewing/review.html",
        review=review,
        form=form,
        parts=reading.parts(review.project_id, content, for_reviewer=True),
        before=before,
        changed={part.name: part for part in changed},
        asked=asked,
        asked_comments=dict(asked.comments) if asked else {},
        lines=for_city.lines(dict(rubric.read(review.scores)), content.get("self_scores") or {}),
        advice={criterion: _advice(criterion) for criterion in rubric.WEIGHTS},
        others=judging.others(review),
        comments=by_step(review.comments),
        is_open=review.state in in_course.OPEN,
        rivals=_rivals(form, stored) if stored else [],
        now=clock.now(),
    )


def _advice(criterion: Criterion) -> list[rubric.Advice]:
    """Return the advice for each score of a criterion that gets any, the lowest first."""
    found = [rubric.advice(criterion, score) for score in (0, 2)]
    return [one for one in found if one is not None]


def _rivals(form: ReviewForm, stored: Review) -> list[tuple[str, str]]:
    """Return what was saved elsewhere and is not what stands in this form: what it is called, and the text."""
    mine, theirs = form.draft, judging.draft_of(stored)
    found = []
    for part, title in (("scores", _("Score")), ("notes", _("Note"))):
        for criterion in rubric.WEIGHTS:
            text = getattr(theirs, part).get(criterion, "")
            if text != getattr(mine, part).get(criterion, ""):
                found.append((f"{title}: {labels.of(criterion)}", text))
    for step in PITCH.steps:
        text = theirs.comments.get(step.name, "")
        if text != mine.comments.get(step.name, ""):
            found.append((f"{_('Comment for the city')}: {step.title}", text))
    if theirs.summary != mine.summary:
        found.append((_("In all"), theirs.summary))
    return found


@room.post("/<uid>", endpoint="save")
@access("reviews.enter")
def save(uid: str) -> ResponseReturnValue:
    """Keep what was written, or (`action=finish`) hand the review in. A page that saves itself gets JSON."""
    review = judging.find(uid, reader())
    form = ReviewForm.of(review)
    by_itself = request.accept_mimetypes.best == "application/json"
    if not form.validate():
        return _refused(review, form, by_itself)
    try:
        if request.form.get("action") == "finish" and not by_itself:
            judging.finish(uid, form.draft, form.seen, reader())
            flash(_("Thank you. Your review is finished."), "success")
            return redirect(url_for("reviewing.own_list"), code=303)
        saved = judging.save(uid, form.draft, form.seen, reader())
    except Invalid as refusal:
        form.refuse(refusal)
        return _refused(review, form, by_itself)
    except judging.Overtaken as refusal:
        if by_itself:
            return jsonify(message=str(refusal)), 409
        form.revision.process_data(str(refusal.stored.revision))
        form.revision.raw_data = [str(refusal.stored.revision)]
        flash(str(refusal), "warning")
        return _page(refusal.stored, form, refusal.stored), 409
    if by_itself:
        return _saved(saved)
    flash(_("Saved. You can go on later."), "success")
    return redirect(url_for("reviewing.review", uid=uid), code=303)


def _saved(review: Review) -> Response:
    at = i18n.format_datetime(review.changed_at, reader_zone())
    response = make_response(jsonify(revision=review.revision, message=_("Saved %(time)s", time=at)))
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused(review: Review, form: ReviewForm, by_itself: bool) -> ResponseReturnValue:
    if by_itself:
        return jsonify(errors={name: " ".join(map(str, words)) for name, words in form.errors.items() if name}), 422
    return _page(review, form), 422


@room.route("/<uid>/give-back", endpoint="give_back", methods=["GET", "POST"])
@access("reviews.enter")
def give_back(uid: str) -> ResponseReturnValue:
    """Ask why, and give a review back; a declared conflict of interest bars one from the project."""
    review = judging.find(uid, reader())
    if review.state not in in_course.OPEN:
        raise Conflict(_("This review is finished."))
    form = GiveBackForm()
    if form.validate_on_submit():
        try:
            judging.decline(uid, form.reason.data or "", reader(), has_conflict=bool(form.has_conflict.data))
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The review is given back. The organisers have been told."), "success")
            return redirect(url_for("reviewing.own_list"), code=303)
    status = 422 if form.is_submitted() else 200
    return render_template("reviewing/give_back.html", review=review, form=form), status
