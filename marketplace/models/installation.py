"""Facts about this installation itself."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base


class InstallationFact(Base):
    """One named fact, such as that this is a sample installation whose accounts have a public password."""

    __tablename__ = "installation_fact"

    name: Mapped[str] = mapped_column(String(40), unique=True)
    value: Mapped[str] = mapped_column(String(200))
