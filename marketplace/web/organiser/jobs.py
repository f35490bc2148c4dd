"""Background work at the desk: what waits, runs, is done or was given up; cancelled and started again."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.i18n import gettext as _
from marketplace.services import desk_words, jobs, labels, paging, workload
from marketplace.web.access import access
from marketplace.web.organiser.desk import ask, page_number, room


@room.get("/jobs", endpoint="jobs")
@access("desk.platform")
def listing() -> str:
    """List jobs, those that run or wait first."""
    wanted = workload.Filter(
        stage=labels.read(workload.Stage, request.args.get("stage")), kind=request.args.get("kind", "")[:60]
    )
    page = paging.page(workload.listing(wanted), page_number())
    return render_template(
        "organiser/jobs.html",
        page=page,
        wanted=wanted,
        counts=workload.counts(),
        stages=workload.STAGES,
        stage_of=workload.stage_of,
        kinds=[(kind, desk_words.job(kind)) for kind in workload.kinds()],
        is_moving=workload.is_moving(page),
    )


@room.get("/jobs/<uid>/cancel", endpoint="jobs_cancel_ask")
@access("desk.platform")
def ask_cancel(uid: str) -> str:
    """Ask before a job is cancelled."""
    job = workload.find(uid)
    return ask(
        _("Cancel this job?"),
        _("%(job)s: a job that runs stops at its next step. You can start it again.", job=desk_words.job(job.kind)),
        _("Cancel the job"),
        url_for("organiser.jobs"),
    )


@room.post("/jobs/<uid>/cancel", endpoint="jobs_cancel")
@access("desk.platform")
def cancel(uid: str) -> ResponseReturnValue:
    """Ask a job to stop."""
    jobs.request_cancel(uid, by=current_user)
    flash(_("The job is cancelled, or stops at its next step."), "success")
    return redirect(url_for("organiser.jobs"), code=303)


@room.post("/jobs/<uid>/retry", endpoint="jobs_retry")
@access("desk.platform")
def retry(uid: str) -> ResponseReturnValue:
    """Start a job again that was given up or cancelled."""
    jobs.retry(uid, by=current_user)
    flash(_("The job starts again."), "success")
    return redirect(url_for("organiser.jobs"), code=303)
