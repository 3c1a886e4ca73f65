"""Channels that take nothing, and messages that wait for them, in sentences."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from casework.bilingual import Bilingual
from casework.messages.choices import CHANNELS
from casework.models import ChannelFault
from web.gateways.fault_words import what_is_wrong, what_to_do
from web.watching.figures import Backlog, Figures
from web.watching.finding import Finding, Level
from web.watching.spans import span

DELIVERIES_LATE, HELD_LONG = timedelta(hours=2), timedelta(minutes=15)
PAGE = "settings_messages.messages"
WAYS = {
    "email": Bilingual("thư điện tử", "e-mail"), "push": Bilingual("thông báo trình duyệt", "notices in the browser"),
    "zns": Bilingual("Zalo", "Zalo"), "sms": Bilingual("tin nhắn SMS", "SMS"),
}  # fmt: skip


def of_channels(found: Figures, channels: frozenset[str]) -> Iterator[Finding]:
    """Faults first. `channels`: those that are configured."""
    for fault in found.faults:
        yield from _fault(fault, found.at)
    for channel in CHANNELS:
        yield from _late(channel, found.deliveries.get(channel, Backlog()), found.at, is_open=channel in channels)


def _fault(fault: ChannelFault, at: datetime) -> Iterator[Finding]:
    lasts = max(at - fault.since, timedelta())
    if not fault.asks_administrator and lasts < HELD_LONG:
        return
    way, wrong, since = WAYS[fault.channel], what_is_wrong(fault), span(lasts)
    name = Bilingual(f"{way.vi}, mẫu {fault.template}", f"{way.en}, template {fault.template}") if fault.template else way
    yield Finding(
        Level.DANGER if fault.asks_administrator and not fault.template else Level.WARNING, "channel_fault",
        Bilingual(f"Gửi qua {name.vi} bị lỗi từ {since.vi} trước: {wrong.vi} ({fault.said}).",
                  f"Sending by {name.en} has had a fault for {since.en}: {wrong.en} ({fault.said})."),
        what_to_do(fault), PAGE,
    )  # fmt: skip


def _late(channel: str, waits: Backlog, at: datetime, *, is_open: bool) -> Iterator[Finding]:
    if not waits.count or waits.age(at) <= DELIVERIES_LATE:
        return
    what = Bilingual(f"{waits.count} tin qua {WAYS[channel].vi} chưa gửi được, lâu nhất {span(waits.age(at)).vi}.",
                     f"{waits.count} messages by {WAYS[channel].en} have not left, the oldest for {span(waits.age(at)).en}.")  # fmt: skip
    todo = (
        Bilingual("Kiểm tra máy chủ gửi tin; sau một lần ngừng dài tin đi dần theo nhịp đã đặt.",
                  "Check the gateway; after an outage messages leave at the pace that is set.")
        if is_open
        else Bilingual("Kênh này chưa được thiết lập trên máy chủ.", "This channel is not configured on the server.")
    )  # fmt: skip
    yield Finding(Level.WARNING, "deliveries", what, todo, PAGE)
