"""Tables of the process: versions, instances, the flat rows of running cases, and what the studio keeps."""

from workflows.models.running import (
    FAR,
    OF_THE_CASE,
    Incident,
    Message,
    ProcessInstance,
    ProcessVersion,
    StepFact,
    Timer,
    WaitingTask,
)
from workflows.models.studio import MoveCase, ProcessMove, Rehearsal, Scenario, StepTimes

__all__ = [
    "FAR", "OF_THE_CASE", "Incident", "Message", "MoveCase", "ProcessInstance", "ProcessMove", "ProcessVersion", "Rehearsal", "Scenario",
    "StepFact", "StepTimes", "Timer", "WaitingTask",
]  # fmt: skip
