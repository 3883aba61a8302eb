"""Mail: one letter to one recipient, whatever was typed (OWASP ASVS 5.0 1.3.11)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consent.mail import Outbox, is_address, mailer, one_line
from tests.postbox import Postbox, postbox

BREAKS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "%0d%0a")
LINES = ("Bcc: eve@evil.example", "\r\nRCPT TO:<eve@evil.example>", ".\r\nDATA", "X: y")
PAYLOADS = [f"Olga{end}{line}" for end in BREAKS for line in LINES]
ADDRESSES = [
    *(f"olga@example.com{end}{line}" for end in BREAKS[:9] for line in LINES),
    "olga@example.com,eve@evil.example", "olga@example.com;eve@evil.example",
    "Olga <olga@example.com>", "<olga@example.com>", "olga@example.com>", "olga@example.com eve",
    '"a b"@example.com', "a(b)@example.com", "group:olga@example.com;", "olga", "", "@", "a@b@c",
    "olga@example.com\0", "olga@exa\\mple.com", "o" * 65 + "@example.com",
]  # fmt: skip


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox() as made:
        yield made


def test_forty_line_breaks_in_subject_and_text_make_no_header_and_no_recipient(
    box: Postbox,
) -> None:
    send = mailer(box.url, "crumbtrail@example.com")
    assert send is not None and len(PAYLOADS) == 40
    for payload in PAYLOADS:
        send("olga@example.com", payload, payload)
    assert len(box.letters) == len(PAYLOADS)
    names = ["From", "To", "Subject", "Auto-Submitted"]
    for letter, payload in zip(box.letters, PAYLOADS, strict=True):
        assert letter.to == ["olga@example.com"]
        assert list(letter.headers)[:4] == names and "Bcc" not in letter.headers
        assert letter.headers["To"] == "olga@example.com"
        assert letter.headers["Subject"] == one_line(payload)
        assert letter.body.split() == payload.encode("utf-8", "replace").decode().split()


def test_what_is_not_one_plain_address_gets_no_letter(box: Postbox) -> None:
    send = mailer(box.url, None)
    assert send is not None and len(ADDRESSES) > 40
    for address in ADDRESSES:
        assert not is_address(address), address
        with pytest.raises(OSError, match="no address"):
            send(address, "Hello", "Hello")
    assert box.letters == []


@pytest.mark.parametrize("address", ["olga@example.com", "o.l+g'a@exämple.com", "żółw@example.pl"])
def test_an_address_of_any_alphabet_gets_its_letter(box: Postbox, address: str) -> None:
    send = mailer(box.url, None)
    assert send is not None
    send(address, "Cześć", "Zażółć gęślą jaźń\n")
    [letter] = box.letters
    assert letter.to == [address]
    assert (letter.headers["Subject"], letter.body.strip()) == ("Cześć", "Zażółć gęślą jaźń")


def test_without_a_mail_server_there_is_no_mail() -> None:
    assert mailer(None, "crumbtrail@example.com") is None


def test_the_outbox_sends_by_itself_and_a_failure_stops_nothing(
    box: Postbox, caplog: pytest.LogCaptureFixture
) -> None:
    send = mailer(box.url, None)
    assert send is not None
    outbox = Outbox(send)
    outbox.post("not an address", "Hello", "Hello")
    outbox.post("olga@example.com", "Hello", "Hello")
    outbox.close()
    assert [letter.to for letter in box.letters] == [["olga@example.com"]]
    assert "a letter was not sent: OSError" in caplog.text
    assert "not an address" not in caplog.text
