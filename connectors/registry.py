"""Connectors by name: ours and those of installed plug-ins, found through entry points.

A plug-in is loaded only when an account names it, so a broken one troubles nobody else. deskpulse's
own names stay deskpulse's: a plug-in that takes one is passed over, and said to be.
"""

import difflib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from connectors.base import Connector, ConnectorSettings
from connectors.errors import Misconfigured

GROUP: Final = "deskpulse.connectors"
OURS: Final = "deskpulse"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plugin:
    """A connector that is installed, loadable or not."""

    name: str
    distribution: str
    """The installed package it comes from."""
    entry: EntryPoint

    @property
    def is_built_in(self) -> bool:
        return self.distribution == OURS


def installed() -> tuple[Plugin, ...]:
    """Every connector that is installed, by name; nothing is imported."""
    found = {
        Plugin(entry.name, entry.dist.name if entry.dist else "an unknown package", entry)
        for entry in entry_points(group=GROUP)
    }
    return tuple(sorted(found, key=lambda plugin: (plugin.name, not plugin.is_built_in, plugin.distribution)))


def names() -> tuple[str, ...]:
    """What an admin may write as `CONNECTOR`."""
    return tuple(dict.fromkeys(plugin.name for plugin in installed()))


def load(name: str) -> type[Connector[Any]]:
    """The connector class of this name.

    Raises Misconfigured with a sentence where no connector has the name, two plug-ins claim it, or
    the plug-in cannot be loaded.
    """
    plugins = installed()
    chosen = _choose(name, [plugin for plugin in plugins if plugin.name == name], plugins)
    try:
        loaded = chosen.entry.load()
    except (Exception, SystemExit) as error:  # whatever a stranger's module does while it is imported
        raise Misconfigured(
            f"the connector {name} of {chosen.distribution} cannot be loaded "
            f"({type(error).__name__}: {error}); update or remove {chosen.distribution}"
        ) from error
    _check_class(loaded, chosen)
    return loaded  # type: ignore[no-any-return] # checked above


def _choose(name: str, claims: list[Plugin], plugins: Iterable[Plugin]) -> Plugin:
    if not claims:
        known = list(dict.fromkeys(plugin.name for plugin in plugins))
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known) or 'none'}"
        raise Misconfigured(f"no connector is called {name!r}; {hint}")
    first, *others = claims
    if others and not first.is_built_in:
        packages = " and ".join(plugin.distribution for plugin in claims)
        raise Misconfigured(f"the connector {name} is claimed by {packages}; uninstall all but one of them")
    for other in others:
        _log.warning(
            "the connector %s of %s is passed over: the name is one of deskpulse's own",
            name,
            other.distribution,
        )
    return first


def _check_class(loaded: object, plugin: Plugin) -> None:
    problem = None
    if not _is_a(loaded, Connector):
        problem = "is no subclass of connectors.Connector"
    elif not _is_a(getattr(loaded, "Settings", None), ConnectorSettings):
        problem = "names no Settings that are a subclass of connectors.ConnectorSettings"
    if problem:
        raise Misconfigured(
            f"the connector {plugin.name} of {plugin.distribution} cannot be used: "
            f"{plugin.entry.value} {problem}; update or remove {plugin.distribution}"
        )


def _is_a(thing: object, kind: type) -> bool:
    return isinstance(thing, type) and issubclass(thing, kind)
