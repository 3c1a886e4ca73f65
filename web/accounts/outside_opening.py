"""Makes the clients of the sign-in providers when the application starts."""

from casework.messages.http_client import Door
from web.accounts.oidc_client import ProviderClient
from web.accounts.oidc_providers import open_providers
from web.config import Config


def open_outside(config: Config) -> dict[str, ProviderClient]:
    """A client for each provider that is switched on, by key. Raises SettingRefused."""
    door = Door(config.inside_hosts)
    return {key: ProviderClient(provider, door) for key, provider in open_providers(config).items()}
