"""Reviews of a project at the desk: side by side, assigned by hand, taken away, given more time."""

from flask import flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.models import ConflictOfInterest, Review, ReviewRole
from marketplace.services import labels
from marketplace.services.reviews import assignments, for_city, in_course, rubric, turns
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.access import access
from marketplace.web.forms.organiser_projects import AssignForm, PostponeForm, RemoveReviewForm, end_of
from marketplace.web.language import reader_zone
from marketplace.web.organiser.desk import room
from marketplace.web.organiser.projects import framed, to


@room.get("/projects/<slug>/reviews", endpoint="projects_reviews")
@access("desk.platform")
def reviews(slug: str) -> str:
    """Show the reviews of the newest version side by side, where they differ, and those of older versions."""
    project = turns.find(slug, current_user)
    version = in_course.newest(project)
    every = assignments.of_project(project)
    present = [one for one in every if version and one.version_id == version.id and one.state in in_course.LIVE]
    combined = rubric.combine(present)
    own = (version.content.get("self_scores") or {}) if version else {}
    return render_template(
        "organiser/projects/reviews.html",
        **framed(project, version),
        reviews=present,
        scores={review.id: rubric.read(review.scores) for review in present},
        combined=combined,
        lines=for_city.lines(combined.scores, own),
        steps=[step for step in PITCH.steps if any(review.comments.get(step.name) for review in present)],
        past=[one for one in every if one not in present],
        loads=assignments.load(),
        most=assignments.REVIEWERS,
        has_moderator=any(review.role is ReviewRole.MODERATOR for review in present),
        conflict_words=conflict_words,
    )


def conflict_words(review: Review) -> str:
    """Name the conflicts of interest that were accepted, or declared, with a review."""
    found = [labels.read(ConflictOfInterest, name) for name in review.conflicts]
    return ", ".join(str(labels.of(one)) for one in found if one is not None)


@room.route("/projects/<slug>/reviews/assign", endpoint="projects_assign", methods=["GET", "POST"])
@access("desk.platform")
def assign(slug: str) -> ResponseReturnValue:
    """Choose who reviews, by load and conflicts of interest."""
    project = turns.find(slug, current_user)
    version = in_course.newest(project)
    candidates = assignments.candidates(project, current_user)
    needs_moderator = version is not None and rubric.combine(in_course.of_version(version)).needs_moderator
    role = ReviewRole.MODERATOR if needs_moderator else ReviewRole.REVIEWER
    form = AssignForm.of(candidates, reader_zone(), version, role)
    if form.validate_on_submit():
        try:
            assignments.assign(
                slug,
                form.reviewer.data,
                current_user,
                seen=form.version,
                role=ReviewRole(form.role.data),
                due_at=form.due_at(reader_zone()),
                despite=bool(form.despite.data),
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The review is assigned. The reviewer gets a letter."), "success")
            return to(slug, "projects_reviews")
    page = render_template(
        "organiser/projects/assign.html", **framed(project, version), form=form, candidates=candidates
    )
    return page, 422 if form.is_submitted() else 200


def _review(slug: str, uid: str) -> Review:
    """Return a review of this very project, to the organisers."""
    review = assignments.find(uid, current_user)
    if review.project.slug != slug:
        raise NotFound
    return review


@room.route("/projects/<slug>/reviews/<uid>/remove", endpoint="projects_review_remove", methods=["GET", "POST"])
@access("desk.platform")
def remove(slug: str, uid: str) -> ResponseReturnValue:
    """Ask why, and take a review away; at once it can be given to somebody else."""
    review = _review(slug, uid)
    candidates = assignments.candidates(review.project, current_user)
    form = RemoveReviewForm.of(candidates)
    if form.validate_on_submit():
        try:
            assignments.remove(
                uid,
                current_user,
                reason=form.reason.data or "",
                instead=form.instead.data or "",
                despite=bool(form.despite.data),
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The review is taken away."), "success")
            return to(slug, "projects_reviews")
    page = render_template(
        "organiser/projects/review_remove.html",
        **framed(review.project, in_course.newest(review.project)),
        review=review,
        form=form,
        candidates=candidates,
    )
    return page, 422 if form.is_submitted() else 200


@room.route("/projects/<slug>/reviews/<uid>/postpone", endpoint="projects_review_postpone", methods=["GET", "POST"])
@access("desk.platform")
def postpone(slug: str, uid: str) -> ResponseReturnValue:
    """Give a reviewer another day."""
    review = _review(slug, uid)
    form = PostponeForm.of(review.due_at, reader_zone())
    if form.validate_on_submit():
        try:
            assignments.postpone(uid, end_of(form.due_on.data, reader_zone()), current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The new day is set."), "success")
            return to(slug, "projects_reviews")
    page = render_template(
        "organiser/projects/review_postpone.html",
        **framed(review.project, in_course.newest(review.project)),
        review=review,
        form=form,
        back=url_for("organiser.projects_reviews", slug=slug),
    )
    return page, 422 if form.is_submitted() else 200
