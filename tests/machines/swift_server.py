"""The four servers of one Swift in one process, run by var/swift: python swift_server.py FOLDER HOST PORT KEY SECRET REGION

Rings, configuration and objects lie in FOLDER, so that what was stored outlives the process.
"""
from __future__ import annotations

import os
import sys
from pathlib import Path

from swift.common.utils import monkey_patch, set_swift_dir

monkey_patch()

import eventlet  # noqa: E402
from eventlet import wsgi  # noqa: E402
from swift.common.http_protocol import SwiftHttpProtocol  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.utils import NullLogger  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402

KINDS = ("account", "container", "object")
PIPELINE = "catch_errors gatekeeper healthcheck listing_formats cache s3api tempauth copy slo dlo symlink versioned_writes proxy-server"
PLAIN = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "copy", "slo", "dlo", "symlink")


def main(folder: Path, host: str, port: int, key: str, secret: str, region: str) -> None:
    sockets = {kind: eventlet.listen((host, 0)) for kind in KINDS}
    (folder / "disks" / "d1").mkdir(parents=True, exist_ok=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = a\nswift_hash_path_prefix = b\n"
                                       "[storage-policy:0]\nname = one\ndefault = yes\n")
    for kind in KINDS:
        builder = RingBuilder(1, 1, 1)
        builder.add_dev({"region": 1, "zone": 1, "ip": host, "port": sockets[kind].getsockname()[1], "device": "d1", "weight": 1.0})
        builder.rebalance(seed="1")
        builder.get_ring().save(str(folder / f"{kind}.ring.gz"))
        configure(folder, kind, f"{kind}-server", f"[app:{kind}-server]\nuse = egg:swift#{kind}\n")
    plain = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in PLAIN)
    configure(folder, "proxy", PIPELINE, f"""[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
{plain}[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:s3api]
use = egg:swift#s3api
location = {region}
[filter:tempauth]
use = egg:swift#tempauth
user_{key.replace(":", "_")} = {secret} .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
""")
    set_swift_dir(str(folder))
    for kind in (*KINDS, "proxy"):
        if kind == "proxy":                                                # the last: whoever reaches it reaches all of them
            sockets[kind] = eventlet.listen((host, port))
        app = loadapp(str(folder / f"{kind}.conf"), global_conf={"log_name": kind})
        eventlet.spawn(wsgi.server, sockets[kind], app, NullLogger(), protocol=SwiftHttpProtocol, capitalize_response_headers=False)
    while os.getppid() != 1:                                               # it ends with the process that started it
        eventlet.sleep(1)


def configure(folder: Path, kind: str, pipeline: str, rest: str) -> None:
    (folder / f"{kind}.conf").write_text(
        f"[DEFAULT]\nswift_dir = {folder}\ndevices = {folder / 'disks'}\nmount_check = false\ndisable_fallocate = true\n"
        f"fallocate_reserve = 0\nlog_level = CRITICAL\n[pipeline:main]\npipeline = {pipeline}\n{rest}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *sys.argv[4:7])
