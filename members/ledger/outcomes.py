"""What a mail server's answer means for the message."""

from __future__ import annotations

import re
import smtplib
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

#: Minutes until the next try; after the last one the message is dead.
BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240)]

NO_SUCH_MAILBOX = re.compile(r"^5\.1\.\d+")
#: The server refuses the portal itself, whatever it sends: a name, a password or a certificate is wrong.
REFUSES_US = {530, 534, 535, 538}
TOO_LARGE = 552
OTHER_REASON = re.compile(r"^[245]\.[2-7]\.\d+")


class Verdict(Enum):
    RETRY = "retry"
    DEAD = "dead"
    UNKNOWN = "unknown"  # the server may have taken it
    REFUSED = "refused"  # not this mail is refused but the portal: nothing goes until somebody mends it


@dataclass(frozen=True)
class Failure:
    """How a try ended: what to do next, why in words, and whether the address itself is bad."""

    verdict: Verdict
    reason: str
    is_bad_address: bool = False
    loses_connection: bool = False


def judge(problem: BaseException, *, reached_data: bool = True) -> Failure:
    """What follows from the exception that a mail backend raised for one recipient."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        answers = list(problem.recipients.values())
        code, text = answers[0] if answers else (451, b"")
        return _answered(code, text, at_recipient=True)
    if isinstance(problem, smtplib.SMTPSenderRefused):
        failure = _answered(problem.smtp_code, problem.smtp_error)
        if problem.smtp_code >= 500 and problem.smtp_code != TOO_LARGE:
            # Our own address is refused, so every other mail would be too.
            return Failure(Verdict.REFUSED, failure.reason, loses_connection=True)
        return failure
    if isinstance(problem, smtplib.SMTPResponseException):
        return _answered(problem.smtp_code, problem.smtp_error)
    if isinstance(problem, smtplib.SMTPServerDisconnected | OSError):
        verdict = Verdict.UNKNOWN if reached_data else Verdict.RETRY
        return Failure(verdict, f"The mail server went away: {words(problem)}", loses_connection=True)
    return _from_provider(problem)


def _answered(code: int, text: bytes | str, *, at_recipient: bool = False) -> Failure:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    reason = f"{code} {said}"
    if code in REFUSES_US:
        return Failure(Verdict.REFUSED, reason, loses_connection=True)
    if code < 500:
        return Failure(Verdict.RETRY, reason, loses_connection=code == 421)
    bad_mailbox = bool(NO_SUCH_MAILBOX.match(said)) or (
        at_recipient and code in (550, 551, 553) and not OTHER_REASON.match(said)
    )
    return Failure(Verdict.DEAD, reason, is_bad_address=bad_mailbox)


def _from_provider(problem: BaseException) -> Failure:
    """anymail's exceptions carry the HTTP status of the provider's answer."""
    status = getattr(problem, "status_code", None)
    if type(problem).__name__ == "AnymailRecipientsRefused":
        return Failure(Verdict.DEAD, words(problem), is_bad_address=True)
    if status in (401, 403):
        return Failure(Verdict.REFUSED, f"{status} {words(problem)}", loses_connection=True)
    if isinstance(status, int) and 400 <= status < 500 and status not in (408, 429):
        return Failure(Verdict.DEAD, f"{status} {words(problem)}")
    if isinstance(problem, ValueError):  # BadHeaderError too: an address or header that cannot be written
        return Failure(Verdict.DEAD, f"The mail cannot be written: {type(problem).__name__}")
    return Failure(Verdict.RETRY, words(problem), loses_connection=True)


def refuses_us(problem: BaseException) -> bool:
    """Whether a connection that could not be opened failed because of who we are, not because the server is away."""
    code = getattr(problem, "smtp_code", 0)
    return isinstance(problem, smtplib.SMTPAuthenticationError | smtplib.SMTPNotSupportedError) or (
        isinstance(code, int) and (code in REFUSES_US or code == 554)
    )


def words(problem: BaseException) -> str:
    """An exception in one short line."""
    return " ".join(f"{type(problem).__name__}: {problem}".split())[:200]
