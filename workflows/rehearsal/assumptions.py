"""What is assumed of a step history does not know: how long it takes, which button is pressed, and which values lead on."""

from dataclasses import dataclass

from workflows.rehearsal.automaton import Automaton, DoesNotRun, NotEnabled
from workflows.rehearsal.records import change
from workflows.rehearsal.states import Act, Enabled, Kind, State

STEP, BUTTON, TIMER = "step", "button", "timer"
"""What was assumed of an element: all of a step, only its outcome, or how long a timer waits."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """The duration of a step history does not know, in office seconds or in seconds round the clock, and the button pressed."""

    seconds: float
    in_office: bool = True
    outcome: str | None = None


def chosen_act(automaton: Automaton, state: State, element: str, assumed: Assumed) -> Act:
    """Return the first combination of values that leads on instead of back to an earlier step. The button is the assumed one, if any."""
    choices = automaton.choices(state, Enabled(Kind.STEP, element, element))
    if assumed.outcome is not None:
        pressed = [each for each in choices if each.get(element) == assumed.outcome]
        choices = pressed or [{**each, element: assumed.outcome} for each in choices[:1]]
    acts = [Act.step(element, each) for each in choices] or [Act.step(element)]
    return next((act for act in acts if _leads_on(automaton, state, act)), acts[0])


def _leads_on(automaton: Automaton, state: State, act: Act) -> bool:
    far = automaton.steps_from_start(state.process_id)
    try:
        come = change(state, automaton.after(state, act), act.sign).come
    except (DoesNotRun, NotEnabled):
        return False
    return all(far.get(name, 0) >= far.get(act.element, 0) for _, name in come)
