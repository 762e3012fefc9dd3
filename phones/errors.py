"""What can go wrong at a trial telephone, each with a stable `code`.

A fault of the other side (a refusal, a damaged message, a fact that does not come) is a `PhoneError`. A
fault of ours (an act that the call's state does not allow) is one too, with the code `wrong-moment`: tests
do such things on purpose.
"""


class PhoneError(ValueError):
    """Any fault at a telephone; `code` is stable, the text is for people."""

    code = "phone"


class DamagedMessage(PhoneError):
    """A datagram, header or body that does not follow its grammar."""

    code = "damaged-message"


class WrongMoment(PhoneError):
    """An act that the call's state does not allow, like answering a call that has ended."""

    code = "wrong-moment"


class RegistrationRefused(PhoneError):
    """The server refused a REGISTER, or did not answer it (`status` is then None)."""

    code = "registration-refused"

    def __init__(self, text: str, status: int | None) -> None:
        super().__init__(text)
        self.status = status


class RequestRefused(PhoneError):
    """A request inside a call (hold, resume) was refused, or not answered (`status` is then None)."""

    code = "request-refused"

    def __init__(self, text: str, status: int | None) -> None:
        super().__init__(text)
        self.status = status


class NeverCame(PhoneError):
    """A fact that was waited for did not come: the limit passed, or the call ended first."""

    code = "never-came"
