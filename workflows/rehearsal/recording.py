"""Makes a scenario from a real case: its acts with outcomes and flags, without texts, people or dates."""

from datetime import datetime

from casework.models import Case
from casework.permissions import Action, Actor
from workflows.bindings import BINDINGS, Bindings
from workflows.definitions.parsed import definition_of
from workflows.mending.acts import case_to_mend
from workflows.models import Scenario
from workflows.rehearsal.automaton import NOON, Automaton, DoesNotRun
from workflows.rehearsal.history import lives_of
from workflows.rehearsal.meaning import ConditionMeaning
from workflows.rehearsal.scenarios import ScenarioRefused, keep_scenario, tidy_name
from workflows.rehearsal.stories import MOST_ACTS, Story, go_through, story_of
from workflows.rehearsal.tracing import NotTraced, trace_case
from workflows.running.case_rows import instances_of
from workflows.versions.live import acting


def record_scenario(case_ref: str, *, name: str, by: Actor, now: datetime, bindings: Bindings = BINDINGS) -> Scenario:
    """Record how a case went so far as a scenario of its centre.

    What was done and when comes from the rows, what was left to conditions from the states; values of drawn steps are replaced by others
    that lead the same way. The scenario is run once before it is stored. Quarantined cases are unknown here. Raises CaseUnknown, NotAllowed
    and ScenarioRefused.
    """
    case = case_to_mend(by, case_ref)
    acting(by, case.centre_id, Action.REHEARSE)
    name = tidy_name(name)
    return keep_scenario(story_of_case(case, bindings), name=name, centre_id=case.centre_id, case_id=case.id, by=by, now=now)


def story_of_case(case: Case, bindings: Bindings = BINDINGS) -> Story:
    """Return how a case went so far. Raises ScenarioRefused."""
    instances = instances_of(case)
    if not instances or len({each.version_id for each in instances}) > 1:
        raise ScenarioRefused(
            "Hồ sơ này chạy theo nhiều bản quy trình nên không ghi được thành kịch bản.",
            "This case runs on several versions of the process, so it cannot be recorded.",
        )
    automaton = Automaton(definition_of(instances[0].process_version), bindings)
    meanings = {id_: ConditionMeaning([graph], NOON) for id_, graph in automaton.graphs.items()}
    try:
        [(_, life)] = lives_of([case.id], bindings=bindings)
        story = story_of(trace_case(life, automaton, meanings))
    except (NotTraced, DoesNotRun) as refusal:
        raise ScenarioRefused(*refusal.text) from refusal
    if len(story) > MOST_ACTS:
        raise ScenarioRefused(
            f"Hồ sơ có hơn {MOST_ACTS} việc, quá dài cho một kịch bản.",
            f"The case has more than {MOST_ACTS} acts, too many for a scenario.",
        )
    if not go_through(story, automaton).is_clean:
        raise ScenarioRefused("Không ghi lại được đường đi của hồ sơ này.", "The way of this case cannot be recorded.")
    return story
