"""Sending alerts: a POST through the guard, and mail by the operator's server."""

from __future__ import annotations

import http.client
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from ..egress import Guard, Policy
from .alerts import Mail, Post, Send

SECONDS = 15.0
SMALL = 1024  # bytes of the answer that are read; nothing is done with them


def poster(private: bool) -> Send:
    """Whoever runs the server says whether a webhook may stand on a private network; it is the
    owner of a site who types its address."""
    policy = Policy(private=private, seconds_max=SECONDS * 2, bytes_max=1024 * 1024)

    def send(post: Post) -> None:
        with Guard(policy) as guard:
            _post(guard, post)

    return send


def mailer(smtp_url: str | None, mail_from: str | None) -> Mail | None:
    """By `smtp://` (STARTTLS where it is offered, always before a password) or `smtps://`."""
    if not smtp_url:
        return None
    parts = urlsplit(smtp_url)
    host = parts.hostname or ""
    sender = mail_from or f"crumbtrail@{host}"

    def mail(to: str, subject: str, text: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834
        message.set_content(text)
        secure = ssl.create_default_context()
        try:
            over: smtplib.SMTP
            if parts.scheme == "smtps":
                over = smtplib.SMTP_SSL(host, parts.port or 465, timeout=SECONDS, context=secure)
            else:
                over = smtplib.SMTP(host, parts.port or 587, timeout=SECONDS)
            with over:
                _sign_in(over, parts.scheme, parts.username, parts.password, secure)
                over.send_message(message)
        except smtplib.SMTPException as error:
            raise OSError(f"The mail server refused: {type(error).__name__}.") from None

    return mail


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


def _post(guard: Guard, post: Post) -> None:
    parts = urlsplit(post.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    over: http.client.HTTPConnection
    if parts.scheme == "https":
        secure = ssl.create_default_context()
        over = http.client.HTTPSConnection("127.0.0.1", guard.port, timeout=SECONDS, context=secure)
        over.set_tunnel(parts.hostname or "", parts.port or 443)
    else:
        over = http.client.HTTPConnection("127.0.0.1", guard.port, timeout=SECONDS)
        path = post.url
    try:
        headers = {**post.headers, "user-agent": "Crumbtrail", "connection": "close"}
        over.request("POST", path, post.body, headers)
        reply = over.getresponse()
        reply.read(SMALL)
    except http.client.HTTPException as error:
        raise OSError(f"The answer was not understood: {type(error).__name__}.") from None
    finally:
        over.close()
    if guard.refused:
        raise OSError("The address leads to where nothing may be sent.")
    if not 200 <= reply.status < 300:
        raise OSError(f"It answered {reply.status}.")
