# Sourced by demo, test and soak: brings the checkout to the state they need, doing only what is missing.
# $ROOT is the checkout and becomes the current folder, $STARTED_IN is where the person stands; everything else stays inside it, except Debian packages.
set -eu
STARTED_IN=$(pwd)
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
umask 022

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# The packages named that are not installed.
missing_packages() {
    installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "$@" 2>/dev/null || true)"   # of one it does not know it fails
    for package in "$@"; do
        case $installed in
            *" $package=installed "*) ;;
            *) printf '%s ' "$package" ;;
        esac
    done
}

# need_packages NAME...: installs what is missing as root or by sudo without a password, else says the line to type.
need_packages() {
    command -v dpkg-query >/dev/null || { say "This is not Debian or Ubuntu; make sure that these are there: $*"; return 0; }
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    install="apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=5 install -y --no-install-recommends $missing"
    if [ "$(id -u)" = 0 ]; then as_root=env
    elif sudo -n true 2>/dev/null; then as_root="sudo -n env"
    else fail "System packages are missing. Type this, then start again:
    sudo apt-get update && sudo $install"
    fi
    say "Installing system packages: $missing"
    # shellcheck disable=SC2086
    $as_root DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=5 update -q >&2 ||
        say "The package lists could not all be refreshed; trying with those at hand."
    # shellcheck disable=SC2086
    $as_root DEBIAN_FRONTEND=noninteractive $install >&2 || fail "Installing failed; the line was: $install"
}

supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
can_make_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# Prints a Python from 3.11 to 3.13, by preference one that can make environments.
find_python() {
    found=
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 /usr/bin/python3; do
        candidate=$(command -v "$candidate") || continue
        supported "$candidate" || continue
        if can_make_environments "$candidate"; then echo "$candidate"; return; fi
        found=${found:-$candidate}
    done
    echo "$found"
}

need_python() {
    python=$(find_python)
    if [ -z "$python" ]; then
        need_packages python3 python3-venv
        hash -r
        python=$(find_python)
        [ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed; set PYTHON to one."
    fi
    if ! can_make_environments "$python"; then
        # Debian keeps venv apart, per version: python3.13-venv belongs to python3.13
        need_packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
        can_make_environments "$python" || fail "$python cannot make environments (modules venv and ensurepip); set PYTHON to one that can."
    fi
}

INSTALLING_FAILED="Installing failed; see above. Starting again goes on from here."

# install_into ENVIRONMENT ARGUMENTS...: by uv, which takes a tenth of the time; by pip where uv is not to be had or fails.
install_into() {
    into=$1
    shift
    if have_uv && .venv/bin/uv pip install --quiet --python "$into/bin/python" "$@" >&2; then return 0; fi
    say "Going on by pip."
    install_by_pip "$into" "$@" || fail "$INSTALLING_FAILED"
}

have_uv() {
    [ -x .venv/bin/uv ] || install_by_pip .venv "$(grep '^uv==' constraints.txt)"
}

# install_by_pip ENVIRONMENT ARGUMENTS...
install_by_pip() {
    environment=$1
    shift
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --root-user-action=ignore --retries 10 --timeout 60 "$@" >&2
}

# need_requirements EXTRA: .venv with the program and what an extra of setup.cfg names: media for the demonstration, dev for the tests,
# which holds the other. The stamp says what it was made from, and is written last: an interrupted run is made good by the next.
need_requirements() {
    # Two of these scripts started together would both make .venv: the second waits here. The lock ends with file 9.
    exec 9<setup.cfg
    if command -v flock >/dev/null; then flock 9; fi
    make_requirements "$1"
    exec 9<&-
}

make_requirements() {
    wanted=$( { echo "$ROOT"; cat setup.cfg pyproject.toml constraints.txt; } | sha256sum | cut -d' ' -f1)
    stamp=.venv/.requirements-$1
    if [ -x .venv/bin/python ] && supported .venv/bin/python && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return 0; fi
    if ! { [ -x .venv/bin/python ] && supported .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
        need_python
        say "Making .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    say "Installing the program with the extra $1 into .venv"
    rm -f "$stamp"
    install_into .venv --editable ".[$1]" --constraint constraints.txt
    echo "$wanted" > "$stamp"
    if [ "$1" = dev ]; then echo "$wanted" > .venv/.requirements-media; fi
}

# need_apart FOLDER REQUIREMENTS WHAT [PIP-OPTIONS]: an environment of its own for what has no place beside the program, anew when its
# requirements change. Who gives options wants pip.
need_apart() {
    apart=$1 asked=$2 what=$3
    shift 3
    exec 9<"$asked"
    if command -v flock >/dev/null; then flock 9; fi
    wanted=$( { echo "$ROOT"; cat "$asked"; } | sha256sum | cut -d' ' -f1)
    if ! { [ -x "$apart/bin/python" ] && [ "$(cat "$apart/.requirements" 2>/dev/null)" = "$wanted" ]; }; then
        say "Installing $what into $apart"
        mkdir -p "$(dirname "$apart")"
        .venv/bin/python -m venv --clear "$apart"
        if [ $# -gt 0 ]; then install_by_pip "$apart" "$@" --requirement "$asked" || fail "$INSTALLING_FAILED"
        else install_into "$apart" --requirement "$asked"
        fi
        echo "$wanted" > "$apart/.requirements"
    fi
    exec 9<&-
}

# The PDF/UA checker brings code under the AGPL; the S3-compatible storage has requirements of its own.
need_apart_for_tests() {
    need_apart var/outloud tests/reports/outloud.txt "the PDF/UA checker"
    need_apart var/swift tests/machines/swift.txt "the storage of the tests"
}

PDF_PACKAGES="libpangoft2-1.0-0 libharfbuzz-subset0"
TEST_PACKAGES="chromium postgresql-17 poppler-utils qpdf softhsm2 libnss3-tools pgbouncer"
