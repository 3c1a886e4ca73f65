"""setup.cfg names what is there: a package or data file left out is missing only after installation, where nobody looks."""
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOPS = ("benchmark", "bpmn", "casework", "migrations", "reports", "web", "workflows")


def setup_cfg() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_every_package_is_named() -> None:
    named = setup_cfg()["options"]["packages"].split()
    found = {init.parent.relative_to(ROOT).as_posix().replace("/", ".") for top in TOPS for init in (ROOT / top).rglob("__init__.py")}
    assert sorted(found) == sorted(named)


def test_every_data_file_is_shipped() -> None:
    packages, data = set(setup_cfg()["options"]["packages"].split()), setup_cfg()["options.package_data"]
    forgotten = []
    for file in (f for top in TOPS for f in (ROOT / top).rglob("*") if f.is_file() and "__pycache__" not in f.parts):
        path = file.relative_to(ROOT)
        if file.suffix == ".py" and ".".join(path.parent.parts) in packages:
            continue
        top, inside = path.parts[0], "/".join(path.parts[1:])
        patterns = data.get(top, "").split()
        if not any(fnmatch(inside, pattern) or fnmatch(inside, pattern.replace("**/", "")) for pattern in patterns):
            forgotten.append(path.as_posix())
    assert not forgotten


def test_every_requirement_is_pinned_as_in_the_constraints() -> None:
    options = setup_cfg()
    wanted = options["options"]["install_requires"].split("\n") + options["options.extras_require"]["dev"].split("\n")
    constraints = {line.lower() for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    for requirement in filter(None, (w.replace(" ", "").replace("[binary]", "").lower() for w in wanted)):
        assert requirement in constraints
