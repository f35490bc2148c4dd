"""The words for where projects, reviews and fits stand; `labels` offers them to pages, letters and exports."""

from enum import StrEnum

from marketplace.i18n import LazyText
from marketplace.i18n import lazy_gettext as _
from marketplace.models import (
    ConflictOfInterest,
    DecisionKind,
    Facet,
    FileKind,
    FitStatus,
    OverrideKind,
    ProjectState,
    ReviewRole,
    ReviewState,
)

WORDS: dict[type[StrEnum], dict[str, LazyText]] = {
    ProjectState: {
        ProjectState.DRAFT: _("Draft"),
        ProjectState.SUBMITTED: _("Submitted"),
        ProjectState.IN_REVIEW: _("In review"),
        ProjectState.CHANGES_REQUESTED: _("Changes requested"),
        ProjectState.ACCEPTED: _("Accepted"),
        ProjectState.PUBLISHED: _("Published"),
        ProjectState.DECLINED: _("Declined"),
        ProjectState.WITHDRAWN: _("Withdrawn"),
    },
    Facet: {
        Facet.SECTOR: _("Sector"),
        Facet.HAZARD: _("Hazard"),
        Facet.SDG: _("Sustainable Development Goals"),
        Facet.INSTRUMENT: _("Instrument"),
        Facet.TECHNOLOGY: _("Technology and services needed"),
    },
    FileKind: {
        FileKind.ENDORSEMENT: _("Letter of endorsement"),
        FileKind.STUDY: _("Study"),
        FileKind.EVIDENCE: _("Evidence"),
        FileKind.CONCEPT_NOTE: _("Concept note"),
        FileKind.DECK: _("Presentation"),
        FileKind.IMAGE: _("Picture"),
    },
    ReviewRole: {
        ReviewRole.REVIEWER: _("Reviewer"),
        ReviewRole.MODERATOR: _("Moderator"),
    },
    ReviewState: {
        ReviewState.ASSIGNED: _("Assigned"),
        ReviewState.STARTED: _("Begun"),
        ReviewState.DONE: _("Finished"),
        ReviewState.DECLINED: _("Declined"),
        ReviewState.REMOVED: _("Removed"),
    },
    ConflictOfInterest: {
        ConflictOfInterest.SAME_ORGANISATION: _("Same organisation"),
        ConflictOfInterest.SAME_DOMAIN: _("Same domain of the e-mail address"),
        ConflictOfInterest.PAIR_CITY: _("Pair city"),
        ConflictOfInterest.DECLARED: _("Declared by the reviewer"),
    },
    DecisionKind: {
        DecisionKind.CHANGES_REQUESTED: _("Changes requested"),
        DecisionKind.ACCEPTED: _("Accepted"),
        DecisionKind.DECLINED: _("Declined"),
        DecisionKind.PUBLISHED: _("Published"),
        DecisionKind.UNPUBLISHED: _("Taken out of the book"),
    },
    FitStatus: {
        FitStatus.OFFERED: _("Fits"),
        FitStatus.TO_CHECK: _("Fits, something to check"),
        FitStatus.NEAR_MISS: _("Near miss"),
        FitStatus.EXCLUDED: _("Does not fit"),
    },
    OverrideKind: {
        OverrideKind.OFFER: _("Offer the pair"),
        OverrideKind.KEEP_APART: _("Keep the pair apart"),
    },
}
