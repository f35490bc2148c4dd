"""The questions an organiser asks those who register: kept, checked against answers, conditional on each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import bindparam, func, select

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import LANGUAGES, in_language, lazy_gettext
from marketplace.models import Event, Question, QuestionKind, RegistrationAnswer, User
from marketplace.services import audit, events, terms, texts
from marketplace.services.seen import require

LONGEST_ANSWER = 2000
YES = "yes"
"""The answer to a consent that is given."""

Answers = Mapping[str, str | tuple[str, ...]]
"""Answers by uid of the question: a text, the code of a choice, `yes`, or codes of several choices."""


@dataclass(frozen=True)
class Details:
    """What an organiser asks; each choice is its words by language, in order. `depends_on` is the uid of another."""

    kind: QuestionKind
    labels: dict[str, str]
    hints: dict[str, str] = field(default_factory=dict)
    choices: tuple[dict[str, str], ...] = ()
    is_required: bool = False
    depends_on: str = ""
    depends_on_answer: str = ""
    position: int = 0


_EVERY = select(Question).where(Question.event_id == bindparam("event_id")).order_by(Question.position, Question.id)


def asked(event: Event) -> list[Question]:
    """Return the questions the form asks, in order."""
    return [question for question in every(event) if question.retired_at is None]


def every(event: Event) -> list[Question]:
    """Return all questions of an event, retired ones too, in order."""
    return list(session().scalars(_EVERY, {"event_id": event.id}))


def details_of(question: Question) -> Details:
    """Return what was decided about a question, to fill a form."""
    return Details(
        kind=question.kind,
        labels=question.labels,
        hints=question.hints,
        choices=tuple(question.choices),
        is_required=question.is_required,
        depends_on=question.depends_on.uid if question.depends_on else "",
        depends_on_answer=question.depends_on_answer,
        position=question.position,
    )


def find(slug: str, uid: str, by: User) -> Question:
    """Return one question of an event to its organisers; raises `NotFound`."""
    return _own(events.managed(slug, by), uid)


def save(slug: str, details: Details, by: User, uid: str = "", *, seen: str = "") -> Question:
    """Add a question, or change the one named by `uid`. A choice that has a `code` keeps it, and so its answers.

    Raises `Invalid` where a choice is left out that somebody chose, or that another question is asked after.
    With the mark of what was `seen`, raises `Overtaken` where somebody else has changed it since.
    """
    labels = texts.checked(details.labels, "labels", 300, is_required=True)
    hints = texts.checked(details.hints, "hints", 500)
    with atomic() as current:
        event = events.editable(slug, by)
        question = _own(event, uid) if uid else Question(event_id=event.id, created_at=clock.now(), kind=details.kind)
        if uid:
            require(details_of(question), seen)
        if question.kind is not details.kind and _answer_count(question):
            raise Conflict(lazy_gettext("There are answers already. Retire this question and ask another."))
        question.kind, question.labels, question.hints = details.kind, labels, hints
        question.is_required, question.position = details.is_required, details.position
        offered = _choices(details, {choice["code"] for choice in question.choices or []})
        question.depends_on_id, question.depends_on_answer = _condition(event, question, details)
        if uid:
            _check_kept(question, offered)
        question.choices = offered
        current.add(question)
        current.flush()
        events.touch(event)
        audit.record("question.saved", by, question, event=event.slug)
        return question


def _choices(details: Details, known: set[str]) -> list[dict[str, str]]:
    if details.kind not in {QuestionKind.CHOICE, QuestionKind.CHOICES}:
        return []
    # The code of a choice that goes is not given to another at once: forms that are open still send it.
    found, used = [], known | {choice.get("code", "") for choice in details.choices}
    for choice in details.choices:
        words = texts.checked(choice, "choices", 200)
        if not words:
            continue
        code = choice.get("code", "")
        if not code:
            code = next(new for number in range(1, 1000) if (new := f"c{number}") not in used)
            used.add(code)
        found.append({"code": code, **words})
    if len(found) < 2:
        raise Invalid("choices", lazy_gettext("Please give at least two choices."))
    return found


def _check_kept(question: Question, offered: list[dict[str, str]]) -> None:
    """Refuse to take away what somebody has chosen, or what another question is asked after."""
    possible = {choice["code"] for choice in offered} | ({YES} if question.kind is QuestionKind.CONSENT else set())
    waits = session().scalars(
        select(Question.depends_on_answer).where(Question.depends_on_id == question.id, Question.retired_at.is_(None))
    )
    if not set(waits) <= possible:
        raise Invalid(
            "choices", lazy_gettext("Another question is asked after an answer that goes. Change that one first.")
        )
    gone = [choice for choice in question.choices or [] if choice["code"] not in possible]
    if not gone:
        return
    given: set[str] = set()
    for text, codes in session().execute(
        select(RegistrationAnswer.text, RegistrationAnswer.choices).where(RegistrationAnswer.question_id == question.id)
    ):
        given |= {text, *codes}
    for choice in gone:
        if choice["code"] in given:
            raise Invalid(
                "choices",
                lazy_gettext(
                    "“%(choice)s” was chosen by somebody, so it stays. You can change its words.",
                    choice=_words(choice),
                ),
            )


def _words(choice: Mapping[str, str]) -> str:
    return in_language({code: choice.get(code, "") for code in LANGUAGES})


def _condition(event: Event, question: Question, details: Details) -> tuple[int | None, str]:
    if not details.depends_on:
        return None, ""
    other = session().scalar(select(Question).where(Question.uid == details.depends_on, Question.event_id == event.id))
    if other is None or other.kind in {QuestionKind.TEXT, QuestionKind.FILE}:
        raise Invalid("depends_on", lazy_gettext("Please choose a question with choices or a consent."))
    above: Question | None = other
    while above is not None:
        if above.id == question.id:
            raise Invalid("depends_on", lazy_gettext("A question cannot depend on itself."))
        above = above.depends_on
    allowed = {YES} if other.kind is QuestionKind.CONSENT else {choice["code"] for choice in other.choices}
    if details.depends_on_answer not in allowed:
        raise Invalid("depends_on_answer", lazy_gettext("Please choose from the list."))
    return other.id, details.depends_on_answer


def move(slug: str, uid: str, by: User, *, earlier: bool) -> None:
    """Ask a question one place earlier or later; at the end of the list nothing happens."""
    with atomic():
        event = events.editable(slug, by)
        question, order = _own(event, uid), asked(event)
        if question not in order:
            raise Conflict
        place = order.index(question)
        order.insert(max(0, place - 1) if earlier else place + 1, order.pop(place))
        for position, one in enumerate(order):
            one.position = position
        events.touch(event)
        audit.record("question.moved", by, question, event=event.slug)


def retire(slug: str, uid: str, by: User) -> None:
    """Ask a question no more: one that was answered is kept with its answers, another is removed."""
    with atomic() as current:
        event = events.editable(slug, by)
        question = _own(event, uid)
        if current.scalar(
            select(func.count()).where(Question.depends_on_id == question.id, Question.retired_at.is_(None))
        ):
            raise Conflict(lazy_gettext("Another question depends on this one. Change that one first."))
        audit.record("question.retired", by, question, event=event.slug)
        if _answer_count(question) or current.scalar(select(func.count()).where(Question.depends_on_id == question.id)):
            question.retired_at = clock.now()
        else:
            current.delete(question)
        events.touch(event)


def _answer_count(question: Question) -> int:
    return session().scalar(select(func.count()).where(RegistrationAnswer.question_id == question.id)) or 0


def _own(event: Event, uid: str) -> Question:
    question = session().scalar(select(Question).where(Question.uid == uid, Question.event_id == event.id))
    if question is None:
        raise NotFound
    return question


def field_name(question: Question) -> str:
    """Name the form's field of a question."""
    return f"answer_{question.uid}"


def applies(question: Question, answers: Answers) -> bool:
    """Tell whether a question is asked of somebody who gave these answers so far."""
    other = question.depends_on
    if other is None:
        return True
    given = answers.get(other.uid, "")
    fits = question.depends_on_answer in given if isinstance(given, tuple) else given == question.depends_on_answer
    return fits and applies(other, answers)


def check(event: Event, answers: Answers, files: frozenset[str] = frozenset()) -> dict[int, RegistrationAnswer]:
    """Return the answers to keep, by id of the question; what was not asked is left out.

    `files` are the uids of the questions that were (or will be) answered with a file. Raises `Invalid` for the field
    `answer_<uid>` where something required is missing or does not fit.
    """
    found = {}
    for question in terms.questions(event):
        if not applies(question, answers):
            continue
        answer = _answer(question, answers.get(question.uid, ""))
        is_given = question.uid in files or bool(answer and (answer.text or answer.choices))
        if question.is_required and not is_given:
            raise Invalid(field_name(question), lazy_gettext("Please answer this question."))
        if answer is not None and is_given:
            found[question.id] = answer
    return found


def _answer(question: Question, given: str | tuple[str, ...]) -> RegistrationAnswer:
    name, answer = field_name(question), RegistrationAnswer(question_id=question.id, answered_at=clock.now())
    answer.text, answer.choices, answer.wording = "", [], ""
    codes = {choice["code"] for choice in question.choices}
    if question.kind is QuestionKind.CHOICES:
        chosen = [code for code in (given if isinstance(given, tuple) else (given,)) if code]
        if not set(chosen) <= codes:
            raise Invalid(name, lazy_gettext("Please choose from the list."))
        answer.choices = list(dict.fromkeys(chosen))
        return answer
    text = texts.within(texts.clean(given if isinstance(given, str) else ""), name, LONGEST_ANSWER)
    if question.kind is QuestionKind.CHOICE and text and text not in codes:
        raise Invalid(name, lazy_gettext("Please choose from the list."))
    if question.kind is QuestionKind.CONSENT:
        text = YES if text == YES else ""
        # What was agreed to stays known, whatever the organiser writes later.
        answer.wording = in_language(question.labels) if text else ""
    answer.text = "" if question.kind is QuestionKind.FILE else text
    return answer


def words(answer: RegistrationAnswer) -> str:
    """Write an answer in the reader's language, for lists and files."""
    question = answer.question
    by_code = {choice["code"]: _words(choice) for choice in question.choices}
    if question.kind is QuestionKind.CHOICES:
        return "; ".join(by_code.get(code, code) for code in answer.choices)
    if question.kind is QuestionKind.CHOICE:
        return by_code.get(answer.text, answer.text)
    if question.kind is QuestionKind.FILE:
        return answer.file.name if answer.file else ""
    return answer.text


def copy(source: Event, twin: Event) -> None:
    """Give one event the questions of another that are still asked."""
    with atomic() as current:
        twin_of: dict[int, Question] = {}
        for question in asked(source):
            twin_of[question.id] = Question(
                event_id=twin.id,
                kind=question.kind,
                labels=question.labels,
                hints=question.hints,
                choices=question.choices,
                is_required=question.is_required,
                depends_on_answer=question.depends_on_answer,
                position=question.position,
                created_at=clock.now(),
            )
        current.add_all(twin_of.values())
        current.flush()
        for question in asked(source):
            if question.depends_on_id in twin_of:
                twin_of[question.id].depends_on_id = twin_of[question.depends_on_id].id
        current.flush()
