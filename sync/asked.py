"""What a sync should read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors import Misconfigured, Stream
from storage.store import Checkpoint


@dataclass(frozen=True, slots=True)
class Asked:
    """Whatever is due, unless streams are named or `full` asks for everything from the beginning."""

    streams: tuple[str, ...] = ()
    full: bool = False

    def choose(self, offered: Sequence[Stream]) -> list[Stream]:
        names = [stream.name for stream in offered]
        if unknown := [name for name in self.streams if name not in names]:
            raise Misconfigured(f"there is no stream {', '.join(unknown)}; choose from {', '.join(names)}")
        return [stream for stream in offered if not self.streams or stream.name in self.streams]

    def wants(self, stream: Stream, known: Checkpoint | None, now: datetime) -> bool:
        if self.full or self.streams or known is None or known.last_success_at is None:
            return True
        return now - known.last_success_at >= stream.every


EVERYTHING_DUE = Asked()
