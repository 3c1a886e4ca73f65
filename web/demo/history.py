"""The thirty-five reports of the system's first fourteen months, 19/05/2022 to 15/07/2023, oldest first.

Thirty-three have ended. Two are over for their senders but not for the centre, so that these states can be seen too: one was answered but
its call to the hotline was never written down, one was referred to a body that has not reported its result.
"""

from web.demo.stories import ANSWERED, TAKEN, URGENTLY_TAKEN, Story, deed

HAPPY, CONTENT, UNHAPPY = "satisfied", "acceptable", "dissatisfied"

HISTORY = (
    Story("Cảnh báo người giả danh cán bộ gọi cài đặt phần mềm lạ", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)),
          filed_at="2022-05-19T09:40", cooperating=1, complexity="simple"),
    Story("Đèn đường hỏng nhiều ngày, đi lại buổi tối nguy hiểm", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), "lamp",
          "2022-06-06T19:20", cooperating=1, reporter=2),
    Story("Cây thông lớn nghiêng, có nguy cơ đổ vào nhà dân", (*URGENTLY_TAKEN, *ANSWERED, deed("rate", level=HAPPY)), "tree",
          "2022-06-21T06:15", cooperating=3, reporter=1),
    Story("Đất taluy sạt xuống sát vách nhà dân", (*URGENTLY_TAKEN, *ANSWERED, deed("rate", level=HAPPY)), "rocks",
          "2022-07-08T05:50", cooperating=3, reporter=3),
    Story("Xe chở khách lên núi chở quá số người", (
        *TAKEN, *ANSWERED,
        deed("correct", after=480, words="Đính chính số lái xe bị đình chỉ theo biên bản làm việc: 02 người trong 07 ngày."),
        deed("rate", level=CONTENT),
    ), filed_at="2022-07-23T11:30", cooperating=1, reporter=4),
    Story("Đề nghị giải quyết tranh chấp ranh đất giữa hai hộ", (
        deed("refuse", reason="khieu_nai_to_cao",
             words="Đây là tranh chấp đất đai giữa hai hộ, được hòa giải tại UBND cấp xã theo Luật Đất đai."),
    ), filed_at="2022-08-09T14:10", reporter=None),
    Story("Phân bón mua về vón cục, nghi kém chất lượng", (
        deed("refuse", reason="khong_co_minh_chung", words="Chưa có ảnh bao bì hoặc hóa đơn để xác định nơi bán."),
        deed("object", after=900, words="Tôi gửi kèm tên đại lý và còn giữ 12 bao, cán bộ đến nhà là thấy."),
        deed("decide_objection", after=240, upheld=True, words="Thông tin bổ sung đủ để kiểm tra, Trung tâm tiếp nhận phản ánh."),
        *TAKEN, deed("submit", after=1200), "approve", "publish", deed("rate", level=HAPPY),
    ), filed_at="2022-08-29T20:10", cooperating=2, complexity="complex", reporter=5),
    Story("Duong vao thon bi xoi lo, xe khong di duoc", (
        deed("ask_reporter", words="Ông/Bà cho biết đoạn đường hỏng bắt đầu từ đâu và dài khoảng bao nhiêu.", when_unanswered="close"),
        deed("answer_question", after=300, words="Tu cau treo vao toi nha van hoa thon, khoang 300 met."),
        *TAKEN, *ANSWERED, deed("rate", level=HAPPY),
    ), "washed_out", "2022-09-15T17:45", cooperating=1, reporter=6),
    Story("Phải đi lại nhiều lần vì hướng dẫn hồ sơ chưa rõ", (
        *TAKEN, deed("write", after=200, words="Tôi xin nêu rõ tên cán bộ đã gây khó khăn để cơ quan xử lý."),
        deed("quarantine", after=60, words="Nội dung bổ sung nêu đích danh một cán bộ, chuyển giải quyết theo Luật Tố cáo."),
    ), filed_at="2022-10-04T10:25", reporter=7),
    Story("Trạm y tế hết thuốc hạ huyết áp", (*TAKEN, *ANSWERED), filed_at="2022-10-20T08:35", cooperating=1, reporter=None),
    Story("Cột khói nghi cháy rừng thông", (*URGENTLY_TAKEN, *ANSWERED), "smoke", "2022-11-07T13:47", cooperating=3,
          camera="Camera tầm cao Klong Klanh"),
    Story("Đốt lửa trại trong rừng thông", (*URGENTLY_TAKEN, *ANSWERED, deed("rate", level=HAPPY)), "smoke", "2022-11-19T18:30",
          cooperating=2, reporter=8),
    Story("Lấn hành lang đường dựng mái che bán hàng", (
        *TAKEN, deed("submit", after=1500), "approve", "publish", deed("rate", level=HAPPY),
    ),
          filed_at="2022-11-28T09:15", cooperating=1, complexity="complex", answers={
              "PKTHT": "Đã khảo sát khúc cua khuất, lắp 01 gương cầu lồi và 02 cụm gờ giảm tốc từ nguồn duy tu đường huyện."}, reporter=9),
    Story("Đề nghị lắp gương cầu lồi tại khúc cua khuất", (
        "verify", "classify", deed("merge", into="Lấn hành lang đường dựng mái che bán hàng",
                                   reason="Cùng đoạn đường qua thôn Păng Tiêng, các đơn vị kiểm tra và trả lời chung."),
    ), filed_at="2022-11-29T08:20", reporter=2),
    Story("Múc ao trên đất nông nghiệp không xin phép", (
        *TAKEN, deed("withdraw", after=1500, reason="Hai nhà đã thỏa thuận, hàng xóm lấp lại bờ ao nên tôi xin rút."),
        deed("decide_withdrawal", granted=True),
    ), filed_at="2022-12-12T16:05", cooperating=1, reporter=3),
    Story("Bán dâu, hồng gắn nhãn địa phương nhưng nghi hàng nơi khác", (
        *TAKEN, deed("request_extension", "PKTHT", after=900, days=3, reason="Chờ các sạp xuất trình hóa đơn, chứng từ nguồn gốc."),
        deed("endorse_extension", "PKTHT"), deed("decide_extension", "PKTHT", after=120, granted=True, words="Đồng ý gia hạn một lần."),
        deed("submit", after=1800), "approve", "publish", deed("rate", level=CONTENT),
    ), filed_at="2022-12-20T10:30", cooperating=1),
    Story("Đốt thực bì sát bìa rừng trong cao điểm hanh khô", (*URGENTLY_TAKEN, *ANSWERED), "smoke", "2023-01-10T10:05",
          cooperating=1, camera="Camera tầm cao Đông Mang"),
    Story("Công trình nước sạch tập trung hỏng, mất nước nhiều ngày", (
        "verify", "classify", deed("distribute", "PNNPTNT"),
        deed("hand_back", "PNNPTNT", after=90, reason="Công trình do Trung tâm Quản lý và Khai thác công trình công cộng vận hành."),
        deed("decide_hand_back", "PNNPTNT", upheld=True), "distribute", "accept",
        deed("hold", after=240, days=3, words="Chờ ống thay thế được vận chuyển về đến công trình."), deed("resume", after=600),
        *ANSWERED, deed("rate", level=HAPPY),
    ), filed_at="2023-02-06T06:40", complexity="complex", reporter=4),
    Story("Tập kết vật liệu xây dựng chiếm nửa lòng đường", (*TAKEN, *ANSWERED), "sand", "2023-02-20T14:20", cooperating=1,
          complexity="simple", camera="Camera an ninh chợ Lạc Dương"),
    Story("Âm thanh giao lưu cồng chiêng quá giờ", (
        *TAKEN, *ANSWERED, deed("rate", level=UNHAPPY, words="Tối thứ bảy vẫn thấy kéo dài quá giờ."),
        deed("review", outcome="explained",
             words="Tối thứ bảy là lễ hội có giấy phép đến 22 giờ 30; ngày thường các câu lạc bộ đã giữ đúng giờ."),
    ), filed_at="2023-03-01T22:50", cooperating=1, shows_exact_place=False, reporter=5),
    Story("Múc đất, san gạt đồi sát suối", (
        *TAKEN, deed("divide", "PKTHT", after=60, title="Đất rơi vãi trên đường vào đồi", field="Quản lý đô thị",
             words="Xe chở đất làm rơi vãi trên đường thôn, cần quét dọn và nhắc chủ xe."),
        deed("join_part", after=30, reason="Chủ xe đã dọn sạch trong buổi sáng, không cần đơn vị khác trả lời riêng."),
        "submit", deed("redo", "PTNMT",
             words="Nêu rõ khối lượng đã làm và thời gian hoàn thành phần còn lại, kiểm tra lại tại chỗ."),
        "submit_again", "approve", "publish", deed("rate", level=CONTENT),
    ), "washed_out", "2023-03-14T08:05", cooperating=1, complexity="complex", reporter=1),
    Story("Có tiếng cưa máy trong rừng thông ban đêm", (
        *URGENTLY_TAKEN, "submit", "approve", "answer_privately", deed("rate", level=HAPPY),
    ),
          filed_at="2023-03-23T22:40", cooperating=1, visibility="toi_pham", shows_exact_place=False, reporter=6),
    Story("Điểm thu mua cà phê cân thiếu", (
        *TAKEN, *ANSWERED, deed("rate", level=UNHAPPY, words="Điểm thu mua đầu thôn chưa được kiểm tra."),
        deed("review", outcome="reopened", words="Còn một điểm chưa kiểm tra, Trung tâm mở lại hồ sơ."),
        deed("distribute", after=30), "accept", *ANSWERED, deed("rate", level=HAPPY),
    ), filed_at="2023-04-04T07:55", cooperating=1, reporter=7),
    Story("Dây điện đứt rơi xuống vườn cà phê", (*URGENTLY_TAKEN, *ANSWERED, deed("rate", level=HAPPY)), "wire", "2023-04-17T17:10",
          cooperating=1, reporter=8),
    Story("Bao bì thuốc bảo vệ thực vật vứt ven suối", (*TAKEN, *ANSWERED), "trash", "2023-04-25T15:30", cooperating=1, reporter=None),
    Story("Cá chết nổi, nước đổi màu gần khu lấy nước", (
        *URGENTLY_TAKEN, deed("submit", "UBND-LAT", after=60), "approve", "publish_interim", deed("submit", after=500), "approve",
        "publish", deed("rate", level=HAPPY),
    ), filed_at="2023-05-06T06:30", cooperating=2, answers={
        "UBND-LAT": "Đã cắm biển khuyến cáo, thông báo các hộ tạm dừng lấy nước gần bờ và trực tại hồ."}, reporter=9),
    Story("Dựng nhà tiền chế sát mép đường, nghi không có giấy phép", (
        *TAKEN, deed("submit", "UBND-TTLD", "PTNMT"), "approve",
        deed("close_without_answer", "PKTHT", after=600,
             words="Phòng Kinh tế và Hạ tầng chưa có kết quả đối chiếu giấy phép; kết quả này được thông báo sau."),
        "publish", deed("rate", level=CONTENT),
    ), filed_at="2023-05-09T11:20", cooperating=2, complexity="complex", reporter=2),
    Story("Đá rơi xuống mặt đường Quốc lộ 27C", (*URGENTLY_TAKEN, *ANSWERED), "rocks", "2023-05-16T15:25", cooperating=2,
          camera="Camera giám sát đèo Quốc lộ 27C"),
    Story("Nghi trẻ em bị bạo hành", (*URGENTLY_TAKEN, "submit", "approve", "answer_privately", deed("rate", level=HAPPY)),
          filed_at="2023-05-20T20:40", cooperating=1, visibility="tre_em", shows_exact_place=False, reporter=3),
    Story("Chậm nhận cây giống hỗ trợ", (*TAKEN, deed("submit", after=4000), "approve", "publish", deed("rate", level=CONTENT)),
          filed_at="2023-05-24T09:00", cooperating=1, reporter=4),
    Story("Tường rào trường mầm non bị nứt", (
        "verify", "classify", deed("distribute", "PKTHT"), "accept",
        deed("change_lead", "PGDDT", words="Kiểm tra tường rào phía sau trường, rào chắn ngay."), "accept",
        deed("remove_agency", "PKTHT", words="Nhà trường sửa bằng nguồn sửa chữa thường xuyên, không cần phối hợp."),
        *ANSWERED, deed("rate", level=HAPPY),
    ), "fence", "2023-06-05T10:15", complexity="complex", reporter=5),
    Story("Cà phê rụng trái hàng loạt, xin hướng dẫn", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), "field", "2023-06-23T07:20",
          cooperating=1, reporter=6),
    Story("Sóng điện thoại yếu, không gọi được khi có việc gấp", (
        "verify", "classify", deed("refer", after=120, body="Sở Thông tin và Truyền thông tỉnh Lâm Đồng",
                                   reason="Việc bổ sung trạm thu phát sóng do Sở làm việc với các doanh nghiệp viễn thông."),
    ), filed_at="2023-06-30T19:30", reporter=7),
    Story("Xe tải chở đất chạy nhanh giờ tan trường", (*TAKEN, *ANSWERED, deed("rate", level=HAPPY)), filed_at="2023-07-04T17:05",
          cooperating=2, complexity="complex", reporter=8),
    Story("Thanh niên tụ tập nẹt pô, lạng lách", ("verify", "classify", "distribute", "accept", *ANSWERED), filed_at="2023-07-14T20:45",
          cooperating=1, reporter=None, is_anonymous=True),
)  # fmt: skip
