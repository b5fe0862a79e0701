"""The CRM's ways of asking, the same for every kind of records: list, batch, search, associations."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from connectors.sandbox.http import Answer, Request
from connectors.sandbox.hubspot import words
from connectors.sandbox.hubspot.account import error
from connectors.sandbox.instants import epoch

SEARCH_CAP = 10_000
_LAST_CHANGE = "hs_lastmodifieddate"
_ALWAYS = ("hs_object_id", "createdate", _LAST_CHANGE)


class Family(Protocol):
    """One kind of records; `base` + key is a record's id."""

    base: int

    def alive(self, above: int) -> Iterator[int]: ...
    def archived(self, above: int) -> Iterator[int]: ...
    def exists(self, key: int) -> bool: ...
    def changed(self, since: int, until: int) -> Iterator[tuple[int, int]]: ...
    def envelope(self, key: int) -> dict[str, Any]: ...
    def properties(self, key: int) -> dict[str, str | None]: ...
    def history(self, key: int, name: str) -> list[dict[str, Any]]: ...
    def associated(self, key: int, kind: str) -> list[int]: ...


def render(
    family: Family, key: int, names: list[str], histories: list[str], others: list[str]
) -> dict[str, Any]:
    """Names nobody knows are dropped in silence; what is known and not set is null."""
    known, envelope = family.properties(key), family.envelope(key)
    row: dict[str, Any] = {
        "id": str(family.base + key),
        "properties": {name: known[name] for name in dict.fromkeys((*_ALWAYS, *names)) if name in known},
        "createdAt": words.moment(envelope["created"]),
        "updatedAt": words.modified(envelope["modified"]),
        "archived": "archived" in envelope,
    }
    if "archived" in envelope:
        row["archivedAt"] = words.modified(envelope["archived"])
    if "url" in envelope:
        row["url"] = envelope["url"]
    if histories:
        row["propertiesWithHistory"] = {name: family.history(key, name) for name in histories}
    linked = {kind: family.associated(key, kind) for kind in others}
    if any(linked.values()):
        row["associations"] = {
            kind: {"results": [{"id": str(each), "type": f"to_{kind}"} for each in ids]}
            for kind, ids in linked.items()
            if ids
        }
    return row


def listed(request: Request, family: Family, base_url: str) -> Answer:
    histories, others = _names(request, "propertiesWithHistory"), _names(request, "associations")
    size, most = request.whole("limit") or 10, 50 if histories else 100
    if not 1 <= size <= most:
        return error(400, "VALIDATION_ERROR", f"limit must be between 1 and {most}")
    after = (request.whole("after") or family.base + 1) - 1 - family.base
    keys = family.archived(after) if request.query.get("archived") == "true" else family.alive(after)
    chosen = list(islice(keys, size + 1))
    names = _names(request, "properties")
    body: dict[str, Any] = {
        "results": [render(family, key, names, histories, others) for key in chosen[:size]]
    }
    if len(chosen) > size:
        following = str(family.base + chosen[size - 1] + 1)
        body["paging"] = {"next": {"after": following, "link": f"{base_url}{request.path}?after={following}"}}
    return Answer.json(body)


def batch(request: Request, family: Family) -> Answer:
    asked = request.json()
    ids = [str(each.get("id")) for each in asked.get("inputs") or []]
    histories = list(asked.get("propertiesWithHistory") or [])
    if len(set(ids)) != len(ids):
        return error(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input")
    if histories and len(ids) > 50:
        said = "the maximum number of inputs supported in a batch request for property histories is 50"
        return error(400, "VALIDATION_ERROR", f"{said} but {len(ids)} were found.")
    if len(ids) > 100:
        return error(
            400, "VALIDATION_ERROR", "The maximum number of inputs supported in a batch request is 100"
        )
    keys = [int(each) - family.base for each in ids if each.isdigit()]
    names = list(asked.get("properties") or [])
    rows = [render(family, key, names, histories, []) for key in keys if family.exists(key)]
    body: dict[str, Any] = {"status": "COMPLETE", "results": rows}
    if len(rows) == len(ids):
        return Answer.json(body)
    gone = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects"}
    return Answer.json({**body, "numErrors": 1, "errors": [gone]}, 207)


def linked(request: Request, ids_of: Callable[[int], list[int]]) -> Answer:
    """Who is linked to nothing is told as an error, in an answer of 207."""
    inputs = request.json().get("inputs") or []
    if len(inputs) > 1_000:
        return error(400, "VALIDATION_ERROR", "The maximum number of inputs is 1000")
    results, errors = [], []
    for each in inputs:
        found = ids_of(int(each["id"]))
        if found:
            types = [{"category": "HUBSPOT_DEFINED", "typeId": 16, "label": None}]
            to = [{"toObjectId": other, "associationTypes": types} for other in dict.fromkeys(found)]
            results.append({"from": {"id": each["id"]}, "to": to})
        else:
            errors.append(
                {
                    "status": "error",
                    "category": "OBJECT_NOT_FOUND",
                    "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                    "message": f"No associations found for {each['id']}",
                    "context": {"fromObjectId": [each["id"]]},
                }
            )
    body: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if not errors:
        return Answer.json(body)
    return Answer.json({**body, "numErrors": len(errors), "errors": errors}, 207)


class Index:
    """The search: a copy of the records that comes late, and whose order is only roughly what is asked for."""

    def __init__(self, now: Callable[[], int], lag_seconds: Callable[[int], int], short_pages: bool) -> None:
        self._now = now
        self._lag_seconds = lag_seconds
        self._short_pages = short_pages

    def answer(self, request: Request, family: Family) -> Answer:
        asked = request.json()
        size, after = int(asked.get("limit") or 10), int(asked.get("after") or 0)
        if size > 200:
            return error(400, "VALIDATION_ERROR", "limit must be at most 200")
        if after + size > SEARCH_CAP:
            return error(
                400, "VALIDATION_ERROR", "Paging through the search API is limited to 10,000 results"
            )
        groups = [group.get("filters") or [] for group in asked.get("filterGroups") or []]
        if any(str(each.get("value")) == "0" for filters in groups for each in filters if _is_time(each)):
            return error(500, "SERVER_ERROR", "internal error")
        found = {key: at for filters in groups for at, key in self._matching(family, filters)}
        by_id = any(each.get("propertyName") == "hs_object_id" for each in asked.get("sorts") or [])
        order = sorted(found) if by_id else sorted(found, key=lambda key: _disorder(found[key], key))
        end = after + (size * 2 // 3 if self._short_pages else size)
        names = list(asked.get("properties") or [])
        rows = [render(family, key, names, [], []) for key in order[after:end]]
        body: dict[str, Any] = {"total": len(order), "results": rows}
        if end < len(order):
            body["paging"] = {"next": {"after": str(end)}}
        return Answer.json(body)

    def _matching(self, family: Family, filters: list[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
        window = next((each for each in filters if _is_time(each)), None)
        above = max(
            (int(each["value"]) - family.base for each in filters if each["propertyName"] == "hs_object_id"),
            default=0,
        )
        rest = [each for each in filters if each["propertyName"] not in {_LAST_CHANGE, "hs_object_id"}]
        for at, key in self._candidates(family, window, max(above, 0)):
            if key > above and all(_holds(each, family.properties(key)) for each in rest):
                yield at, key

    def _candidates(
        self, family: Family, window: Mapping[str, Any] | None, above: int
    ) -> Iterator[tuple[int, int]]:
        if window is None:
            for key in family.alive(above):
                yield 0, key
            return
        low, high = _ms(window["value"]), _ms(window["highValue"])
        for at, key in family.changed(low // 1_000, high // 1_000):
            is_indexed = at + self._lag_seconds(key) <= self._now()
            if is_indexed and low <= words.modified_ms(at) <= high:
                yield at, key


def _is_time(each: Mapping[str, Any]) -> bool:
    return each.get("propertyName") == _LAST_CHANGE


def _ms(value: Any) -> int:
    text = str(value)
    return int(text) if text.isdigit() else (epoch(text) or 0) * 1_000


def _holds(asked: Mapping[str, Any], known: Mapping[str, str | None]) -> bool:
    value = known.get(asked["propertyName"])
    operator = asked["operator"]
    if operator == "NOT_HAS_PROPERTY":
        return value is None
    if operator == "NEQ":
        return value is not None and value != asked["value"]
    return operator == "EQ" and bool(value == asked["value"])


def _disorder(at: int, key: int) -> tuple[int, int]:
    """By the hour, and anyhow within it."""
    return at // 3_600, key * 2_654_435_761 % 1_000_003


def _names(request: Request, parameter: str) -> list[str]:
    return [name for text in request.values(parameter) for name in text.split(",") if name]
