"""The purpose of each recurring job, in words for administrators."""

from casework.bilingual import Bilingual

WHAT: dict[str, Bilingual] = {
    "fire_due_timers": Bilingual("Chạy các hẹn giờ đã đến hạn của quy trình", "Fire the timers of the process that are due"),
    "deliver_messages": Bilingual("Chuyển các thông điệp còn chờ trong quy trình", "Deliver messages that wait inside the process"),
    "carry_out_held_acts": Bilingual("Thực hiện việc đã hết thời gian hoàn tác", "Carry out what can no longer be taken back"),
    "send_reminders": Bilingual("Nhắc việc sắp đến hạn và quá hạn", "Remind of what is nearly due or late"),
    "recount_after_calendar_change": Bilingual("Tính lại hạn sau khi đổi lịch làm việc", "Count limits anew after a calendar change"),
    "go_on_with_reorganisations": Bilingual("Chuyển hồ sơ theo phương án sắp xếp đơn vị", "Move cases of a reorganisation"),
    "go_on_with_moves": Bilingual("Chuyển hồ sơ đang mở sang bản quy trình khác", "Move open cases to another version of the process"),
    "go_on_with_rehearsals": Bilingual("Chạy thử quy trình", "Rehearse the process"),
    "return_tasks_of_leavers": Bilingual("Trả về nhóm việc của người thôi vai trò", "Return the tasks of people whose role has ended"),
    "look_after_service_accounts": Bilingual("Báo khóa kết nối sắp hết hạn; kết thúc tài khoản của nơi đã thôi hoạt động",
                                             "Tell of keys that run out; end service accounts of bodies that have ended"),
    "tell_endpoints": Bilingual("Báo tin cho hệ thống khác (webhook)", "Tell other systems what has happened (webhooks)"),
    "exchange_documents": Bilingual("Gửi và nhận văn bản qua trục", "Exchange documents with other bodies"),
    "fetch_photos": Bilingual("Tải ảnh mà phản ánh nêu bằng địa chỉ", "Fetch photos that reports name by their address"),
    "fetch_letters": Bilingual("Lấy thư trả lời từ hộp thư", "Fetch answers from the mailbox"),
    "take_letters": Bilingual("Đưa thư trả lời vào hồ sơ", "Add answers that came by e-mail to their cases"),
    "sweep_webhooks": Bilingual("Xóa tin webhook cũ; tắt địa chỉ không trả lời nhiều ngày",
                                "Forget old webhooks; turn off endpoints that have been silent for days"),
    "forget_staged_imports": Bilingual("Xóa các bảng nhập đã quá 24 giờ", "Wipe tables for import after 24 hours"),
    "sweep_presence": Bilingual("Xóa dấu ai đang xem hồ sơ khi đã đóng trang", "Forget who had a case open once it is closed"),
    "route_messages": Bilingual("Xác định ai được báo tin và bằng cách nào", "Work out who is told, and by which way"),
    "plan_digests": Bilingual("Soạn thư tóm tắt buổi sáng", "Prepare the digests of the morning"),
    "send_email": Bilingual("Gửi thư điện tử", "Send e-mails"),
    "send_push": Bilingual("Gửi thông báo đến trình duyệt", "Send notices to browsers"),
    "send_zns": Bilingual("Gửi tin Zalo", "Send messages by Zalo"),
    "send_sms": Bilingual("Gửi tin nhắn SMS", "Send SMS"),
    "renew_zalo": Bilingual("Gia hạn quyền gửi tin qua Zalo", "Renew the permission to send by Zalo"),
    "sweep_files": Bilingual("Dọn ảnh của biểu mẫu không gửi và dấu vết cũ", "Sweep photos of forms never sent, and old traces"),
    "erase_files": Bilingual("Xóa hẳn các tệp đã bị gỡ", "Remove files that were erased"),
    "write_anchors": Bilingual("Ký và ghi mốc neo của nhật ký ra ngoài", "Sign the heads of the history and write them out"),
    "set_apart_unconfirmed": Bilingual("Để riêng phản ánh chưa xác nhận liên hệ", "Set apart reports whose contact is not proven"),
    "sweep_codes": Bilingual("Xóa mã dùng một lần đã hết hạn", "Wipe one-time codes that have run out"),
    "seek_faces": Bilingual("Tìm khuôn mặt trong ảnh mới", "Look for faces in new photos"),
    "prepare_recordings": Bilingual("Chuẩn bị bản nghe, bản xem của ghi âm và video", "Prepare copies of voice notes and videos"),
    "count_public_figures": Bilingual("Tính số liệu công khai", "Count the public figures"),
    "count_step_times": Bilingual("Tính thời gian các bước", "Count how long steps took"),
    "keep_facts": Bilingual("Cập nhật dữ kiện thống kê", "Keep the facts of the statistics"),
    "sum_up_days": Bilingual("Cộng số liệu theo ngày", "Sum up the days of the statistics"),
    "freeze_figures": Bilingual("Chốt số liệu của kỳ đã hết", "Freeze the figures of periods that are over"),
    "go_on_erasing": Bilingual("Xóa dữ liệu theo yêu cầu của người dân", "Erase data people asked to be erased"),
    "seal_villages": Bilingual("Niêm phong lời ghi về thôn, đường phiên bản trước để lại",
                               "Seal what a version before left in clear of villages and streets"),
    "seal_points": Bilingual("Niêm phong tọa độ phiên bản trước để lại", "Seal the points a version before left in clear"),
    "mask_old_identities": Bilingual("Che danh tính người phản ánh của hồ sơ cũ", "Forget the senders of old cases, and unused accounts"),
    "write_to_affected": Bilingual("Gửi tin cho người bị ảnh hưởng bởi sự cố dữ liệu", "Write to the people a breach affects"),
    "ask_if_mended": Bilingual("Hỏi người gửi: việc đã xử lý thật chưa", "Ask senders whether it is really mended"),
    "tell_areas": Bilingual("Báo tin cho người theo dõi khu vực", "Tell those who follow an area"),
    "sweep_area_news": Bilingual("Dọn tin khu vực cũ và đăng ký đã hết hạn", "Forget old news of areas, and those who followed too long"),
    "run_schedules": Bilingual("Đặt các báo cáo theo lịch", "Order the reports of schedules"),
    "make_outputs": Bilingual("Lập báo cáo và tệp xuất", "Make reports and exports"),
    "make_letter_files": Bilingual("Lập tệp văn bản", "Make the files of letters"),
    "seal_letters": Bilingual("Ký số, đóng dấu văn bản", "Sign and seal letters"),
}
"""By the name of the job (workflows/jobs.py)."""


def what_is(name: str) -> Bilingual:
    """The purpose of a job; its name where another version of the program has it."""
    return WHAT.get(name) or Bilingual(name, name)
