"""What each person wishes to be told, and by which outgoing channel; notices on pages are always shown."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.errors import CaseworkError
from casework.models import Account, MessageChoice, Reporter
from casework.permissions import Action, Actor, require
from casework.privacy.identity import Contact, open_contact

CHANNELS = ("email", "push", "zns", "sms")
"""The outgoing channels, in the order of the form."""

STAFF_TAKES = {"email": "digest", "push": "all", "zns": "none", "sms": "urgent"}
CITIZEN_TAKES = {"email": "all", "push": "all", "zns": "all", "sms": "all"}
"""What applies where nothing was chosen. Citizens are told by ZNS or SMS if nothing quieter reaches them (casework.messages.recipients)."""

STAFF_MAY_TAKE = {"email": ("all", "urgent", "digest", "none")}
MAY_TAKE = ("all", "urgent", "none")
"""The possible choices: for staff by channel, for everybody else and for all other channels."""

NO_WAY = "none"
"""In `reporter.channels`: a sender without an account has opted out of every channel."""


class ChoiceRefused(CaseworkError):
    """The choice is not possible; the text says why."""


class NothingLeft(ChoiceRefused):
    """A citizen would not be told by any channel; they are asked whether they know what that means."""

    def __init__(self) -> None:
        super().__init__(
            "Nếu không nhận tin theo cách nào, Ông/Bà sẽ không được báo khi Trung tâm hỏi thêm, đổi ngày trả lời hoặc có kết quả, và "
            "phải tự vào trang này để xem. Vui lòng đánh dấu xác nhận hoặc chọn lại.",
            "If you are told by no way at all, nobody tells you when the centre has a question, moves the day of its answer or has "
            "answered; you have to look here yourself. Please tick that you know this, or choose again.",
        )


def wishes_of(account_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Return each account's choice for each channel: 'all', 'urgent' (at once, the rest by page), 'digest' (urgent at once, the rest in
    the morning), 'none'."""
    kinds = select(Account.id, Account.kind).where(Account.id.in_(account_ids))
    wishes = {id_: dict(STAFF_TAKES if kind == "staff" else CITIZEN_TAKES) for id_, kind in db.session.execute(kinds)}
    chosen = select(MessageChoice.account_id, MessageChoice.channel, MessageChoice.takes)
    for account_id, channel, takes in db.session.execute(chosen.where(MessageChoice.account_id.in_(account_ids))):
        if account_id in wishes:
            wishes[account_id][channel] = takes
    return wishes


def may_take(kind: str, channel: str) -> tuple[str, ...]:
    """The choices an account of that kind has for a channel."""
    return STAFF_MAY_TAKE.get(channel, MAY_TAKE) if kind == "staff" else MAY_TAKE


def contact_of(account: Account) -> Contact:
    """The contact of an account: staff by their official address and number, citizens as registered."""
    if account.kind == "staff":
        return Contact(name=account.full_name, phone=account.phone, email=account.email)
    return open_contact(account.sealed_identity) if account.sealed_identity is not None else Contact()


def choose(
    chosen: Mapping[str, str], *, by: Actor, now: datetime, reaches: Collection[str], knows_nothing_is_left: bool = False
) -> dict[str, str]:
    """Save a person's choices for some channels; returns all choices. Channels that are not named stay as they are.

    `reaches` are the channels that lead to the person here. Raises ChoiceRefused for a channel or choice there is not, NothingLeft when a
    citizen would be told by none of `reaches` and has not said that they know what it means.
    """
    require(by, Action.CHOOSE_MESSAGES)
    account = db.session.get_one(Account, by.account_id)
    for channel, takes in chosen.items():
        if channel not in CHANNELS or takes not in may_take(account.kind, channel):
            raise ChoiceRefused("Lựa chọn này không có.", "There is no such choice.")
    held = {**wishes_of([account.id])[account.id], **chosen}
    if account.kind != "staff" and reaches and all(held[channel] == "none" for channel in reaches) and not knows_nothing_is_left:
        raise NothingLeft
    rows = {row.channel: row for row in db.session.scalars(select(MessageChoice).where(MessageChoice.account_id == account.id))}
    for channel, takes in chosen.items():
        row = rows.get(channel)
        if row is None:
            db.session.add(MessageChoice(account_id=account.id, channel=channel, takes=takes, changed_at=now))
        elif row.takes != takes:
            row.takes, row.changed_at = takes, now
    return held


def wishes_of_reporter(reporter: Reporter) -> frozenset[str]:
    """The channels by which a sender without an account is told; all, if they have chosen nothing."""
    return frozenset(channel for channel in reporter.channels if channel in CHANNELS) if reporter.channels else frozenset(CHANNELS)


def take_back(reporter: Reporter, channel: str) -> None:
    """Opt a sender without an account out of a channel. Doing so twice changes nothing."""
    left = [each for each in CHANNELS if each in wishes_of_reporter(reporter) and each != channel]
    reporter.channels = left or [NO_WAY]


def take_again(reporter: Reporter, channel: str) -> None:
    """Opt them in to a channel again; a sender with every channel has chosen nothing, so that the installation's order of channels
    applies."""
    taken = [each for each in CHANNELS if each in wishes_of_reporter(reporter) or each == channel]
    reporter.channels = [] if len(taken) == len(CHANNELS) else taken
