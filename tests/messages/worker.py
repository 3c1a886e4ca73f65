"""`langbiang worker` in a process of its own, its gateways pointed at the servers outside."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.messages.house import MAIL_FROM
from tests.outside import Outside

ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-c", "import sys; sys.argv = ['langbiang', 'worker']; from web.cli import main; main()")


def started(variables: Mapping[str, str], mail: Outside, gateway: Outside) -> subprocess.Popen[bytes]:
    """A worker on the installation of these variables."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")} | dict(variables)
    own |= {
        "LANGBIANG_SMTP_URL": f"smtp://127.0.0.1:{mail.port}?tls=no", "LANGBIANG_MAIL_FROM": MAIL_FROM,
        "LANGBIANG_SMS_URL": f"http://127.0.0.1:{gateway.port}/sms", "LANGBIANG_ZNS_TOKEN": "zalo-token",
        "LANGBIANG_ZNS_URL": f"http://127.0.0.1:{gateway.port}/message/template", "LANGBIANG_FIND_FACES": "no",
    }  # fmt: skip
    return subprocess.Popen(COMMAND, cwd=ROOT, env=own, stdout=subprocess.DEVNULL)
