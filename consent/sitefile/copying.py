"""A new site like one that is there, and templates: what a site says without what is its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from .. import tenancy, trail, undoing
from ..db import Base, Instant, Json, db
from ..errors import Conflict, Invalid, NotFound
from ..saying import in_field, say
from ..sites import Site
from .applying import Applied, apply, content

# What names one website, or one receiver: never copied. Records and keys are in no file at all.
OWN = frozenset("key name origins preview_hosts cookie_domain scan webhooks".split())


class Template(Base):
    """A named piece of a site's file, without OWN; of the organisation of that site."""

    __tablename__ = "site_template"
    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), default=tenancy.owner
    )
    name: Mapped[str] = mapped_column(String(120))
    said: Mapped[dict[str, Any]] = mapped_column(Json)
    by: Mapped[str] = mapped_column(String(320))
    made_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)


def copied(site: Site) -> dict[str, Any]:
    """What a site says that another may say too."""
    return {name: value for name, value in content(site).items() if name not in OWN}


def begin(
    said: dict[str, Any], key: str, name: str, origins: list[str], by: str, at: datetime
) -> Applied:
    """Make a site from a copy or a template. Raises Conflict `site_exists`, Invalid."""
    if db.session.scalar(select(Site.id).where(Site.key == key)) is not None:
        raise Conflict(
            "site_exists",
            say("There is a site %(key)s already.", key=repr(key)),
            fields={"key": "Taken."},
        )
    return apply({**said, "key": key, "name": name, "origins": origins}, by, at)


def save_template(site: Site, name: str, by: str, at: datetime) -> Template:
    """Keep what a site says now under a name; the same name again is replaced."""
    name = name.strip()
    if not 1 <= len(name) <= 120:
        why = "A name of at most 120 characters."
        raise Invalid("field_value", in_field("name", why), fields={"name": why})
    here = site.organisation_id
    same = (Template.organisation_id == here, Template.name == name)
    kept = db.session.scalar(select(Template).where(*same))
    said = copied(site)
    if kept is None:
        kept = Template(organisation_id=here, name=name)
    else:
        undoing.keep("template", by, at, name, _whole(kept), organisation=here)
    kept.said, kept.by, kept.made_at = said, by, at
    db.session.add(kept)
    trail.write("template.save", by, at, site.key, template=name)
    db.session.commit()
    return kept


def templates() -> list[Template]:
    return list(db.session.scalars(select(Template).order_by(Template.name)))


def template(number: int) -> Template:
    """Raises NotFound `not_found`."""
    found = db.session.get(Template, number)
    if found is None:
        raise NotFound("not_found", "There is no such template.")
    return found


def remove_template(number: int, by: str, at: datetime) -> None:
    gone = template(number)
    here = gone.organisation_id
    trail.write_in(here, "template.remove", by, at, template=gone.name)
    undoing.keep("template", by, at, gone.name, _whole(gone), organisation=here)
    db.session.delete(gone)
    db.session.commit()


def bring_back_template(here: int, whole: dict[str, Any], by: str, at: datetime) -> None:
    """A template of an organisation that was removed, or replaced, as it was."""
    same = (Template.organisation_id == here, Template.name == whole["name"])
    kept = db.session.scalar(select(Template).where(*same))
    if kept is None:
        kept = Template(organisation_id=here, name=whole["name"])
        db.session.add(kept)
    else:
        undoing.keep("template", by, at, kept.name, _whole(kept), organisation=here)
    kept.said, kept.by = whole["said"], whole["by"]
    kept.made_at = datetime.fromisoformat(whole["made_at"])
    trail.write_in(here, "template.restore", by, at, template=kept.name)
    db.session.commit()


def _whole(kept: Template) -> dict[str, Any]:
    made = kept.made_at.isoformat()
    return {"name": kept.name, "said": kept.said, "by": kept.by, "made_at": made}
