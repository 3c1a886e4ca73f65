"""Phrases for everything that can change in an element: changed, added or removed."""

from workflows.comparison.facts import Aspect

Phrase = tuple[str, str]
"""Vietnamese and English, with placeholders for `it`, `subject`, `before` and `after`."""

CHANGED: dict[Aspect, Phrase] = {
    Aspect.KIND: ("{it} đổi từ {before} thành {after}.", "{it} changes from {before} to {after}."),
    Aspect.ROLE: ("{it} chuyển từ {before} sang {after}.", "{it} moves from {before} to {after}."),
    Aspect.LANE: ("{it} chuyển từ làn {before} sang làn {after}.", "{it} moves from the lane {before} to the lane {after}."),
    Aspect.LIMIT: ("Hạn của {it} từ {before} thành {after}.", "The time limit of {it} goes from {before} to {after}."),
    Aspect.OTHER_THAN: (
        "Người đã làm bước {after} không được làm {it}; trước đây là người đã làm bước {before}.",
        "Whoever did {after} may not do {it}; before, it was whoever did {before}.",
    ),
    Aspect.FIELD_ID: (
        "Ở {it}, mục {subject} đổi tên trong điều kiện từ {before} thành {after}.",
        "At {it}, the name in conditions of the field {subject} goes from {before} to {after}.",
    ),
    Aspect.FIELD_LABEL_VI: (
        "Ở {it}, mục {before} đổi tên thành {after}.",
        "At {it}, the Vietnamese name of the field {subject} goes from {before} to {after}.",
    ),
    Aspect.FIELD_LABEL_EN: (
        "Ở {it}, tên tiếng Anh của mục {subject} từ {before} thành {after}.",
        "At {it}, the field {before} is now called {after}.",
    ),
    Aspect.FIELD_TYPE: (
        "Ở {it}, kiểu trả lời của mục {subject} từ “{before}” thành “{after}”.",
        "At {it}, the answer asked for at {subject} goes from “{before}” to “{after}”.",
    ),
    Aspect.FIELD_MIN: (
        "Ở {it}, số nhỏ nhất được nhận tại mục {subject} từ {before} thành {after}.",
        "At {it}, the smallest number taken at {subject} goes from {before} to {after}.",
    ),
    Aspect.FIELD_MAX: (
        "Ở {it}, số lớn nhất được nhận tại mục {subject} từ {before} thành {after}.",
        "At {it}, the largest number taken at {subject} goes from {before} to {after}.",
    ),
    Aspect.FIELD_HELP: ("Ở {it}, lời hướng dẫn của mục {subject} được viết lại.", "At {it}, the guidance of {subject} is written anew."),
    Aspect.FIELD_ORDER: ("Ở {it}, các mục cần điền xếp lại: {after}.", "At {it}, the fields stand in another order: {after}."),
    Aspect.CHOICE_ID: (
        "Ở {it}, lựa chọn {subject} đổi tên trong điều kiện từ {before} thành {after}.",
        "At {it}, the name in conditions of the choice {subject} goes from {before} to {after}.",
    ),
    Aspect.CHOICE_LABEL: ("Ở {it}, lựa chọn {before} đổi tên thành {after}.", "At {it}, the choice {before} is now called {after}."),
    Aspect.CHOICE_ORDER: (
        "Ở {it}, các lựa chọn của mục {subject} xếp lại: {after}.",
        "At {it}, the choices of {subject} stand in another order: {after}.",
    ),
    Aspect.BUTTON_ID: (
        "Ở {it}, nút {subject} đổi tên trong điều kiện từ {before} thành {after}.",
        "At {it}, the name in conditions of the button {subject} goes from {before} to {after}.",
    ),
    Aspect.BUTTON_LABEL: ("Ở {it}, nút {before} đổi tên thành {after}.", "At {it}, the button {before} is now called {after}."),
    Aspect.BUTTON_ORDER: ("Ở {it}, các nút xếp lại: {after}.", "At {it}, the buttons stand in another order: {after}."),
    Aspect.HELP_VI: ("Lời hướng dẫn của {it} được viết lại.", "The Vietnamese guidance of {it} is written anew."),
    Aspect.HELP_EN: ("Lời hướng dẫn bằng tiếng Anh của {it} được viết lại.", "The guidance of {it} is written anew."),
    Aspect.ATTACHED_TO: ("{it} chuyển từ bước {before} sang bước {after}.", "{it} moves from the step {before} to the step {after}."),
    Aspect.MESSAGE: ("{it} nay chờ {after}, trước đây chờ {before}.", "{it} now waits for {after}; before, it waited for {before}."),
    Aspect.TIMER: ("{it} nay xảy ra {after}, trước đây {before}.", "{it} now happens {after}; before, it happened {before}."),
    Aspect.SERVICE: (
        "Ở {it}, phần mềm nay làm {after}, trước đây làm {before}.",
        "At {it}, the software now does {after}, before {before}.",
    ),
    Aspect.DEFAULT_WAY: (
        "Ở {it}, trong mọi trường hợp còn lại nay sang {after}, trước đây sang {before}.",
        "At {it}, all other cases now go to {after}; before, they went to {before}.",
    ),
    Aspect.WAY_ORDER: (
        "Ở {it}, các đường được xét theo thứ tự khác: {after}; trước đây {before}.",
        "At {it}, the ways are tried in another order: {after}; before, {before}.",
    ),
    Aspect.TEXT: (
        "Một ghi chú trên sơ đồ nay viết “{after}”, trước đây “{before}”.",
        "A note on the drawing now says “{after}”, before “{before}”.",
    ),
}

ADDED: dict[Aspect, Phrase] = {
    Aspect.ROLE: ("{it} nay do {after} làm.", "{it} is now done by {after}."),
    Aspect.LIMIT: ("{it} nay có hạn: {after}.", "{it} now has a time limit: {after}."),
    Aspect.OTHER_THAN: ("Người đã làm bước {after} nay không được làm {it}.", "Whoever did {after} may no longer do {it}."),
    Aspect.FIELD: ("{it} hỏi thêm mục {after}.", "{it} now also asks for {after}."),
    Aspect.FIELD_MIN: ("Ở {it}, mục {subject} nay nhận số từ {after} trở lên.", "At {it}, {subject} now takes numbers from {after}."),
    Aspect.FIELD_MAX: ("Ở {it}, mục {subject} nay nhận số không quá {after}.", "At {it}, {subject} now takes numbers up to {after}."),
    Aspect.FIELD_HELP: ("Ở {it}, mục {subject} có thêm lời hướng dẫn.", "At {it}, {subject} now has guidance."),
    Aspect.CHOICE: ("Ở {it}, mục {subject} có thêm lựa chọn {after}.", "At {it}, {subject} now offers {after} as well."),
    Aspect.BUTTON: ("{it} có thêm nút {after}.", "{it} has a new button {after}."),
    Aspect.HELP_VI: ("{it} có thêm lời hướng dẫn.", "{it} now has Vietnamese guidance."),
    Aspect.HELP_EN: ("{it} có thêm lời hướng dẫn bằng tiếng Anh.", "{it} now has guidance."),
    Aspect.MESSAGE: ("{it} nay chờ {after}.", "{it} now waits for {after}."),
    Aspect.TIMER: ("{it} nay xảy ra {after}.", "{it} now happens {after}."),
    Aspect.DEFAULT_WAY: (
        "Ở {it}, trong mọi trường hợp còn lại nay sang {after}.",
        "At {it}, all other cases now go to {after}.",
    ),
}

REMOVED: dict[Aspect, Phrase] = {
    Aspect.ROLE: ("{it} không còn giao cho ai, trước đây do {before} làm.", "{it} is nobody's any more; before, {before} did it."),
    Aspect.LIMIT: ("{it} không còn hạn, trước đây là {before}.", "{it} no longer has a time limit; before, it was {before}."),
    Aspect.OTHER_THAN: ("Người đã làm bước {before} nay được làm cả {it}.", "Whoever did {before} may now do {it} as well."),
    Aspect.FIELD: ("{it} không hỏi mục {before} nữa.", "{it} no longer asks for {before}."),
    Aspect.FIELD_MIN: (
        "Ở {it}, mục {subject} không còn số nhỏ nhất, trước đây là {before}.",
        "At {it}, {subject} no longer has a smallest number; before, it was {before}.",
    ),
    Aspect.FIELD_MAX: (
        "Ở {it}, mục {subject} không còn số lớn nhất, trước đây là {before}.",
        "At {it}, {subject} no longer has a largest number; before, it was {before}.",
    ),
    Aspect.FIELD_HELP: ("Ở {it}, mục {subject} không còn lời hướng dẫn.", "At {it}, {subject} no longer has guidance."),
    Aspect.CHOICE: ("Ở {it}, mục {subject} không còn lựa chọn {before}.", "At {it}, {subject} no longer offers {before}."),
    Aspect.BUTTON: ("{it} không còn nút {before}.", "{it} no longer has the button {before}."),
    Aspect.HELP_VI: ("{it} không còn lời hướng dẫn.", "{it} no longer has Vietnamese guidance."),
    Aspect.HELP_EN: ("{it} không còn lời hướng dẫn bằng tiếng Anh.", "{it} no longer has guidance."),
    Aspect.MESSAGE: ("{it} không còn chờ {before}.", "{it} no longer waits for {before}."),
    Aspect.TIMER: ("{it} không còn xảy ra {before}.", "{it} no longer happens {before}."),
    Aspect.DEFAULT_WAY: (
        "Ở {it}, các trường hợp còn lại không còn sang {before}.",
        "At {it}, all other cases no longer go to {before}.",
    ),
}

YES_OR_NO: dict[Aspect, tuple[Phrase, Phrase]] = {
    Aspect.FIELD_REQUIRED: (
        ("Ở {it}, mục {subject} nay bắt buộc phải điền.", "At {it}, {subject} must now be filled in."),
        ("Ở {it}, mục {subject} không còn bắt buộc.", "At {it}, {subject} need no longer be filled in."),
    ),
    Aspect.INTERRUPTS: (
        ("Khi {it} xảy ra, bước ấy nay kết thúc.", "When {it} happens, that step now ends."),
        ("Khi {it} xảy ra, bước ấy nay vẫn làm tiếp.", "When {it} happens, that step now goes on."),
    ),
    Aspect.ENDS_ALL: (
        ("{it} nay kết thúc mọi nhánh.", "{it} now ends every way."),
        ("{it} nay chỉ kết thúc nhánh ấy.", "{it} now ends its own way alone."),
    ),
}

OTHERWISE: tuple[Phrase, Phrase, Phrase] = (
    ("{what} {subject} của {it} từ {before} thành {after}.", "{what} {subject} of {it}: from {before} to {after}."),
    ("{what} {subject} của {it} nay là {after}.", "{what} {subject} of {it}: now {after}."),
    ("{what} {subject} của {it} không còn, trước đây là {before}.", "{what} {subject} of {it}: gone, before {before}."),
)
"""Changed, added, removed: for aspects without a sentence of their own."""
