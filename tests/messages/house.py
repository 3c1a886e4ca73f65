"""A house with people who can be told, and its gateways pointed at the servers outside."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.messages.routing import route_messages
from casework.messages.sending import Gateway, send_waiting
from casework.models import Account, Case, Delivery, OutboxMessage, TextTemplate
from casework.outbox import tell_reporter
from casework.privacy.identity import Contact
from tests import build
from tests.grounds import remembered
from tests.outside import Outside
from web.gateways.opening import page_addresses
from web.gateways.sms import SmsGateway
from web.gateways.smtp import MailGateway, SmtpServer
from web.gateways.zalo_keys import FixedKey
from web.gateways.zns import ZnsGateway

MAIL_FROM = "Trung tâm Lạc Dương <phananh@trung-tam.example>"
BY_MAIL = Contact(name="Nguyễn Thị Thử", email="thu@nguoi-dan.example")
BY_PHONE = Contact(name="Nguyễn Thị Thử", phone=build.PHONE)


def gateways_to(mail: Outside | None = None, gateway: Outside | None = None) -> dict[str, Gateway]:
    """Gateways of the product that hand over to the servers outside."""
    found: dict[str, Gateway] = {}
    if mail is not None:
        found["email"] = MailGateway(SmtpServer("127.0.0.1", mail.port, "no"), MAIL_FROM)
    if gateway is not None:
        found["zns"] = ZnsGateway(f"http://127.0.0.1:{gateway.port}/message/template", FixedKey("zalo-token"))
        found["sms"] = SmsGateway(f"http://127.0.0.1:{gateway.port}/sms", "sms-token")
    return found


@dataclass
class House:
    """One application and its time. Routing and sending as the worker does it, when asked to."""

    app: Flask
    gateways: dict[str, Gateway]
    now: datetime = build.NOON
    world: build.World = field(default_factory=build.standard_world)

    def route(self) -> int:
        return route_messages(self.now, configured=frozenset(self.gateways))

    def send(self, channel: str = "email", clock: Callable[[], datetime] | None = None) -> int:
        """One round of a channel's job."""
        return send_waiting(channel, self.gateways[channel], clock=clock or (lambda: self.now), pages=page_addresses(self.app),
                            configured=frozenset(self.gateways))

    def wait(self, **span: Any) -> None:
        self.now += timedelta(**span)

    def tell(self, case: Case, *templates: str, **parameters: Any) -> None:
        """Messages to the sender of a case, one after the other."""
        for template in templates:
            with unit_of_work():
                case = db.session.get_one(Case, case.id)
                tell_reporter(case.main_report, template, case=case, at=self.now, **parameters)

    @property
    def deliveries(self) -> list[Delivery]:
        db.session.rollback()
        return list(db.session.scalars(select(Delivery).order_by(Delivery.id).execution_options(populate_existing=True)))

    def delivery(self) -> Delivery:
        """The only one."""
        [one] = self.deliveries
        return one


@remembered
def quiet_case(world: build.World, contact: Contact = BY_MAIL, **report: Any) -> Case:
    """A report whose first messages have been told of already, so that a test reads its own alone."""
    case = build.file_report(world, by="guest", contact=contact, **report).case
    told_of_everything()
    return case


def told_of_everything() -> None:
    """Nothing that was written so far is told outside."""
    with unit_of_work():
        for message in db.session.scalars(select(OutboxMessage).where(OutboxMessage.routed_at.is_(None))):
            message.routed_at = message.created_at


def has_zns(*keys: str) -> None:
    """Give texts a template at Zalo."""
    with unit_of_work():
        for row in db.session.scalars(select(TextTemplate).where(TextTemplate.key.in_(keys))):
            row.zns_template, row.zns_parameters = "123456", {"ma": "code", "duong_dan": "link"}


def with_mail(world: build.World, *names: str) -> None:
    """Official addresses, and e-mail at once instead of in the morning."""
    from casework.models import MessageChoice

    with unit_of_work():
        for name in names:
            account = db.session.get_one(Account, world.people[name].id)
            account.email = f"{name.lower()}@lacduong.example"
            db.session.add(MessageChoice(account_id=account.id, channel="email", takes="all", changed_at=build.NOON))
