"""Models an administrator may begin from: how centres of each size work, checked and rehearsed, to be adapted."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from casework.bilingual import Bilingual
from workflows.definitions.process import shipped_model


@dataclass(frozen=True, slots=True)
class StartingModel:
    """One of them: its name, and how it differs from the simplest."""

    key: str
    name: Bilingual
    what: Bilingual

    @property
    def text(self) -> bytes:
        """The model. The simplest is the one that ships, since the rules require all its steps."""
        if self.key == SIMPLE:
            return shipped_model()
        return resources.files("bpmn").joinpath("starting", f"{self.key}.bpmn").read_bytes()

    @property
    def note(self) -> str:
        """The note of a draft begun from it, in both languages."""
        return f"{STARTING_NOTE} “{self.name.vi}” / From the starting model “{self.name.en}”"


SIMPLE = "simple_centre"
STARTING_NOTE = "Từ mẫu"

STARTING_MODELS: Mapping[str, StartingModel] = {
    each.key: each
    for each in (
        StartingModel(
            SIMPLE,
            Bilingual("Trung tâm nhỏ", "Simple centre"),
            Bilingual(
                "Quy trình gọn nhất: tiếp nhận, phân loại, phân công, xử lý, lãnh đạo duyệt, công khai, đánh giá.",
                "The shortest way: receive, classify, distribute, work, a leader's approval, publication, rating.",
            ),
        ),
        StartingModel(
            "district",
            Bilingual("Trung tâm nhiều đơn vị", "District"),
            Bilingual(
                "Thêm bước khảo sát hiện trường của đơn vị (8 giờ làm việc) và bước kiểm tra chất lượng trả lời trước khi công khai.",
                "Adds the agency's survey on the spot (8 working hours) and a check of the answers before publication.",
            ),
        ),
        StartingModel(
            "two_approvals",
            Bilingual("Hai lần duyệt", "Two approvals"),
            Bilingual(
                "Trưởng bộ phận xem trước khi lãnh đạo đơn vị duyệt, có thể trả lại; tổ trưởng vận hành ký trước khi công khai.",
                "The section's head reads before the agency's leader and may send back; the operations lead clears each publication.",
            ),
        ),
        StartingModel(
            "urgent_fast_lane",
            Bilingual("Đường nhanh cho việc khẩn", "Urgent fast lane"),
            Bilingual(
                "Việc khẩn đi thẳng đến phân công; việc bình thường qua bước lập kế hoạch của tổ trưởng (1 ngày làm việc).",
                "Urgent cases go straight to distribution; others pass the lead's planning first (1 working day).",
            ),
        ),
    )
}
"""Models by key, in the order of the page."""
