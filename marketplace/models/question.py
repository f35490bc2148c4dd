"""Questions an organiser asks those who register, and their answers."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.base import Base, JsonValue, enum_column, new_uid


class QuestionKind(StrEnum):
    """How a question is answered."""

    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    FILE = "file"
    CONSENT = "consent"


class Question(Base):
    """A question of one event. `choices` is a list of `{"code": ..., "en": ..., "es": ...}`.

    With `depends_on`, it is asked only of those whose answer to that question is (or has among it)
    `depends_on_answer`; a consent given is `yes`. A retired question keeps its answers and is asked no more.
    """

    __tablename__ = "question"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    kind: Mapped[QuestionKind] = mapped_column(enum_column(QuestionKind))
    labels: Mapped[dict[str, str]] = mapped_column(default=dict)
    hints: Mapped[dict[str, str]] = mapped_column(default=dict)
    choices: Mapped[list[dict[str, str]]] = mapped_column(JsonValue, default=list)
    is_required: Mapped[bool] = mapped_column(default=False)
    depends_on_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))
    depends_on_answer: Mapped[str] = mapped_column(String(80), default="")
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    depends_on: Mapped["Question | None"] = relationship(remote_side="Question.id")

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return self.labels.get("en") or next(iter(self.labels.values()), "")


class RegistrationAnswer(Base):
    """What one person answered: a text, the codes of choices, `yes` to a consent (with its wording then), or a file."""

    __tablename__ = "registration_answer"
    __table_args__ = (UniqueConstraint("registration_id", "question_id"),)

    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    text: Mapped[str] = mapped_column(Text, default="")
    choices: Mapped[list[str]] = mapped_column(default=list)
    wording: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime]

    question: Mapped[Question] = relationship(lazy="joined")
    file: Mapped["AnswerFile | None"] = relationship(back_populates="answer", cascade="all, delete-orphan")


class AnswerFile(Base):
    """A file somebody uploaded as an answer; its bytes lie in the upload folder under `uid`."""

    __tablename__ = "answer_file"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    answer_id: Mapped[int] = mapped_column(ForeignKey("registration_answer.id"), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_at: Mapped[datetime]

    answer: Mapped[RegistrationAnswer] = relationship(back_populates="file")
