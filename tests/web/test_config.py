"""Settings: what is read, what is refused, and that the refusal helps."""
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from web.config import Config, SettingRefused
from web.config.kept_secrets import SECRET_KEY, kept_secret

SECRET = "s" * 40


def read(tmp_path: Path, **given: str) -> Config:
    return Config.from_environment({"LANGBIANG_DATA": str(tmp_path)} | {f"LANGBIANG_{name}": value for name, value in given.items()})


def test_an_empty_environment_gives_a_local_sqlite_installation(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.database_url == f"sqlite:///{tmp_path}/langbiang.db"
    assert config.base_url == "http://127.0.0.1:8080"
    assert config.language == "vi"
    assert not config.is_secure
    assert not config.demo


def test_the_base_url_follows_the_port(tmp_path: Path) -> None:
    assert read(tmp_path, PORT="9000").base_url == "http://127.0.0.1:9000"


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    assert read(tmp_path, LANGUAGE="").language == "vi"


def test_postgresql_means_the_driver_that_is_installed(tmp_path: Path) -> None:
    config = read(tmp_path, DATABASE_URL="postgresql://app:pass%40word@db/langbiang")
    assert config.database_url == "postgresql+psycopg://app:pass%40word@db/langbiang"
    assert not config.is_sqlite


@pytest.mark.parametrize(("name", "value", "allowed"), [
    ("PORT", "http", "whole number from 1 to 65535"),
    ("PORT", "0", "whole number from 1 to 65535"),
    ("PORT", "٨٠٨٠", "whole number from 1 to 65535"),
    ("THREADS", "-1", "whole number from 1 to 64"),
    ("MAX_PHOTO_MB", "1.5", "whole number from 1 to 100"),
    ("SYNCHRONOUS_STANDBYS", "10", "whole number from 0 to 9"),
    ("DISKS", "/var/lib/postgresql,backups", "absolute paths"),
    ("DEMO", "true", "yes and no"),
    ("ALLOW_PLAIN_HTTP", "1", "yes and no"),
    ("LANGUAGE", "fr", "vi and en"),
    ("BASE_URL", "phananh.example", "http:// or https://"),
    ("BASE_URL", "https://phananh.example/path?x=1", "http:// or https://"),
    ("BASE_URL", "https:///path", "http:// or https://"),
    ("BASE_URL", "https://phananh.example//path", "between slashes"),
    ("BASE_URL", "https://phananh.example/a/../b", "between slashes"),
    ("BASE_URL", "https://phananh.example/phản-ánh", "between slashes"),
    ("S3_URL", "https://s3.example/path", "http:// or https://"),
    ("BASE_URL", "https://phananh.example:99999", "http:// or https://"),
    ("MAIL_FROM", "phananh", "an e-mail address"),
    ("SMS_URL", "http://sms.example/send", "https:// address"),
    ("ZNS_URL", "ftp://zalo.example", "https:// address"),
])
def test_a_bad_value_is_named_with_what_is_allowed(tmp_path: Path, name: str, value: str, allowed: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        read(tmp_path, **{name: value})
    assert f"LANGBIANG_{name}" in str(refused.value)
    assert value in str(refused.value)
    assert allowed in str(refused.value)


@pytest.mark.parametrize("value", [
    "mysql://db/langbiang", "sqlite:///relative.db", "sqlite://", "postgresql://db", "postgresql+asyncpg://db/langbiang", "langbiang.db",
])
def test_other_databases_are_refused_without_showing_the_address(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingRefused, match="LANGBIANG_DATABASE_URL is hidden here: allowed are sqlite"):
        read(tmp_path, DATABASE_URL=value)


@pytest.mark.parametrize("value", ["mail.example", "smtp://letmein@mail.example?tls=no", "smtp://mail.example?tls=maybe", "https://mail.example"])
def test_a_mail_server_is_refused_without_showing_its_password(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingRefused, match="LANGBIANG_SMTP_URL is hidden here: "):
        read(tmp_path, SMTP_URL=value, MAIL_FROM="a@phananh.example")
    with pytest.raises(SettingRefused, match="e-mails need a sender"):
        read(tmp_path, SMTP_URL="smtps://user:letmein@mail.example")


MAIL_IN = {"IMAP_URL": "imaps://phanhoi:letmein@mail.example", "MAILBOX": "phanhoi@phananh.example", "AUTHSERV_ID": "mx.phananh.example"}


@pytest.mark.parametrize(("name", "value", "said"), [
    ("IMAP_URL", "", "not set: LANGBIANG_IMAP_URL"), ("MAILBOX", "", "not set: LANGBIANG_MAILBOX"),
    ("AUTHSERV_ID", "", "not set: LANGBIANG_AUTHSERV_ID"), ("IMAP_URL", "imaps://letmein@mail.example", "hidden here: user and password"),
    ("IMAP_URL", "imap://u:letmein@mail.example?tls=no", "hidden here: tls=no is allowed"),
    ("IMAP_URL", "https://u:letmein@mail.example", "hidden here: allowed is imap://"),
    ("MAILBOX", "phanhoi+a@phananh.example", "without a plus"), ("AUTHSERV_ID", "mx phananh", "name of a host"),
])  # fmt: skip
def test_answers_by_email_need_all_of_their_settings_and_no_password_is_shown(tmp_path: Path, name: str, value: str, said: str) -> None:
    assert "letmein" not in repr(read(tmp_path, **MAIL_IN))
    with pytest.raises(SettingRefused) as refused:
        read(tmp_path, **MAIL_IN | {name: value})
    assert said in str(refused.value)
    assert "letmein" not in str(refused.value)


def test_a_short_secret_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="at least 32 characters") as refused:
        read(tmp_path, SECRET_KEY="hunter2")
    assert "hunter2" not in str(refused.value)


def test_secrets_are_not_in_the_repr(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, SECRET_KEY=SECRET, DATABASE_URL="postgresql://app:letmein@db/langbiang"))
    assert SECRET not in shown
    assert "letmein" not in shown


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    assert read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "secret")).secret_key == SECRET


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="both set"):
        read(tmp_path, SECRET_KEY=SECRET, SECRET_KEY_FILE="/dev/null")


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="LANGBIANG_SECRET_KEY_FILE is '/nowhere'"):
        read(tmp_path, SECRET_KEY_FILE="/nowhere")


def test_only_secrets_may_come_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="LANGBIANG_PORT_FILE is no setting"):
        read(tmp_path, PORT_FILE="/dev/null")


def test_a_mistyped_name_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="LANGBIANG_LANGAUGE is no setting of this program: did you mean LANGBIANG_LANGUAGE"):
        read(tmp_path, LANGAUGE="en")


def test_the_secret_is_made_once_and_kept_for_the_owner_alone(tmp_path: Path) -> None:
    assert read(tmp_path).secret_key == ""
    assert not any(tmp_path.iterdir()), "to read settings makes nothing: the folder may be mistyped"
    made = kept_secret(tmp_path / SECRET_KEY)
    assert made == kept_secret(tmp_path / SECRET_KEY) == read(tmp_path).secret_key
    assert len(made) >= 48
    assert stat.S_IMODE((tmp_path / "keys" / "secret_key").stat().st_mode) == 0o600


def test_processes_that_start_together_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: kept_secret(tmp_path / "keys" / "secret_key"), range(64)))) == 1
    assert os.listdir(tmp_path / "keys") == ["secret_key"]


@pytest.mark.parametrize("given", [{"BASE_URL": "http://phananh.example"}, {"HOST": "0.0.0.0"}, {"HOST": "::"}, {"HOST": "10.0.0.5"}])
def test_plain_http_is_refused_beyond_this_machine(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(SettingRefused, match=r"must start with https://.*LANGBIANG_ALLOW_PLAIN_HTTP"):
        read(tmp_path, **given)


@pytest.mark.parametrize("given", [
    {"HOST": "0.0.0.0", "BASE_URL": "https://phananh.example"},
    {"HOST": "0.0.0.0", "ALLOW_PLAIN_HTTP": "yes"},
    {"HOST": "::1"},
    {"HOST": "localhost", "BASE_URL": "http://localhost:8080"},
])
def test_https_loopback_or_the_word_of_the_administrator_will_do(tmp_path: Path, given: dict[str, str]) -> None:
    read(tmp_path, **given)


def test_half_a_zalo_account_is_refused() -> None:
    whole = {"LANGBIANG_ZALO_OA_ID": "1423847451268726170", "LANGBIANG_ZALO_CENTRE": "LD", "LANGBIANG_ZALO_APP_ID": "4310000000000000001",
             "LANGBIANG_ZALO_APP_SECRET": "s"}  # fmt: skip
    assert Config.from_environment(whole).zalo_oa_id == "1423847451268726170"
    for name in whole:
        with pytest.raises(SettingRefused, match=name):
            Config.from_environment({key: value for key, value in whole.items() if key != name})
    with pytest.raises(SettingRefused, match="24 digits"):
        Config.from_environment(whole | {"LANGBIANG_ZALO_OA_ID": "oa"})
