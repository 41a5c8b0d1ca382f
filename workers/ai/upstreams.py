"""Where a user's own key is taken: the provider's address, unless the operator named another one for everybody."""

from collections.abc import Mapping

from ai_router.providers import PROVIDERS
from workers.ai.key_test import FindUpstream
from workers.ai.provider import Upstream


def upstreams(environment: Mapping[str, str]) -> FindUpstream:
    """By a provider's name and a key. Reads the variables of addresses (ai_router/providers.py) now."""
    urls = {name: environment.get(each.url_variable, "").strip() or each.base_url for name, each in PROVIDERS.items()}

    def find(name: str, key: str) -> Upstream | None:
        provider = PROVIDERS.get(name)
        if provider is None:
            return None
        return Upstream(name, provider.format, urls[name], key, provider.first_token_seconds)

    return find
