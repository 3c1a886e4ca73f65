"""The reports of the last days, which leave something to do on every desk and in every state a case can wait in.

Twelve, and a thirteenth close to another so that similar cases nearby can be seen; then two of people without an account, of whom one has
not proven the address for more than a day and the other sends advertising.
"""

from web.demo.stories import ANSWERED, TAKEN, URGENTLY_TAKEN, Story, deed

FRESH = (
    # -- not with agencies yet
    Story("Ổ gà sâu ngay khúc cua trên Quốc lộ 27C", (), "pothole", idle=9, reporter=1, voice=True),
    Story("Mặt đường Quốc lộ 27C bong tróc, nhiều ổ gà nhỏ", ("verify", "classify"), idle=60, cooperating=1, reporter=8, is_call=True),
    Story("Loa truyền thanh của thôn không phát", (
        deed("ask_reporter", words="Ông/Bà cho biết cụm loa nằm gần nhà ai hoặc điểm nào của thôn, và loa mất tiếng từ ngày nào.",
             when_unanswered="continue", working_days=5),
    ), idle=50),
    Story("Cống thoát nước tắc, mưa là nước tràn vào nhà", (
        "verify",
        deed("ask_reporter", after=30, when_unanswered="continue", working_days=3,
             words="Cống tắc ở đoạn nào? Ông/Bà chụp giúp một ảnh chỗ nước tràn để tổ sửa chữa mang đúng dụng cụ."),
        deed("answer_question", after=170, picture="flood", words="Tắc ở hố thu đầu hẻm, nước tràn như trong ảnh tôi vừa chụp."),
        deed("withdraw", after=600, reason="Bà con đã tự khơi được một đoạn, tôi xin rút để khỏi phiền cơ quan."),
    ), "flood", idle=20, reporter=1, asked={"nuoc_sau": "15"}),
    Story("Điểm chăn thả trâu bò làm hư luống hoa công viên", (), idle=1_590, reporter=None, guest=1, is_unconfirmed=True),
    Story("Nhận khoan giếng, rút hầm cầu giá rẻ", (
        deed("refuse", after=20, reason="quang_cao", words="Đây là tin quảng cáo, không phải phản ánh về sự việc tại hiện trường."),
        deed("block_sender", after=30, days=14, words="Gửi cùng một tin quảng cáo nhiều lần dù đã được nhắc."),
    ), idle=400, reporter=None, guest=2, is_round_the_clock=True),
    Story("Hát loa kéo quá 22 giờ gây ồn", (
        *TAKEN, *ANSWERED, deed("rate", level="dissatisfied", words="Tuần này nhà đó vẫn hát đến khuya, chưa thấy ai nhắc lại."),
        deed("review", outcome="reopened", words="Tổ vận hành đã xác minh việc tái diễn và mở lại hồ sơ để xử lý tiếp."),
        deed("distribute", after=30), "accept",
        deed("hold", after=120, days=4, words="Chờ Công an thị trấn đo tiếng ồn vào tối thứ bảy."),
    ), idle=40, cooperating=1, complexity="simple", reporter=2, shows_exact_place=False),
    Story("Chưa nhận được tiền hỗ trợ bảo vệ rừng quý trước", (
        deed("refuse", reason="ngoai_tham_quyen", words="Việc chi trả do Ban Quản lý rừng thực hiện theo hợp đồng giao khoán."),
        deed("object", after=700, words="Ban Quản lý rừng bảo chúng tôi hỏi xã. Xin xem lại, cả thôn còn 41 hộ đang chờ."),
    ), idle=80, reporter=3, is_round_the_clock=True),

    # -- with agencies
    Story("Chó thả rông cắn người, nghi chó dại", (
        "verify", "classify",
        deed("call_hotline", reached=False, what="Gọi hai lần không có người nghe máy, sẽ gọi lại."),
        deed("distribute", "UBND-LAT", "TTYT", "TTNN"),
        deed("hand_back", "TTNN", after=6,
             reason="Tiêm phòng và bắt chó thả rông ở xã do UBND xã tổ chức; Trung tâm không có lực lượng tại chỗ."),
        deed("write", after=5, picture="fence", words="Con chó vừa chạy về phía tường rào trường học này, các cháu sắp tan trường."),
        deed("note", after=1, audience="centre",
             words="@totruong Trực ban UBND xã Lát chưa nghe máy, nhờ anh gọi giúp Công an xã và nhà trường giữ các cháu trong sân."),
        deed("assign", after=1, element="clear_text", to="vanhanh"),
    ), idle=2, cooperating=2, reporter=4),
    Story("Biển quảng cáo che khuất tầm nhìn tại ngã ba", (
        "verify", "classify", deed("distribute", "UBND-DASAR", "PKTHT", "PVHTT", "PTNMT"), "accept",
        deed("submit", "PKTHT", after=480), "approve", deed("publish_interim", after=120),
        deed("me_too", after=90, senders=(0, 3, 6)),
        deed("request_extension", "UBND-DASAR", after=480, days=2, reason="Chủ biển xin thêm thời gian thuê xe cẩu để di dời an toàn."),
        deed("endorse_extension", "UBND-DASAR"),
        deed("decide_extension", "UBND-DASAR", after=120, granted=True, words="Đồng ý, yêu cầu đặt biển cảnh báo tạm tại ngã ba."),
        deed("submit", "PVHTT", "PTNMT", after=960),
        deed("request_extension", "UBND-DASAR", after=480, days=3, reason="Xe cẩu đến muộn do mưa, cần thêm ba ngày."),
        deed("endorse_extension", "UBND-DASAR"),
        deed("direct", after=2640, words="UBND xã báo cáo tiến độ di dời và giữ biển cảnh báo cho đến khi xong."),
        deed("apologise", days=4, words="Xe cẩu đến muộn do mưa nên biển chưa di dời được đúng hẹn."),
        deed("redo", "PTNMT", words="Ghi rõ thửa đất đặt biển có nằm trong hành lang đường bộ không, kèm ảnh hiện trạng."),
        deed("submit_again", "PTNMT", after=660, photographed=True,
             findings="Chân biển nằm trong hành lang an toàn đường bộ, lấn ra 3 m so với mốc lộ giới; thửa đất là đất giao thông.",
             actions="Đã lập biên bản hiện trạng sử dụng đất ngày kiểm tra, yêu cầu chủ biển trả lại mặt bằng sau khi di dời.",
             remaining="Kiểm tra lại mốc lộ giới trong 05 ngày làm việc sau khi biển được dời."),
        deed("open_answer", "PTNMT", after=30),
    ), "sign", idle=90, cooperating=2, reporter=5),
    Story("Nghi hút cát trái phép trên sông", (
        deed("transcribe", words="Từ ba giờ sáng có tiếng máy nổ dưới sông, nghe rõ nhất chỗ bãi cát sau cầu. Sáng ra thấy xe ben chở cát "
                                 "đi về hướng quốc lộ, bờ sông lở thêm một đoạn."),
        *TAKEN,
        deed("submit", "PTNMT", after=960),
        deed("redo", "PTNMT", words="Bổ sung biên bản tạm giữ phương tiện và khối lượng cát đã hút; chụp lại ảnh bờ sông."),
        deed("request_extension", "CAH", after=120, days=3, reason="Đang xác minh chủ phương tiện ở địa bàn giáp ranh."),
        deed("endorse_extension", "CAH"),
        deed("request_extension", "PTNMT", after=90, days=2, reason="Chờ số liệu đo bờ sông của đơn vị tư vấn."),
        deed("note", audience="agencies",
             words="@canbo.ptnmt Công an huyện đã có biên bản tạm giữ máy bơm, anh liên hệ lấy bản sao để bổ sung trả lời."),
        deed("keep_draft", "PTNMT", name="Bản có khối lượng cát",
             findings="Kiểm tra đột xuất lúc 05 giờ 30, phát hiện 01 máy bơm đang hút cát, không có giấy phép khai thác. "
                      "Khối lượng cát tại bãi khoảng … m³.",
             actions="Đã tạm giữ phương tiện, lập biên bản số …, giao UBND xã Đạ Nhim giám sát đoạn bờ sông bị sạt.",
             remaining="Chờ số liệu đo bờ sông của đơn vị tư vấn."),
    ), "sand", idle=30, cooperating=2, complexity="complex", reporter=6, voice=True, video=True),
    Story("Mùi hôi từ nơi ủ phân gà", (
        *TAKEN, deed("submit", "UBND-LAT", "PTNMT", after=960), deed("approve", "UBND-LAT"),
        deed("redo", "PTNMT", words="Nêu kết quả kiểm tra lại mùi tại nơi ủ phân và chụp ảnh chỗ ủ sau khi che phủ."),
        deed("submit_again", "PTNMT", photographed=True,
             findings="Đã kiểm tra lại cùng UBND xã Lát: chỗ ủ được che bạt kín, buổi trưa không còn mùi ở khu dân cư cách 120 m.",
             actions="Đã hướng dẫn chủ vườn dùng chế phẩm khử mùi, ghi nhật ký ủ phân và không tập kết thêm phân tươi tại đây.",
             remaining="Kiểm tra đột xuất một lần trong tháng tới."),
        deed("open_answer", "PTNMT", after=2880),
    ), "trash", idle=60, cooperating=1, reporter=7),
    Story("Ô tô đỗ sai quy định gây ùn tắc giờ cao điểm", (
        *TAKEN, "submit", "approve", deed("claim", after=35, element="publish", by="vanhanh2"),
    ), "camera", idle=40, cooperating=1, complexity="simple", camera="Camera an ninh chợ Lạc Dương"),

    # -- answered
    Story("Nắp hố ga vỡ trước cổng trường tiểu học", (
        *URGENTLY_TAKEN, *ANSWERED, deed("follow", after=300), deed("me_too", after=240, senders=(2, 4, 7, 8)),
    ),
          "manhole", idle=1860, cooperating=2),
    Story("Rác sau mùa hội cỏ hồng chưa được dọn", (
        *TAKEN, *ANSWERED, deed("rate", level="dissatisfied", words="Chỉ dọn phía cổng, bên mép hồ rác vẫn còn nhiều."),
    ), "trash", idle=120, cooperating=1, complexity="simple", is_round_the_clock=True),
)  # fmt: skip
