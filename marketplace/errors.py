"""Refusals by name. The web gives each its page and status; anything that is not one of these is a bug."""

from marketplace.i18n import LazyText, lazy_gettext


class Refusal(Exception):
    """A human act that the product declines, with words for the reader.

    `status` is the HTTP status the web answers with; `message` is rendered in the reader's language.
    """

    status = 422
    message: LazyText | str = lazy_gettext("This could not be done.")

    def __init__(self, message: LazyText | str | None = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.message)


class NotAllowed(Refusal):
    """The actor may see the thing but may not do this to it."""

    status = 403
    message = lazy_gettext("You are not allowed to do this.")


class NotFound(Refusal):
    """The thing does not exist for this reader; whether it exists for others is not told."""

    status = 404
    message = lazy_gettext("There is nothing at this address, or it is not for you to see.")


class Gone(Refusal):
    """A link or a thing that once worked and no longer does."""

    status = 410
    message = lazy_gettext("This link has been used or has expired. Please ask for a new one.")


class Conflict(Refusal):
    """Somebody else was quicker, or the state has moved on since the page was shown."""

    status = 409
    message = lazy_gettext("This has changed in the meantime. Please look at the present state and try again.")


class LastManager(Conflict):
    """Without this person the organisation would have nobody who answers for it."""

    message = lazy_gettext(
        "This person is the last manager of the organisation. Make another member a manager first, then try again."
    )


class LastAdministrator(Conflict):
    """Without this person nobody could give roles on the platform any more."""

    message = lazy_gettext("This person is the last administrator. Make somebody else an administrator first.")


class SoldOut(Conflict):
    """No place is left, and there is no waiting list."""

    message = lazy_gettext("All places are taken.")


class NotOpen(Conflict):
    """It is too early or too late: the window in which this can be done is given with the thing itself."""

    message = lazy_gettext("This is not open now.")


class AlreadyRegistered(Conflict):
    """The address has a live registration for the event; its mailbox, and nobody else, gets the link to it."""

    message = lazy_gettext(
        "This e-mail address is registered for this event already. "
        "We have sent it the link to see or change the registration."
    )


class TooManyAttempts(Refusal):
    """A limit against guessing or flooding was reached. `retry_after` is in seconds."""

    status = 429
    message = lazy_gettext("Too many attempts. Please wait a few minutes and try again.")

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class Invalid(Refusal):
    """One field of a form cannot be taken as it is; `field` is the name of the form's field."""

    def __init__(self, field: str, message: LazyText | str) -> None:
        super().__init__(message)
        self.field = field


class Unavailable(Refusal):
    """The database or another part cannot answer now; the same request may succeed later."""

    status = 503
    message = lazy_gettext("The service is busy or being looked after. Please try again in a moment.")
