"""Makes the gateways configured for an installation, and the addresses used in messages."""

from typing import Any

from flask import Flask, current_app

from casework.exchange.folders import FolderTransport
from casework.exchange.transport import Transport
from casework.mail_in.addresses import token_for
from casework.messages.http_client import Door
from casework.messages.rendering import Addresses, Page
from casework.messages.sending import Gateway
from web.accounts.notification_preferences import unsubscribe_link
from web.areas_followed import area_link
from web.clock import now
from web.config import Config
from web.config.kept_secrets import VAPID_KEY
from web.gateways.imap import ImapServer, Mailbox
from web.gateways.push import PushGateway, kept_key
from web.gateways.sms import SmsGateway
from web.gateways.smtp import MailGateway, SmtpServer
from web.gateways.zalo_keys import AccountKey, FixedKey
from web.gateways.zalo_oauth import ZaloApp, ZaloOauth
from web.gateways.zns import ZnsGateway
from web.reporters.mended import PURPOSE as MENDED
from web.signed_links import signed_ref

TRIAL_CONTACT = "mailto:nobody@localhost"
"""The contact for push services where neither an e-mail sender nor an https address is set: RFC 8292 requires one of the two."""


def open_gateways(config: Config) -> dict[str, Gateway]:
    gateways: dict[str, Gateway] = {}
    door = Door(config.inside_hosts)
    if config.smtp_url:
        gateways["email"] = MailGateway(SmtpServer.read(config.smtp_url), config.mail_from)
    if config.push:
        contact = f"mailto:{config.mail_address}" if config.mail_address else config.base_url if config.is_secure else TRIAL_CONTACT
        gateways["push"] = PushGateway(lambda: _push_key(config), contact, inside=config.inside_hosts)
    if config.zalo_oa_id:
        gateways["zns"] = ZnsGateway(config.zns_url, AccountKey(config.zalo_oa_id, now), door)
    elif config.zns_token:
        gateways["zns"] = ZnsGateway(config.zns_url, FixedKey(config.zns_token), door)
    if config.sms_url:
        gateways["sms"] = SmsGateway(config.sms_url, config.sms_token, door)
    return gateways


def open_transport(config: Config) -> Transport | None:
    """Who carries packages of document exchange; None where nobody does."""
    if config.edxml_in is None or config.edxml_out is None:
        return None
    return FolderTransport(config.edxml_in, config.edxml_out)


def open_mailbox(config: Config) -> Mailbox | None:
    """The mailbox answers come to; None where none is configured."""
    return Mailbox(ImapServer.read(config.imap_url), config.mailbox, config.authserv_id) if config.imap_url else None


def open_zalo(config: Config) -> ZaloOauth | None:
    """Zalo's token endpoint for the account of this installation; None where there is none."""
    if not config.zalo_oa_id:
        return None
    app = ZaloApp(config.zalo_oa_id, config.zalo_app_id, config.zalo_app_secret, config.zalo_centre, config.zalo_oauth_url.rstrip("/"))
    return ZaloOauth(app, Door(config.inside_hosts))


def _push_key(config: Config) -> str:
    return config.vapid_key or kept_key(config.data / VAPID_KEY)


def gateways_here() -> dict[str, Gateway]:
    gateways: dict[str, Gateway] = current_app.extensions["gateways"]
    return gateways


def page_addresses(app: Flask) -> Addresses:
    """The addresses used in messages, for code that runs outside requests."""

    def address(page: Page, of: str) -> str:
        if page is Page.CHOICES:
            return unsubscribe_link(of)
        if page is Page.AREA:
            return area_link(of)
        if page is Page.ANSWER:
            return _answer_address(app, of)
        endpoint, values = _route(page, of)
        return f"{app.config['BASE_URL']}{app.url_map.bind('-').build(endpoint, values)}"

    return address


def _answer_address(app: Flask, recipient: str) -> str:
    mailbox: str = app.config["MAILBOX"]
    token = token_for(recipient, now=now()) if mailbox else None
    local, at, domain = mailbox.partition("@")
    return f"{local}+{token}{at}{domain}" if token is not None else ""


def _route(page: Page, of: str) -> tuple[str, dict[str, Any]]:
    if page is Page.CASE:
        return "cases.case", {"ref": of}
    if page is Page.LETTER:
        return "documents_register.document", {"ref": of}
    if page is Page.OUTPUT:
        return "outputs.output", {"ref": of}
    if page is Page.SCHEDULE:
        return "schedules.schedule", {"ref": of}
    if page is Page.DATA_REQUEST:
        return "rights_requests.request_page", {"ref": of}
    if page is Page.OWN_DATA:
        return ("rights_own.of_report", {"code": of}) if of else ("rights_own.of_account", {})
    if page is Page.MENDED:
        return "mended.question", {"token": signed_ref(of, purpose=MENDED)}
    if page is Page.REPLY:
        return "reply.reply", {"secret": of}
    if page is Page.SECURITY:
        return "factors_own.security", {}
    if page is Page.INBOX:
        return "inbox.inbox", {}
    return {Page.OWN: "tracking.own", Page.TRACK: "tracking.track", Page.PUBLIC: "public.report"}[page], {"code": of}
