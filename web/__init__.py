"""The web application. Importing this package has no effect; create_app() assembles the parts."""

from importlib import import_module
from types import TracebackType
from typing import Any

from flask import Flask

from casework.db import db, prepare_engine
from casework.sealing.keyring import use_keyring
from web.config import Config
from web.config.kept_secrets import SECRET_KEY, kept_secret
from web.http.row_addresses import row_address
from web.watching import job_threads

PAGES = (
    "public.pages", "public.layers", "public.share", "public.search_engines", "public.foot", "public.transparency",
    "http.display_preferences",
    "filing.pages",
    "filing.consent",
    "reporters.pages", "reporters.acts", "reporters.mended", "public.area_pages",
    "accounts.sign_in", "accounts.second_step", "accounts.second_factors", "accounts.prove_again", "inbox.pages", "inbox.bulk",
    "inbox.saved_filters",
    "inbox.assigning", "inbox.team",
    "palette", "presence", "bell",
    "steps.pages", "steps.drafts", "taking_back", "steps.answer_templates", "inbox.bulk_approval", "cases.search", "cases.page",
    "cases.diagram", "cases.quarantined", "notes", "exchange", "steps.acts",
    "inbox.late", "inbox.late_bulk", "inbox.open_map", "inbox.board", "field.pages", "field.items",
    "intake.unreleased_villages",
    "documents.register", "documents.exchange", "documents.books", "documents.sealing", "documents.verify", "documents.writing",
    "incidents.pages", "incidents.mending", "studio.versions", "studio.editor", "studio.table", "studio.comparing", "studio.exports",
    "studio.daily", "studio.moves", "studio.rehearsals", "studio.heat", "steps.publishing", "files.photos", "files.recordings",
    "accounts.blocked_senders", "public.map_pages", "serving.health", "serving.metrics", "accounts.password",
    "settings.people", "settings.leaving", "settings.deputies", "settings.agencies", "settings.areas",
    "settings.imports", "accounts.notification_preferences", "settings.index", "settings.rows", "settings.values", "settings.centres",
    "settings.events", "settings.messages", "zalo.consent_page", "settings.calendar", "settings.boundaries", "settings.base_map",
    "settings.texts", "intake.call", "intake.camera", "intake.taken", "wallboard", "settings.wallboards",
    "reorganising.pages", "settings.host_apps", "settings.doors", "settings.webhooks",
    "accounts.acting_for_me", "settings.health", "settings.jobs",
    "accounts.contact_codes", "accounts.in_app", "accounts.sign_in_by_code", "accounts.contacts",
    "accounts.confirm_contact", "reporters.contact", "accounts.sign_in_tickets", "accounts.sign_in_elsewhere",
    "accounts.outside_identities",
    "offline.pages", "offline.reports", "rights.own", "rights.requests", "rights.processing", "rights.access", "rights.breaches",
    "statistics.figures", "statistics.dashboard", "statistics.due_calendar", "outputs.pages", "outputs.schedules", "reporting.pages",
    "links.reply", "links.of_case", "links.open_ones", "mail_in.pages", "open311.views", "scim.views", "api.views", "api.reference",
)  # fmt: skip
"""The modules with pages; each has a blueprint `bp`."""


class Langbiang(Flask):
    """Flask, but failures are logged without the exception's text, which may quote what people typed, and rows' addresses are made once."""

    def url_for(self, endpoint: str, **values: Any) -> str:
        return row_address(super().url_for, endpoint, values) or super().url_for(endpoint, **values)

    def log_exception(self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
        from web.request_log import LOGGER, request_id

        LOGGER.error("failure", extra={"request": request_id()}, exc_info=exc_info)


def create_app(config: Config | None = None, *, runs_jobs: bool = False) -> Flask:
    """Make the application of one installation; without `config` its settings are read from the environment.

    `runs_jobs`: it serves no pages and runs the recurring jobs instead; a demonstration does both. Raises SettingRefused or StartRefused
    with a sentence when it cannot run.
    """
    import_module("workflows.every_verb")
    config = config or Config.from_environment()
    app = Langbiang(__name__)
    app.config.update(settings_of(config, runs_jobs=runs_jobs))
    _open_certificates(app, config)
    _open_data(app, config)
    _open_others(app, config)
    _install_parts(app, config)
    for name in PAGES:
        app.register_blueprint(import_module(f"web.{name}").bp)
    return app


def _open_certificates(app: Flask, config: Config) -> None:
    """The seals of letters and the authorities trusted: read first, so that a faulty file stops the start before anything is made."""
    from web.documents.opening import open_seals, open_trust

    app.extensions["seals"] = open_seals(config)
    app.extensions["trust"] = open_trust(config)


def _open_data(app: Flask, config: Config) -> None:
    """The data folder, the database, the keys and the secret."""
    from web import request_log
    from web.http import replica
    from web.startup_checks import make_data_folder, open_keyring

    make_data_folder(config)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        request_log.watch_statements(db.engine, slow_ms=config.slow_query_ms)
        try:
            use_keyring(open_keyring(config, db.engine))
        except BaseException:
            db.engine.dispose()
            raise
        app.config["SECRET_KEY"] = config.secret_key or kept_secret(config.data / SECRET_KEY)
        replica.install(app, config)


def _open_others(app: Flask, config: Config) -> None:
    """What the pages and jobs use next to the database: files, gateways, other sign-ins, lists of passwords, the scanner."""
    from web.accounts.outside_opening import open_outside
    from web.accounts.password_lists import open_lists
    from web.files.scanning import Scanner
    from web.files.storage import open_file_store
    from web.gateways.opening import open_gateways, open_mailbox, open_transport, open_zalo

    app.extensions["file_store"] = open_file_store(config)
    app.extensions["gateways"] = open_gateways(config)
    app.extensions["exchange"] = open_transport(config)
    app.extensions["mailbox"] = open_mailbox(config)
    app.extensions["zalo"] = open_zalo(config)
    app.extensions["outside"] = open_outside(config)
    app.extensions["password_lists"] = open_lists(config)
    app.extensions["scanner"] = Scanner.read(config.clamav) if config.clamav else None
    app.extensions["demo_accounts"] = []


def _install_parts(app: Flask, config: Config) -> None:
    """What takes part in every request, from compression to the pages of errors."""
    from web import addresses, errors, filters, held_here, locales, navigation, request_log, sent_forms, sessions
    from web.http import compression, folding, kept_plans, overload, security, static_files
    from web.http import display_preferences as comfort
    from web.inbox import return_url as inbox_back
    from web.serving import metrics

    kept_plans.install(app)
    folding.install(app, varies=inbox_back.is_carried)
    compression.install(app)
    metrics.install(app)
    request_log.install(app)
    overload.install(app)
    security.install(app, config)
    addresses.serve_under(app, config.root)
    for part in (sessions, addresses, sent_forms, locales, filters, held_here, navigation, comfort, inbox_back, static_files, errors):
        part.install(app)


def settings_of(config: Config, *, runs_jobs: bool = False) -> dict[str, Any]:
    """The entries of app.config that the application's parts read."""
    return {
        "SECRET_KEY": config.secret_key,
        "SECRET_KEY_FALLBACKS": [config.secret_key_before] if config.secret_key_before else None,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(config, runs_jobs=runs_jobs),
        "SQLALCHEMY_BINDS": {"replica": {"url": config.replica_url, **replica_options(config)}} if config.replica_url else {},
        "BASE_URL": config.base_url,
        "WAIT_SECONDS": config.wait_seconds,
        "APPLICATION_ROOT": config.root or "/",
        "INSIDE_HOSTS": config.inside_hosts,
        "MAILBOX": config.mailbox,
        "CLAMAV_DOWN": config.clamav_down,
        "DATA": config.data,
        "KEYRING": config.keyring,
        "FILES": config.files,
        "TRUST": config.trust,
        "DEMO": config.demo,
        "FIND_FACES": config.find_faces,
        "TAKE_BACK_SECONDS": config.take_back_seconds,
        "METRICS": config.metrics,
        "METRICS_TOKEN": config.metrics_token,
        "PMTILES": config.pmtiles,
        "TLS_CERTIFICATE": config.tls_certificate,
        "DISKS": config.disks,
        "TRANSLATIONS": config.translations,
        "SYNCHRONOUS_STANDBYS": config.synchronous_standbys,
        "LANGUAGE": config.language,
        "MAX_PHOTO_MB": config.max_photo_mb,
        "MAX_PHOTO_BYTES": config.max_photo_bytes,
    }


def engine_options(config: Config, *, runs_jobs: bool = False) -> dict[str, Any]:
    """One connection per thread. Parameters of failed statements are kept out of exceptions, and so out of logs."""
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": config.threads, "max_overflow": 2}
    if runs_jobs:
        options |= {"pool_size": job_threads.KEPT, "max_overflow": job_threads.CONNECTIONS - job_threads.KEPT}
    elif config.demo:
        options["max_overflow"] += job_threads.CONNECTIONS
    return options if config.is_sqlite else options | {"pool_use_lifo": True, "pool_recycle": 1800}


def replica_options(config: Config) -> dict[str, Any]:
    """The same for the replica, with short timeouts so that a lost replica keeps nobody waiting."""
    from web.http.replica_lag import QUICK_TO_GIVE_UP

    return engine_options(config) | {"connect_args": dict(QUICK_TO_GIVE_UP), "execution_options": {"postgresql_readonly": True}}
