"""Plug-ins are found by entry point, explained when broken, and never in each other's way."""

import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from connectors import Misconfigured, registry
from sync.cli import app

GOOD = """
from connectors import Checked, Connector, ConnectorSettings

class Acme(Connector[ConnectorSettings]):
    Settings = ConnectorSettings
    def streams(self): return []
    async def check(self): return Checked("acme")
"""


class Site:
    """A folder of installed distributions, as pip would leave them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, distribution: str, name: str, target: str, source: str | None = GOOD) -> None:
        info = self.folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{name} = {target}\n")
        if source is not None:
            (self.folder / f"{target.partition(':')[0]}.py").write_text(source)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.syspath_prepend(tmp_path)
    return Site(tmp_path)


def test_a_plug_in_is_found_by_its_name(site: Site) -> None:
    site.install("helpdesk-acme", "acme", "plug_good:Acme")

    assert registry.load("acme").__name__ == "Acme"
    assert "acme" in registry.names()


def test_looking_at_what_is_installed_imports_nothing(site: Site) -> None:
    site.install("helpdesk-loud", "loud", "plug_loud:Loud", "raise SystemExit('imported')")

    assert "loud" in {plugin.name for plugin in registry.installed()}


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("import no_such_module_anywhere", "plug_import:Acme", "no_such_module_anywhere"),
        ("raise OSError('no licence file')", "plug_raises:Acme", "no licence file"),
        ("raise SystemExit(3)", "plug_exits:Acme", "SystemExit"),
        ("def broken(:", "plug_syntax:Acme", "SyntaxError"),
        (GOOD, "plug_attribute:Gone", "Gone"),
        ("Acme = 5", "plug_number:Acme", "no subclass of connectors.Connector"),
        ("class Acme: pass", "plug_stranger:Acme", "no subclass of connectors.Connector"),
        (GOOD.replace("Settings = ConnectorSettings", "..."), "plug_unset:Acme", "names no Settings"),
        (GOOD.replace("Settings = ConnectorSettings", "Settings = 5"), "plug_five:Acme", "names no Settings"),
    ],
)
def test_a_broken_plug_in_is_explained_and_leaves_the_others_alone(
    site: Site, source: str, target: str, reason: str
) -> None:
    site.install("helpdesk-broken", "broken", target, source)
    site.install("helpdesk-acme", "acme", "plug_fine:Acme")

    with pytest.raises(Misconfigured) as caught:
        registry.load("broken")

    assert all(
        word in str(caught.value) for word in ("broken", "helpdesk-broken", reason, "update or remove")
    )
    assert registry.load("acme").__name__ == "Acme"


def test_a_built_in_name_is_not_taken_over_and_the_attempt_is_said(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.install("deskpulse", "house", "plug_house:Acme", GOOD)
    site.install("a-squatter", "house", "plug_squatter:Acme", GOOD.replace("acme", "squatter"))

    with caplog.at_level(logging.WARNING):
        loaded = registry.load("house")

    assert loaded.__module__ == "plug_house"
    assert "a-squatter" in caplog.text


def test_two_plug_ins_of_one_name_are_not_chosen_between(site: Site) -> None:
    site.install("helpdesk-one", "acme", "plug_one:Acme")
    site.install("helpdesk-two", "acme", "plug_two:Acme")

    with pytest.raises(Misconfigured, match="claimed by helpdesk-one and helpdesk-two; uninstall"):
        registry.load("acme")


def test_an_unknown_name_is_answered_with_the_known_ones(site: Site) -> None:
    site.install("helpdesk-acme", "acme", "plug_known:Acme")

    with pytest.raises(Misconfigured, match="did you mean acme"):
        registry.load("akme")
    with pytest.raises(Misconfigured, match=r"known are .*acme"):
        registry.load("telephone")


def deskpulse(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, **accounts: str) -> Result:
    """A command in an empty folder; `accounts` names each account's connector."""
    monkeypatch.chdir(folder)
    for account, connector in accounts.items():
        monkeypatch.setenv(f"DESKPULSE_ACCOUNTS__{account.upper()}__CONNECTOR", connector)
    return CliRunner().invoke(app, arguments)


def test_check_explains_a_plug_in_that_fails_to_load(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("helpdesk-broken", "broken", "plug_check_broken:Acme", "import no_such_module_anywhere")

    done = deskpulse(site.folder, monkeypatch, "check", support="broken")

    said = " ".join(done.output.split())
    assert done.exit_code == 2
    assert "DESKPULSE_ACCOUNTS__SUPPORT__CONNECTOR = 'broken'" in said
    assert "no_such_module_anywhere" in said
    assert "update or remove helpdesk-broken" in said
    assert "Traceback" not in said


def test_check_suggests_the_name_that_was_meant(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    done = deskpulse(site.folder, monkeypatch, "check", support="zendsek")

    assert done.exit_code == 2
    assert "did you mean zendesk?" in " ".join(done.output.split())


def test_a_broken_plug_in_that_no_account_names_troubles_nobody(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("helpdesk-broken", "broken", "plug_unused_broken:Acme", "raise SystemExit(3)")
    site.install("helpdesk-acme", "acme", "plug_used_fine:Acme")

    done = deskpulse(site.folder, monkeypatch, "check", support="acme")

    assert done.exit_code == 0, done.output
    assert "support ok: acme" in done.output
