"""Senders whom only another system reaches: their contact stays there, and that system tells and asks them."""

from collections.abc import Collection

from sqlalchemy import select

from casework.db import db
from casework.models import Report, ServiceAccount

PARTNER = "partner"
"""The contact mode of a service account whose system keeps the contacts of its people."""


def asked_by_partners(reports: Collection[Report]) -> frozenset[int]:
    """The rows of those reports whose senders a system at work asks for us. One statement, none where no system has filed one."""
    services = {report.service_id for report in reports if report.service_id is not None}
    if not services:
        return frozenset()
    query = select(ServiceAccount.account_id).where(
        ServiceAccount.account_id.in_(sorted(services)), ServiceAccount.contact_mode == PARTNER, ServiceAccount.ended_at.is_(None)
    )
    asking = set(db.session.scalars(query))
    return frozenset(report.id for report in reports if report.service_id in asking)


def may_be_asked(reports: Collection[Report]) -> list[Report]:
    """Those reports whose senders a question reaches: by a message of ours, or by the system that filed for them."""
    by_us = {report.id for report in reports if report.reporter is not None and report.reporter.can_be_told}
    by_partners = asked_by_partners([report for report in reports if report.id not in by_us])
    return [report for report in reports if report.id in by_us | by_partners]
