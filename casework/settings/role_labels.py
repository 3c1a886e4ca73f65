"""The names of roles wherever somebody acts, holds a step, or is waited for."""

from casework.bilingual import Bilingual
from casework.permissions import Role

ROLE_WORDS = {
    Role.OPERATOR: Bilingual("Tổ vận hành", "The operations team"),
    Role.OPS_LEAD: Bilingual("Tổ trưởng vận hành", "The operations lead"),
    Role.OFFICER: Bilingual("Cán bộ đơn vị", "The agency's officer"),
    Role.AGENCY_LEADER: Bilingual("Lãnh đạo đơn vị", "The agency's leader"),
    Role.COMMITTEE_LEADER: Bilingual("Lãnh đạo UBND", "The committee's leader"),
    Role.RECORDS_CLERK: Bilingual("Văn thư", "The records clerk"),
    Role.ADMINISTRATOR: Bilingual("Quản trị hệ thống", "The administrator"),
    Role.PROCESS_APPROVER: Bilingual("Người duyệt quy trình", "The process approver"),
    Role.CONFIDENTIAL_READER: Bilingual("Người được giao đọc hồ sơ mật", "The confidential reader"),
    Role.INSPECTOR: Bilingual("Thanh tra", "The inspector"),
}

REPORTER_WORDS = Bilingual("Người phản ánh", "The reporter")
OTHER_BODY_WORDS = Bilingual("Cơ quan khác", "Another body")
