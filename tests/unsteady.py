"""A plugin of pytest: what failed is run once more when the run is over, alone in one process; what passes then is unsteady.

    python -m pytest -p tests.unsteady …         as bin/test does; without it, what fails has failed

An unsteady test is told with what both runs said of it. It counts as passed and, beside that, as unsteady in the closing line, until
there are more of them than MOST_UNSTEADY: then all of them have failed. A fixture that fails and a process that dies count like a
failing test. A run that did not get to its end, or could not read all its tests, is what it is: nothing is run again.
"""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

MOST_UNSTEADY = 2
MOST_AGAIN = 20
"""Of more failures something is broken, and to run them all one after the other would only take time."""


class SecondRun:
    """What failed in a run, once more."""

    def __init__(self) -> None:
        self.failures: dict[str, list[pytest.TestReport]] = {}
        self.unsteady: list[str] = []
        self.said = ""

    @pytest.hookimpl(trylast=True)                             # the processes of pytest-xdist are gone then
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or exitstatus != pytest.ExitCode.TESTS_FAILED or session.shouldfail or session.shouldstop:
            return
        failed = [each for reports in reporter.stats.values() for each in reports if getattr(each, "failed", False)]
        tests = dict.fromkeys(each.nodeid for each in failed)
        if not all(isinstance(each, pytest.TestReport) for each in failed) or not 0 < len(tests) <= MOST_AGAIN:
            return
        self.failures = {nodeid: [each for each in failed if each.nodeid == nodeid] for nodeid in tests}
        reporter.ensure_newline()
        reporter.write_line(f"{len(tests)} failed, run once more alone")
        passed, self.said = run_alone(list(tests), session.config)
        self.unsteady = [nodeid for nodeid in tests if nodeid in passed]
        reporter.stats["unsteady"] = [self.failures[nodeid][0] for nodeid in self.unsteady]
        if len(self.unsteady) <= MOST_UNSTEADY:
            self._settle(reporter.stats)
            if len(self.unsteady) == len(tests):
                session.exitstatus = pytest.ExitCode.OK

    def _settle(self, stats: dict[str, list[Any]]) -> None:
        """Count the unsteady ones as passed, once each, whatever was told of them before."""
        for category in stats.keys() - {"unsteady"}:
            stats[category] = [each for each in stats[category]
                               if not (isinstance(each, pytest.TestReport) and each.nodeid in self.unsteady)]
        stats["passed"] = [*stats.get("passed", ()), *stats["unsteady"]]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.failures:
            return
        for report in (each for nodeid in self.unsteady for each in self.failures[nodeid]):
            terminalreporter.section(f"UNSTEADY {report.nodeid}: how it failed ({report.when})")
            terminalreporter.write_line(report.longreprtext)
            for name, content in report.sections:
                terminalreporter.section(name, "-")
                terminalreporter.write_line(content)
        terminalreporter.section("what failed, run once more alone")
        for line in self.said.splitlines():
            terminalreporter.write_line(f"    {line}")         # nobody shall take its closing line for that of the run
        for nodeid in self.failures:
            terminalreporter.write_line(f"{'UNSTEADY' if nodeid in self.unsteady else 'FAILED TWICE'} {nodeid}")
        if len(self.unsteady) > MOST_UNSTEADY:
            terminalreporter.write_line(f"{len(self.unsteady)} tests are unsteady: of more than {MOST_UNSTEADY}, all have failed.")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SecondRun(), "second run")


def run_alone(nodeids: list[str], config: pytest.Config) -> tuple[set[str], str]:
    """Those of the tests that pass in a process of their own, and what it said."""
    with TemporaryDirectory() as folder:
        told = Path(folder) / "passed.json"
        settings = ["-c", str(config.inipath)] if config.inipath else []
        options = [*settings, f"--rootdir={config.rootpath}", "-p", "no:cacheprovider", "-rP"]
        ended = subprocess.run([sys.executable, "-P", __file__, str(told), *options, *nodeids], cwd=config.rootpath, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
        return set(json.loads(told.read_text()) if told.exists() else ()), ended.stdout


class Outcomes:
    """What became of each step of each test: being made ready, run, and put away."""

    def __init__(self) -> None:
        self.of: dict[str, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.of.setdefault(report.nodeid, set()).add(report.outcome)


def main(told: str, *arguments: str) -> int:
    """Run pytest with these arguments; where it gets to its end, write down which tests passed in each step, none of them skipped."""
    outcomes = Outcomes()
    status = pytest.main(list(arguments), plugins=[outcomes])
    if status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        Path(told).write_text(json.dumps([nodeid for nodeid, steps in outcomes.of.items() if steps == {"passed"}]))
    return int(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
