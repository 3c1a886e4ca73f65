"""Reports of the twelve months before the last ones, one in each, so that lists, feeds and the figures of a year have something to show.

They are plain: no photo, nothing beside the straight way.
"""

from web.demo_stories import ANSWERED, TAKEN, Story, deed

HAPPY, CONTENT, UNHAPPY = "satisfied", "acceptable", "dissatisfied"

YEAR = (
    Story("Rãnh ven đường bị lấp, nước tràn ra mặt đường", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), days_ago=377, reporter=2),
    Story("Cột đèn năng lượng mặt trời bị gãy", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), days_ago=346, complexity="simple",
          reporter=4),
    Story("Rác đổ trộm bên bờ suối", (*TAKEN, *ANSWERED, deed("rate", level=CONTENT)), days_ago=316, cooperating=1, reporter=0),
    Story("Biển báo giao thông bị cành cây che khuất", (*TAKEN, *ANSWERED), days_ago=285, complexity="simple", reporter=None),
    Story("Hàng rong lấn vỉa hè trước chợ buổi chiều", (*TAKEN, *ANSWERED, deed("rate", level=CONTENT)), days_ago=256, cooperating=1,
          reporter=5),
    Story("Mái nhà văn hóa thôn bị dột", (*TAKEN, deed("submit", after=4_800), "approve", "publish", deed("rate", level=HAPPY)),
          days_ago=226, reporter=6),
    Story("Trả kết quả chứng thực chậm so với giấy hẹn", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), days_ago=196,
          complexity="simple", reporter=7),
    Story("Nguồn nước tưới bị chặn ở đầu mương", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), days_ago=166, cooperating=1, reporter=1),
    Story("Cầu dân sinh bong ván, xe máy dễ sụp bánh", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), days_ago=135, cooperating=1,
          reporter=8),
    Story("Ruồi nhiều quanh trại gà cuối thôn", (
        *TAKEN, *ANSWERED, deed("rate", level=UNHAPPY, words="Mấy hôm nay ruồi vẫn nhiều."),
        deed("review", outcome="explained", words="Trung tâm Nông nghiệp kiểm tra lại trong tuần tới và báo kết quả."),
    ), days_ago=105, cooperating=1, reporter=9),
    Story("Dây điện sà thấp ngang đường vào thôn", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), days_ago=75, complexity="simple",
          reporter=3),
    Story("Vạch qua đường trước trường học mờ hết", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), days_ago=55, reporter=1),
)  # fmt: skip
