from tests import build
from workflows.models import FAR
def test_due(app):
    w = build.standard_world()
    for state, el in (("to_verify","verify"),("at_agency","accept_assignment"),("handling","submit_answer"),("approval","approve_answer"),("to_publish","publish"),("rating","rate")):
        c = build.case_at(w, state)
        print(state, build.waiting(c, el).due_at)
