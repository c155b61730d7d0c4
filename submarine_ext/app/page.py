"""Who the lab's page is for, told in the page itself.

So the lab knows it before it has asked anything, and may show at once what it kept for this
person in this browser, and for nobody else. It decides nothing: every request is looked at.
"""

from __future__ import annotations

from typing import Any

from submarine_ext.identity.principal import principal_of

#: The option's name in JupyterLab's page configuration.
OPTION = "submarineUser"


def tell_user(settings: dict[str, Any], owner: str) -> None:
    """Have JupyterLab's pages say who asked for them; another's hook goes before ours."""
    other = settings.get("page_config_hook")

    def told(handler: Any, page_config: dict[str, Any]) -> dict[str, Any]:
        if other is not None:
            page_config = other(handler, page_config)
        who = principal_of(settings.get("identity_provider"), handler.current_user, owner)
        return page_config if who is None else {**page_config, OPTION: who.name}

    settings["page_config_hook"] = told
