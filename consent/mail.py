"""Plain-text mail by the operator's server: one way for alerts, invitations and reset links.

A name or an address that somebody typed never becomes a header line or a second recipient
(OWASP ASVS 5.0 1.3.11): the address is held to a strict shape, the subject to one line, and the
server is told one recipient, whatever the headers say.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import smtplib
import ssl
import threading
from collections.abc import Callable
from email.message import EmailMessage
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from consent.saying import say

SECONDS = 15.0
WAITING = 200  # letters that may wait; more are not taken
# No blank, no control character, and none of the signs that make lists or names of addresses.
ADDRESS = re.compile(
    r"[^\s\x00-\x20\x7f-\x9f@,;:<>()\[\]\\\"]{1,64}@[A-Za-z0-9.\-\u00a1-\uffff]{1,190}"
)

Mail = Callable[[str, str, str], None]  # to, subject, text; raises OSError where it is not sent

_LOG = logging.getLogger(__name__)


class Letter(NamedTuple):
    """What is to be sent, and to whom."""

    to: str
    subject: str
    text: str


def is_address(text: str) -> bool:
    """Whether mail can be sent there: one plain address, without a name and without quotes."""
    return ADDRESS.fullmatch(text) is not None


def one_line(text: str) -> str:
    """A text as it may stand in a header: every line break and control character is a blank."""
    seen = "".join(" " if ord(sign) < 32 or 127 <= ord(sign) < 160 else sign for sign in text)
    return " ".join(seen.encode("utf-8", "replace").decode().split())[:300]


def message(sender: str, letter: Letter) -> EmailMessage:
    """The letter in the form of RFC 5322; raises OSError where its address is none."""
    if not is_address(letter.to):
        raise OSError("This is no address that mail can be sent to.")
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, letter.to, one_line(letter.subject)
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834
    made.set_content(letter.text.encode("utf-8", "replace").decode())
    return made


def mailer(smtp_url: str | None, mail_from: str | None) -> Mail | None:
    """By `smtp://` (STARTTLS where it is offered, always before a password) or `smtps://`."""
    if not smtp_url:
        return None
    parts = urlsplit(smtp_url)
    host = parts.hostname or ""
    sender = mail_from or f"crumbtrail@{host}"

    def mail(to: str, subject: str, text: str) -> None:
        made = message(sender, Letter(to, subject, text))
        secure = ssl.create_default_context()
        try:
            over: smtplib.SMTP
            if parts.scheme == "smtps":
                over = smtplib.SMTP_SSL(host, parts.port or 465, timeout=SECONDS, context=secure)
            else:
                over = smtplib.SMTP(host, parts.port or 587, timeout=SECONDS)
            with over:
                _sign_in(over, parts.scheme, parts.username, parts.password, secure)
                over.send_message(made, to_addrs=[to])
        except smtplib.SMTPException as error:
            raise OSError(
                say("The mail server refused: %(name)s.", name=type(error).__name__)
            ) from None

    return mail


class Outbox:
    """Letters that leave by themselves: whoever asked for one does not wait for the mail server,
    and learns nothing from how long it takes. One thread, begun by the first letter."""

    def __init__(self, mail: Mail) -> None:
        self.now = mail
        self._letters: queue.Queue[Letter | None] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def post(self, to: str, subject: str, text: str) -> None:
        """Send it soon. One that fails, or finds the box full, is told to the server's log
        without the address; nothing is tried twice."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
                self._thread.start()
        try:
            self._letters.put_nowait(Letter(to, subject, text))
        except queue.Full:
            _LOG.warning("a letter was not taken: %d are waiting", WAITING)

    def close(self, seconds: float = SECONDS) -> None:
        """Send what waits, for so long at most, and end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            with contextlib.suppress(queue.Full):
                self._letters.put(None, timeout=seconds)
            thread.join(seconds)

    def _run(self) -> None:
        while (letter := self._letters.get()) is not None:
            try:
                self.now(*letter)
            except (OSError, ValueError) as error:
                _LOG.warning("a letter was not sent: %s", type(error).__name__)


def _sign_in(
    over: smtplib.SMTP, scheme: str, user: str | None, password: str | None, secure: ssl.SSLContext
) -> None:
    over.ehlo()
    safe = scheme == "smtps"
    if not safe and over.has_extn("starttls"):
        over.starttls(context=secure)
        over.ehlo()
        safe = True
    if user:
        if not safe:
            raise OSError("The mail server offers no TLS, so no password was sent.")
        over.login(unquote(user), unquote(password or ""))
