"""Who may do what: one table, obeyed by the door of the admin and walked by the tests. Pure.

A role is held in an organisation, and opens its sites alone. What has no row here is closed to
everybody: a route without a row fails the tests (OWASP ASVS 5.0 8.1.1, 8.2.1).
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is in an organisation, the mightiest first."""

    OWNER = "owner"
    EDITOR = "editor"
    AUDITOR = "auditor"
    VIEWER = "viewer"


class Right(StrEnum):
    """What a route needs. Personal data (records, requests, the trail) is need-to-know."""

    DOOR = "door"  # before anybody is signed in
    SELF = "self"  # one's own account, whatever one's role
    SEE = "see"  # sites, inventories, notices, statistics: nothing personal
    EDIT = "edit"  # inventories, texts, drafts, scans
    PUBLISH = "publish"  # what visitors meet
    READ = "read"  # records, requests and the trail
    GOVERN = "govern"  # legal facts of a site, people, keys, erasing, requests' answers
    OPERATE = "operate"  # organisations: for whoever runs the server, whatever their role


EVERY = frozenset(Role)
GRANTED: dict[Right, frozenset[Role]] = {
    Right.DOOR: EVERY,
    Right.SELF: EVERY,
    Right.SEE: EVERY,
    Right.EDIT: frozenset({Role.OWNER, Role.EDITOR}),
    Right.PUBLISH: frozenset({Role.OWNER, Role.EDITOR}),
    Right.READ: frozenset({Role.OWNER, Role.AUDITOR}),
    Right.GOVERN: frozenset({Role.OWNER}),
    Right.OPERATE: frozenset(),
}
OWN = frozenset({Right.DOOR, Right.SELF})  # of a person, not of a role

# Endpoints below /admin/, without their first word `admin.`; one line for each family of pages.
ROUTES: dict[Right, str] = {
    Right.DOOR: """
        static speak account.sign_in account.enter
        door.second door.check_second door.passkey door.check_passkey
        door.forgot door.ask_reset door.reset door.set_password
        provider.start provider.back
        invitations.one invitations.accept
    """,
    Right.SELF: """
        nowhere account.account account.change_password account.leave
        account.end_session account.end_others
        factors.app factors.begin_app factors.confirm_app factors.remove_app factors.codes
        factors.begin_passkey factors.add_passkey factors.name_passkey factors.remove_passkey
        proof.prove provider.link provider.again provider.unlink
        organisations.every organisations.choose
        invitations.ask invitations.join
        tokens.every tokens.create tokens.revoke
    """,
    Right.SEE: """
        sites.every sites.one sites.settings
        inventory.every inventory.one inventory.one_service
        history.every
        notice.draft notice.version trials.one trials.table texts.one
        preview.show design.form
        shown.version shown.answer shown.picture shown.manifest shown.progress
        policies.upload policies.read papers.every papers.text
        review.every review.one
        scans.every scans.one scans.picture scans.progress scans.download
        statistics.every statistics.one statistics.download
    """,
    Right.EDIT: """
        inventory.new inventory.add inventory.edit inventory.remove
        inventory.bring inventory.take inventory.new_service inventory.put_service
        history.restore history.undo
        texts.change policies.queue papers.add
        design.change design.attempt shown.again
        review.accept review.dismiss review.edit review.reopen
        scans.start scans.stop scans.watch scans.proof
        undo.every undo.take
    """,
    Right.PUBLISH: """
        notice.publish notice.rollback notice.cancel notice.end_trial notice.decide
    """,
    Right.READ: """
        records.every records.one records.receipt records.paper
        requests.every requests.one
        trail.entries trail.table access.every access.table
        finding.ask finding.find
    """,
    Right.GOVERN: """
        sites.new sites.add sites.change news.change
        records.ask_erase records.erase
        requests.close requests.begin requests.annotate requests.extend
        keys.every keys.one keys.create keys.rotate keys.revoke
        lost.every lost.make_link lost.forget
        people.every people.invite people.change people.remove people.revoke
        webhooks.every webhooks.add webhooks.one webhooks.change webhooks.remove webhooks.rotate
        webhooks.test webhooks.replay
        many.every many.start many.one many.progress many.like many.copy many.save many.remove
        many.export many.template undo.take_governed
    """,
    Right.OPERATE: """
        organisations.add
        notice.two_people
    """,
}
# Endpoints below /v1/admin/, without their first word `api.`; the admin API.
API: dict[Right, str] = {
    Right.SELF: """
        sites.me
    """,
    Right.SEE: """
        sites.every sites.one sites.snippet sites.exported
        inventory.trackers inventory.one inventory.services inventory.service inventory.versions
        texts.one notices.draft notices.versions notices.version notices.proposals
        statistics.one
        scans.every scans.one scans.schedule review.every review.one
    """,
    Right.EDIT: """
        inventory.add inventory.edit inventory.remove inventory.put_service
        inventory.remove_service inventory.take inventory.restore texts.change
        scans.start scans.stop scans.watch
        review.accept review.dismiss review.reopen review.read
    """,
    Right.PUBLISH: """
        notices.publish notices.rollback notices.cancel notices.end_trial
        notices.propose notices.decline
    """,
    Right.READ: """
        records.every records.one records.entries requests.every requests.one
    """,
    Right.GOVERN: """
        sites.add sites.change sites.applied records.erase
        requests.close requests.begin requests.annotate requests.extend
        keys.every keys.one keys.create keys.rotate keys.revoke
        people.every people.invite people.change people.remove people.revoke
        webhooks.every webhooks.add webhooks.one webhooks.change webhooks.remove webhooks.rotate
        webhooks.test webhooks.deliveries webhooks.replay
        many.copy many.templates many.save many.remove many.begin many.start many.one
    """,
}
NEEDS: dict[str, Right] = {
    f"{edge}.{route}": right
    for edge, table in (("admin", ROUTES), ("api", API))
    for right, routes in table.items()
    for route in routes.split()
}

# Who has proved to be there more than ten minutes ago proves it again (ASVS 7.5.1): before writing
# by one of these rights, and before these routes.
PROVEN_RIGHTS = frozenset({Right.PUBLISH, Right.GOVERN, Right.OPERATE})
PROVEN_ROUTES = frozenset(
    f"admin.{route}"
    for route in """
        factors.begin_app factors.confirm_app factors.remove_app factors.codes
        factors.begin_passkey factors.add_passkey factors.remove_passkey
        provider.link provider.unlink tokens.create
    """.split()
)
# What is open to somebody who still lacks the second factor that is asked of them.
ENROLLING = frozenset(
    f"admin.{route}"
    for route in """
        static speak nowhere account.account account.leave account.end_session account.end_others
        factors.app factors.begin_app factors.confirm_app factors.remove_app factors.codes
        factors.begin_passkey factors.add_passkey proof.prove provider.again
        organisations.every organisations.choose
    """.split()
)


def needed(endpoint: str) -> Right | None:
    """What a route asks for; None for one without a row, which is closed."""
    return NEEDS.get(endpoint)


def may(role: Role | None, right: Right, operator: bool = False) -> bool:
    """Whether a role holds a right in its own organisation; None for whoever has no role there."""
    if right == Right.OPERATE:
        return operator
    return right in OWN or role in GRANTED[right]


def wants_proof(endpoint: str, writes: bool) -> bool:
    """Whether a route asks for a proof that is at most ten minutes old."""
    return endpoint in PROVEN_ROUTES or (writes and needed(endpoint) in PROVEN_RIGHTS)
