"""Soundness of small nets and of the shipped model: what is wrong is found, and at the element that is wrong."""
from __future__ import annotations

from time import thread_time

import pytest

from tests.workflows.checks.alone import begun_alone
from tests.workflows.drawing import BLANK, Drawing
from workflows.checks.net import net_findings


def net(nodes: str, flows: str) -> Drawing:
    """Draw `a:step b:join` and `a>b b>c`; kinds: start step catch service xor and race end stop, `e:on.a` and `e:beside.a` at step a."""
    drawing = Drawing(BLANK)
    kinds = {"start": "startEvent", "step": "userTask", "service": "serviceTask", "xor": "exclusiveGateway", "and": "parallelGateway",
             "race": "eventBasedGateway", "end": "endEvent", "stop": "endEvent", "catch": "intermediateCatchEvent"}
    for word in nodes.split():
        id_, _, kind = word.partition(":")
        kind, _, of = kind.partition(".")
        if kind in ("on", "beside"):
            drawing.node("boundaryEvent", id_, at=of, interrupts=kind == "on", message=f"told_{id_}")
        elif kind == "after":
            drawing.node("intermediateCatchEvent", id_, timer=("timeDuration", '"P1D"'))
        else:
            drawing.node(kinds[kind], id_, terminate=kind == "stop", message=(of or f"told_{id_}") if kind == "catch" else None)
    for word in flows.split():
        source, _, target = word.partition(">")
        drawing.flow(source, target)
    return drawing


def found(drawing: Drawing, process: str = "case") -> list[tuple[str, str | None]]:
    return [(finding.check, finding.element) for finding in net_findings(drawing.processes[process])]


@pytest.mark.parametrize("process", ["case", "assignment"])
def test_the_shipped_model_is_sound(process: str) -> None:
    assert found(Drawing(), process) == []


@pytest.mark.parametrize(("nodes", "flows"), [
    ("s:start a:step e:end", "s>a a>e"),
    ("s:start p:and a:step b:step j:and e:end", "s>p p>a p>b a>j b>j j>e"),
    ("s:start m:xor a:step x:xor e:end", "s>m m>a a>x x>m x>e"),
    ("s:start r:race c:catch t:after a:step b:step e:end f:end", "s>r r>c r>t c>a t>b a>e b>f"),
    ("s:start a:step n:beside.a b:step e:end f:end", "s>a a>e n>b b>f"),
    ("s:start a:step n:on.a m:xor e:end", "s>a a>m n>m m>e"),
    ("s:start m:xor a:step n:beside.a b:step x:xor e:end f:end", "s>m m>a a>x x>m x>e n>b b>f"),
    ("s:start p:and a:step e:stop m:xor c:catch b:step", "s>p p>a a>e p>m m>c c>b b>m"),
    ("s:start l:xor p:and a:step b:step j:and x:xor e:end", "s>l l>p p>a p>b a>j b>j j>x x>l x>e"),
    ("s:start p:and q:and a:step b:step c:step j:and k:and e:end", "s>p p>q p>c q>a q>b a>j b>j j>k c>k k>e"),
    ("s:start p:and x:xor a:step b:step m:xor c:step j:and e:end", "s>p p>x x>a x>b a>m b>m m>j p>c c>j j>e"),
])  # fmt: skip
def test_a_sound_net_has_no_finding(nodes: str, flows: str) -> None:
    assert found(net(nodes, flows)) == []


@pytest.mark.parametrize(("nodes", "flows", "expected"), [
    ("s:start x:xor a:step b:step j:and e:end", "s>x x>a x>b a>j b>j j>e", ("join_waits_for_ever", "j")),
    ("s:start p:and a:step b:step x:xor j:and e:end f:end", "s>p p>a p>b a>j b>x x>j x>f j>e", ("join_waits_for_ever", "j")),
    ("s:start j:and a:step x:xor e:end", "s>j j>a a>x x>j x>e", ("join_waits_for_ever", "j")),
    ("s:start p:and a:step n:on.a b:step j:and e:end f:end", "s>p p>a p>b n>f a>j b>j j>e", ("join_waits_for_ever", "j")),
    ("s:start p:and a:step b:step m:xor c:step e:end", "s>p p>a p>b a>m b>m m>c c>e", ("two_tokens", "m")),
    ("s:start p:and a:step b:step c:step e:end", "s>p p>a p>b a>c b>c c>e", ("two_tokens", "c")),
    ("s:start a:step n:beside.a m:xor c:step e:end", "s>a a>m n>m m>c c>e", ("two_tokens", "m")),
    ("s:start m:xor p:and a:step b:step e:end", "s>m m>p p>a p>b a>m b>e", ("two_tokens", "m")),
    ("s:start p:and a:step e:end m:xor c:catch b:step", "s>p p>a a>e p>m m>c c>b b>m", ("end_leaves_waiting", "e")),
    ("s:start x:xor a:step e:end m:xor b:step", "s>x x>a x>m a>e m>b b>m", ("no_way_to_end", "b")),
    ("s:start a:step n:beside.a m:xor b:step e:end", "s>a a>e n>m m>b b>m", ("no_way_to_end", "b")),
    ("s:start m:xor a:step n:beside.a p:and b:step c:step j:and x:xor e:end f:end", "s>m m>a a>x x>m x>e n>p p>b p>c b>j c>j j>f",
     ("joined_beside_a_loop", "n")),
    ("s:start m:xor a:service x:xor e:end", "s>m m>a a>x x>m x>e", ("endless_circle", "m")),
    ("s:start p:and a:step e:stop m:xor c:catch b:service", "s>p p>a a>e p>m m>c c>b b>m", ("endless_circle", "c")),
])  # fmt: skip
def test_what_is_unsound_is_named(nodes: str, flows: str, expected: tuple[str, str]) -> None:
    assert found(net(nodes, flows)) == [expected]


def test_circles_of_facts_that_exclude_each_other_come_to_rest() -> None:
    drawing = net("s:start p:and a:step e:stop m:xor c:catch.reporter_asked d:catch.stop_waiting", "s>p p>a a>e p>m m>c c>d d>m")
    assert found(drawing) == []


def test_an_end_that_leaves_the_listeners_of_a_case_waiting_is_named() -> None:
    drawing = Drawing()
    drawing.drop("closed_terminate")
    assert found(drawing) == [("end_leaves_waiting", "closed")]


def test_every_finding_says_what_why_and_how_in_both_languages() -> None:
    drawing = net("s:start x:xor a:step b:step j:and e:end", "s>x x>a x>b a>j b>j j>e")
    finding, = net_findings(drawing.processes["case"])
    for text in (finding.what, finding.why, finding.mend):
        assert text.vi
        assert text.en
        assert text.vi != text.en
    assert finding.line is not None


@pytest.mark.exhaustive
def test_lines_that_never_meet_add_up_instead_of_multiplying() -> None:
    """Thirty listeners beside each other have 3^30 states together."""
    nodes, flows = ["s:start", "p:and", "a:step", "e:stop"], ["s>p", "p>a", "a>e"]
    for number in range(30):
        nodes += [f"m{number}:xor", f"c{number}:catch", f"b{number}:step", f"d{number}:step"]
        flows += [f"p>m{number}", f"m{number}>c{number}", f"c{number}>b{number}", f"b{number}>d{number}", f"d{number}>m{number}"]
    begun = begun_alone()
    assert found(net(" ".join(nodes), " ".join(flows))) == []
    assert thread_time() - begun < 2


@pytest.mark.exhaustive
def test_more_ways_side_by_side_than_can_be_looked_through_are_said_to_be() -> None:
    nodes, flows = ["s:start", "p:and", "j:and", "e:end"], ["s>p", "j>e"]
    for number in range(12):
        nodes += [f"a{number}:step", f"b{number}:step"]
        flows += [f"p>a{number}", f"a{number}>b{number}", f"b{number}>j"]
    begun = begun_alone()
    assert found(net(" ".join(nodes), " ".join(flows))) == [("too_many_states", "case")]
    assert thread_time() - begun < 4
