"""Request budgets in windows aligned to the wall clock of the sandbox."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """At most `total` requests in each window of `period_seconds`."""

    name: str
    total: int
    period_seconds: int = 60
    _window: int = field(default=-1, repr=False)
    _used: int = field(default=0, repr=False)

    def remaining(self, at: float) -> int:
        window = int(at // self.period_seconds)
        if window != self._window:
            self._window, self._used = window, 0
        return max(self.total - self._used, 0)

    def take(self, at: float, cost: int = 1) -> bool:
        """Spend from the window if that much is left."""
        if self.remaining(at) < cost:
            return False
        self._used += cost
        return True

    def resets_in(self, at: float) -> int:
        """Whole seconds until the window ends, at least 1."""
        return max(int(self.period_seconds - at % self.period_seconds), 1)
