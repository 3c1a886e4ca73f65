"""Standbys of the database and the replica of the public pages, in sentences."""

from collections.abc import Iterator

from casework.bilingual import Bilingual
from web.watching.figures import Figures, Standbys
from web.watching.finding import Finding, Level

REPLICA_LATE = 60.0


def of_standbys(found: Figures) -> Iterator[Finding]:
    yield from _standbys(found.standbys)
    yield from _public_replica(found)


def _standbys(there: Standbys) -> Iterator[Finding]:
    for name, seconds in there.behind.items():
        if seconds > REPLICA_LATE:
            yield Finding(
                Level.WARNING, "replica",
                Bilingual(f"Máy dự phòng {name} chậm {round(seconds)} giây.", f"The standby {name} is {round(seconds)} seconds behind."),
                Bilingual("Kiểm tra mạng và tải của máy đó.", "Check its network and load."), section="Standbys",
            )  # fmt: skip
    if there.hidden:
        yield Finding(
            Level.WARNING, "hidden_standby",
            Bilingual(f"Có {there.hidden} máy dự phòng mà phần mềm không được xem: chậm hay không, không ai báo.",
                      f"There are {there.hidden} standbys the program may not see: nobody will say when one is behind."),
            Bilingual("Trên máy chính: GRANT pg_read_all_stats TO langbiang, hoặc tên tài khoản của phần mềm.",
                      "On the primary: GRANT pg_read_all_stats TO langbiang, or whatever the role of the program is called."),
            section="Standbys",
        )  # fmt: skip
    elif there.synchronous < there.wanted:
        yield Finding(
            Level.DANGER, "no_standby",
            Bilingual(f"Cơ sở dữ liệu có {there.synchronous} máy dự phòng đồng bộ, cần {there.wanted}: nếu máy chính hỏng lúc này, không "
                      f"máy nào thay được và điều vừa được xác nhận có thể mất.",
                      f"The database has {there.synchronous} synchronous standbys of {there.wanted}: if the primary fails now none may "
                      f"take over, and what was just acknowledged may be lost."),
            Bilingual("Chạy “patronictl list” trên máy cơ sở dữ liệu; sửa máy dự phòng hoặc mạng tới nó.",
                      "Run “patronictl list” on a database machine; mend the standby, or its network."),
            section="Standbys",
        )  # fmt: skip


def _public_replica(found: Figures) -> Iterator[Finding]:
    near = found.nearness
    if near is None or (near.answers and near.behind is not None and near.behind <= near.most_behind):
        return
    if not near.answers:
        what = Bilingual("Bản sao cơ sở dữ liệu dành cho trang công khai không trả lời; các trang ấy đang đọc từ máy chính.",
                         "The replica for the public pages does not answer; they are read from the database itself.")  # fmt: skip
    elif near.behind is None:
        what = Bilingual("Bản sao cơ sở dữ liệu dành cho trang công khai chưa bắt kịp máy chính; các trang ấy đang đọc từ máy chính.",
                         "The replica for the public pages has not caught up yet; they are read from the database itself.")  # fmt: skip
    else:
        late = round(near.behind)
        what = Bilingual(f"Bản sao cơ sở dữ liệu dành cho trang công khai chậm {late} giây; các trang ấy đang đọc từ máy chính.",
                         f"The replica for the public pages is {late} seconds behind; they are read from the database itself.")  # fmt: skip
    yield Finding(
        Level.WARNING, "public_replica", what,
        Bilingual("Kiểm tra máy đó, mạng tới máy chính và LANGBIANG_REPLICA_URL. Trang công khai vẫn hoạt động.",
                  "Check that machine, its way to the primary and LANGBIANG_REPLICA_URL. The public pages work all the same."),
        section="Watching",
    )  # fmt: skip
