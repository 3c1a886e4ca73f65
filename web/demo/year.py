"""Reports of the twelve months before the fresh ones, one in each, so that lists, feeds and a year's figures have something to show.

They have no photos and follow the straight path only.
"""

from web.demo.stories import ANSWERED, TAKEN, Story, deed

HAPPY, CONTENT, UNHAPPY = "satisfied", "acceptable", "dissatisfied"

YEAR = (
    Story("Rãnh ven đường bị lấp, nước tràn ra mặt đường", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), months_ago=12, reporter=2),
    Story("Cột đèn năng lượng mặt trời bị gãy", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), months_ago=11, complexity="simple",
          reporter=4),
    Story("Rác đổ trộm bên bờ suối", (*TAKEN, *ANSWERED, deed("rate", level=CONTENT)), months_ago=10, cooperating=1, reporter=0),
    Story("Biển báo giao thông bị cành cây che khuất", (*TAKEN, *ANSWERED), months_ago=9, complexity="simple", reporter=None),
    Story("Hàng rong lấn vỉa hè trước chợ buổi chiều", (*TAKEN, *ANSWERED, deed("rate", level=CONTENT)), months_ago=8, cooperating=1,
          reporter=5),
    Story("Mái nhà văn hóa thôn bị dột", (*TAKEN, deed("submit", after=4_800), "approve", "publish", deed("rate", level=HAPPY)),
          months_ago=7, reporter=6),
    Story("Trả kết quả chứng thực chậm so với giấy hẹn", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), months_ago=6,
          complexity="simple", reporter=7),
    Story("Nguồn nước tưới bị chặn ở đầu mương", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), months_ago=5, cooperating=1, reporter=4),
    Story("Cầu dân sinh bong ván, xe máy dễ sụp bánh", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), months_ago=4, cooperating=1,
          reporter=8),
    Story("Ruồi nhiều quanh trại gà cuối thôn", (
        *TAKEN, *ANSWERED, deed("rate", level=UNHAPPY, words="Mấy hôm nay ruồi vẫn nhiều."),
        deed("review", outcome="explained", words="Trung tâm Nông nghiệp kiểm tra lại trong tuần tới và báo kết quả."),
    ), months_ago=3, cooperating=1, reporter=9),
    Story("Dây điện sà thấp ngang đường vào thôn", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), months_ago=2, complexity="simple",
          reporter=3),
    Story("Vạch qua đường trước trường học mờ hết", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), months_ago=1, reporter=1),
)  # fmt: skip
