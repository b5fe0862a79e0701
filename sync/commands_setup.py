"""`init`: from nothing to a `.env` whose credentials were proved."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import typer

from connectors import ConnectorError
from connectors.registry import load as load_connector
from connectors.registry import names as connector_names
from sync import accounts
from sync.accounts import Account
from sync.environment import PREFIX
from sync.settings import ACCOUNT_NAME, COMMON, BadSettings, is_secret
from sync.telling import DONE, NotPossible
from sync.terminal import say

EXAMPLE, KPI_EXAMPLE = "settings.example.env", "kpi.example.toml"
Ask = Callable[[str, bool], str]
"""A question and whether the answer is secret → the answer, empty to skip."""


def init(folder: Path | None = None, ask: Ask | None = None) -> int:
    """Write `.env`; on a terminal ask for the first account and prove its credentials before."""
    target = (folder or Path()) / ".env"
    if target.exists():
        raise NotPossible(f"{target} exists already and is left as it is: edit it, or move it away first")
    ask = ask or (_prompt if sys.stdin.isatty() else None)
    answers = _first_account(ask) if ask else {}
    _write(target, answers)
    say(f"{target} written, readable by you alone")
    meaning = target.with_name(KPI_EXAMPLE)
    if not meaning.exists():
        meaning.write_text(example(KPI_EXAMPLE), encoding="utf-8")
    say(f"what satisfied, reopened, complaint … mean here may be set: copy {meaning} to kpi.toml")
    say(
        "next: deskpulse sync, then deskpulse kpi, then deskpulse run"
        if answers
        else "next: fill in an account, then deskpulse check"
    )
    return DONE


def _first_account(ask: Ask) -> dict[str, str]:
    """Questions until the credentials work; every variable of the account."""
    while True:
        answers = _ask_account(ask)
        try:
            _, [account] = accounts.load(answers)
            identity = asyncio.run(_check(account))
        except (BadSettings, ConnectorError) as error:
            say(str(error), style="red")
            if ask("Enter to try again, or write `keep` to keep what you gave", False) == "keep":
                return answers
        else:
            say(f"signed in as {identity}", style="green")
            return answers


def _ask_account(ask: Ask) -> dict[str, str]:
    """A connector's fields one after the other, until those given are enough."""
    offered = connector_names()
    kind = _insist(ask, f"Which helpdesk? ({', '.join(offered)})", lambda word: word in offered)
    name = _insist(ask, "A name for it (letters, digits, underscores)", _is_account_name)
    prefix = f"ACCOUNTS__{name.upper()}__"
    answers = {f"{prefix}CONNECTOR": kind}
    for field, about in load_connector(kind).Settings.model_fields.items():
        if field in COMMON or _is_enough(answers):
            continue
        if answer := ask(f"{field.upper()} (Enter skips)", is_secret(about)):
            answers[f"{prefix}{field.upper()}"] = answer
    return answers


def _is_account_name(word: str) -> bool:
    return ACCOUNT_NAME.fullmatch(word.lower()) is not None


def _is_enough(answers: Mapping[str, str]) -> bool:
    try:
        accounts.load(answers)
    except BadSettings:
        return False
    return True


def _insist(ask: Ask, question: str, suits: Callable[[str], bool]) -> str:
    while not suits(answer := ask(question, False).strip()):
        say(f"{answer!r} will not do", style="yellow")
    return answer


async def _check(account: Account) -> str:
    connector = account.connect(lambda sentence: say(sentence, style="yellow"))
    try:
        return (await connector.check()).identity
    finally:
        await connector.aclose()


def _write(target: Path, answers: Mapping[str, str]) -> None:
    """The answers first, then every setting, commented; never readable by others, not even for a moment."""
    lines = [f"{PREFIX}{name}={_quoted(value)}" for name, value in answers.items()]
    text = "\n".join([*lines, "", example()]) if lines else example()
    with os.fdopen(
        os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)


def example(name: str = EXAMPLE) -> str:
    """Every setting, commented: the file at the repository's root, or the copy inside the wheel."""
    inside = files("sync") / name
    return (inside if inside.is_file() else Path(__file__).parent.parent / name).read_text(encoding="utf-8")


def _quoted(value: str) -> str:
    if value.replace("_", "").replace("-", "").replace(".", "").isalnum():
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _prompt(question: str, secret: bool) -> str:
    answer: str = typer.prompt(question, default="", hide_input=secret, show_default=False, err=True)
    return answer
