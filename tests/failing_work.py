"""Work for other processes that fails at one of its tasks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Failing:
    at: int

    def __call__(self, _connection: object, task: int) -> int:
        if task == self.at:
            raise ValueError(f"{task} is too many")
        return task * 10
