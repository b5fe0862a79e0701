"""Pipelines and stages: the only place where HubSpot says what open and closed mean."""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.hubspot.words import stage_status
from storage.records import Status, StatusRecord


def status_records(pipelines: Iterable[Mapping[str, Any]]) -> list[StatusRecord]:
    """One record a stage. HubSpot deletes stages for good; the store keeps what was once seen."""
    return [
        StatusRecord(
            id=str(stage["id"]),
            name=stage.get("label"),
            status=stage_status(stage.get("label") or "", _is_closed(stage), position == 0),
            pipeline_id=str(pipeline["id"]),
            pipeline_name=pipeline.get("label"),
            is_active=not (pipeline.get("archived") or stage.get("archived")),
        )
        for pipeline in pipelines
        for position, stage in enumerate(
            sorted(pipeline.get("stages") or [], key=lambda stage: stage.get("displayOrder") or 0)
        )
    ]


def stage_statuses(records: Iterable[StatusRecord]) -> dict[str, str]:
    """Stage id → status, as a ticket cursor remembers it, deleted stages included."""
    return {record.id: str(record.status) for record in records}


def status_of(stage_id: str | None, stages: Mapping[str, str], is_closed: bool | None) -> Status | None:
    """A ticket's status; of a stage nobody knows any more, only HubSpot's closed flag is left."""
    known = stages.get(stage_id or "")
    if known:
        return Status(known)
    if is_closed is None:
        return None
    return Status.CLOSED if is_closed else Status.OPEN


def _is_closed(stage: Mapping[str, Any]) -> bool:
    metadata = stage.get("metadata") or {}
    if metadata.get("ticketState"):
        return str(metadata["ticketState"]).upper() == "CLOSED"
    return str(metadata.get("isClosed")).casefold() == "true"
