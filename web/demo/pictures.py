"""Pictures for the demonstration: drawn, not photographed, so that nobody's house, face or number plate is in them.

A scene with one problem in it, before or after the agency came. The same seed, kind and variant give the same pixels.
"""

import io
import itertools
import random
import unicodedata
from collections.abc import Callable

from PIL import ImageDraw, ImageFilter, ImageFont

from web.demo.scenery import EARTH, HEIGHT, HORIZON, WIDTH, Colour, Point, Scene, finished, scenery

JPEG_QUALITY = 85

WATER: Colour = (126, 138, 140)
FRESH_ASPHALT: Colour = (58, 58, 63)
DARK: Colour = (40, 40, 44)
CONCRETE: Colour = (168, 168, 164)
WALL: Colour = (226, 208, 168)
BAGS: tuple[Colour, ...] = ((44, 46, 54), (58, 92, 150), (188, 60, 52), (214, 214, 208), (82, 134, 84), (216, 174, 70))


def draw_demo_photo(seed: int, kind: str, label: str | None = None, *, after: bool = False) -> bytes:
    """A JPEG of 1280 × 960 pixels of one of KINDS; raises ValueError for another kind.

    `after` shows the same place once the problem is solved. `label` is written in the lower left corner, without accents: the only typeface
    that comes with Pillow has no Vietnamese letters.
    """
    if kind not in _MATTERS:
        raise ValueError(f"no picture of {kind!r}; there are {', '.join(KINDS)}")
    scene = scenery(random.Random(f"{seed} {kind}"))
    # a random sequence of its own, so that earlier drawing cannot move the scenery
    scene.chance = random.Random(f"{seed} {kind} matter")
    _MATTERS[kind](scene, after)
    image = finished(scene)
    if label:
        text = _without_accents(label)
        font = ImageFont.load_default(26)
        pen = ImageDraw.Draw(image)
        pen.rectangle((0, HEIGHT - 52, 36 + pen.textlength(text, font), HEIGHT), fill=DARK)
        pen.text((18, HEIGHT - 42), text, fill="white", font=font)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=JPEG_QUALITY)
    return target.getvalue()


def _without_accents(text: str) -> str:
    return unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()


# -- on the road ------------------------------------------------------------------------------------------------------


def _pothole(scene: Scene, after: bool) -> None:
    for x, y, size in ((720, 790, 150), (540, 650, 60), (800, 600, 36)):
        if after:
            slant = size * 0.3
            scene.pen.polygon(
                [
                    (x - size + slant, y - size * 0.4),
                    (x + size + slant, y - size * 0.4),
                    (x + size * 1.15, y + size * 0.42),
                    (x - size, y + size * 0.42),
                ],
                fill=scene.shade(FRESH_ASPHALT, 6),
            )
            continue
        scene.blob((x, y), (size * 1.15, size * 0.46), (124, 118, 110))
        scene.blob((x, y + 3), (size, size * 0.38), (74, 58, 48))
        scene.blob((x - size * 0.1, y + size * 0.1), (size * 0.7, size * 0.22), (132, 124, 112), rough=0.1)


def _manhole(scene: Scene, after: bool) -> None:
    scene.pen.ellipse((560, 690, 860, 840), fill=CONCRETE)
    scene.pen.ellipse((582, 702, 838, 826), fill=(84, 86, 90) if after else (18, 18, 22))
    if after:
        for row in range(712, 824, 16):
            scene.pen.line((640, row, 780, row), fill=DARK, width=4)
        return
    scene.pen.pieslice((582, 702, 838, 826), 95, 275, fill=(98, 98, 102))
    scene.pen.line([(710, 702), (690, 740), (716, 772), (694, 826)], fill=(30, 30, 32), width=6)


def _rocks(scene: Scene, after: bool) -> None:
    scene.pen.polygon([(WIDTH, 250), (1010, 500), (1120, 760), (WIDTH, 900)], fill=EARTH)
    scene.pen.polygon([(WIDTH, 330), (1090, 520), (1170, 700), (WIDTH, 780)], fill=(142, 84, 58))
    if after:
        for post in range(830, 1240, 44):
            scene.box(post, 470 + (post - 830) * 0.62, post + 8, 560 + (post - 830) * 0.72, CONCRETE)
        scene.pen.line((830, 486, 1240, 742), fill=CONCRETE, width=9)
        return
    for _ in range(16):
        x, y = scene.chance.uniform(560, 1120), scene.chance.uniform(570, 850)
        size = scene.chance.uniform(14, 58) * (y / 720)
        scene.blob((x + 6, y + size * 0.45), (size * 1.1, size * 0.4), (78, 74, 72))
        scene.blob((x, y), (size, size * 0.72), scene.shade((146, 134, 122), 22), rough=0.3)
        scene.blob((x - size * 0.2, y - size * 0.25), (size * 0.5, size * 0.3), scene.shade((172, 160, 146), 10), rough=0.3)


def _flood(scene: Scene, after: bool) -> None:
    if after:
        scene.pen.polygon([(330, 800), (470, 800), (430, 870), (270, 870)], fill=CONCRETE)
        for slot in range(6):
            scene.pen.line((346 + slot * 20, 808, 294 + slot * 24, 862), fill=DARK, width=8)
        scene.soft((620, 800), (210, 50), (80, 80, 84), 90, 30)
        return
    scene.pen.polygon([(0, 640), (300, 590), (760, 600), (WIDTH, 650), (WIDTH, HEIGHT), (0, HEIGHT)], fill=WATER)
    scene.soft((640, 640), (520, 26), (206, 214, 218), 150, 24)
    for _ in range(70):
        x, y = scene.chance.uniform(0, WIDTH), scene.chance.uniform(625, 950)
        length = 14 + (y - 600) / 5
        scene.pen.line((x, y, x + length, y), fill=scene.shade((168, 178, 178), 20), width=3)


def _washed_out(scene: Scene, after: bool) -> None:
    surface: Colour = (176, 158, 134) if after else EARTH
    scene.pen.polygon([(676, HORIZON + 24), (704, HORIZON + 24), (WIDTH + 20, HEIGHT), (150, HEIGHT)], fill=surface)
    for _ in range(500 if after else 60):
        y = HORIZON + 40 + (HEIGHT - HORIZON - 40) * scene.chance.random() ** 0.6
        wide = (y - HORIZON) * 1.0
        x, size = 680 + scene.chance.uniform(-wide * 0.9, wide), 1 + (y - HORIZON) / 110
        scene.blob((x, y), (size * 1.5, size), scene.shade((150, 138, 122), 26))
    if after:
        return
    for bottom in (470, 690, 980):
        path = [
            (690 + (bottom - 690) * part + scene.chance.uniform(-22, 22) * part, 470 + 490 * part)
            for part in (0.05, 0.2, 0.38, 0.55, 0.75, 1)
        ]
        for (x, y), (below_x, below_y) in itertools.pairwise(path):
            wide = (y - HORIZON) / 16
            scene.pen.polygon(
                [(x - wide, y), (x + wide, y), (below_x + wide * 1.7, below_y), (below_x - wide * 1.7, below_y)], fill=(92, 54, 40)
            )


def _sand(scene: Scene, after: bool) -> None:
    if after:
        scene.soft((760, 800), (240, 46), (170, 156, 126), 60, 40)
        return
    scene.soft((780, 850), (330, 50), (50, 50, 54), 150, 30)
    scene.pen.polygon([(470, 850), (600, 690), (720, 600), (800, 590), (900, 680), (1100, 850), (780, 880)], fill=(206, 180, 130))
    scene.pen.polygon([(470, 850), (600, 690), (720, 600), (740, 720), (700, 870)], fill=(186, 158, 110))
    for row in range(5):
        for brick in range(7 - row):
            x, y = 250 + brick * 38 + row * 19, 850 - row * 26
            scene.box(x, y, x + 35, y + 23, scene.shade((178, 84, 58), 16))


# -- beside the road --------------------------------------------------------------------------------------------------


def _lamp(scene: Scene, after: bool) -> None:
    scene.night()
    for x, foot, size in ((250, 830, 1.0), (500, 610, 0.5), (590, 530, 0.28)):
        top = foot - 640 * size
        scene.box(x - 9 * size, top, x + 9 * size, foot, (88, 92, 100))
        scene.pen.line((x, top, x + 150 * size, top - 34 * size), fill=(88, 92, 100), width=max(3, int(14 * size)))
        head = (x + 160 * size, top - 26 * size)
        if after:
            scene.soft((head[0], head[1] + 30 * size), (180 * size, 180 * size), (255, 226, 150), 150, 90 * size)
            scene.soft((head[0] + 60 * size, foot - 10), (330 * size, 70 * size), (255, 222, 150), 120, 70 * size)
        scene.pen.ellipse(
            (head[0] - 42 * size, head[1] - 16 * size, head[0] + 42 * size, head[1] + 20 * size), fill=(255, 246, 214) if after else DARK
        )


def _trash(scene: Scene, after: bool) -> None:
    if after:
        scene.soft((330, 815), (110, 22), DARK, 120, 20)
        scene.pen.polygon([(250, 650), (410, 650), (394, 812), (266, 812)], fill=(46, 122, 82))
        scene.box(240, 630, 420, 656, (36, 98, 66))
        scene.pen.ellipse((306, 700, 354, 748), outline=(230, 240, 232), width=6)
        return
    scene.soft((330, 850), (300, 46), DARK, 150, 30)
    for step in range(34):
        low = step / 34
        x, y = 330 + scene.chance.uniform(-250, 250) * (0.45 + low * 0.6), 700 + 140 * low
        size = scene.chance.uniform(26, 58)
        colour = scene.shade(scene.chance.choice(BAGS), 18)
        scene.blob((x, y), (size, size * 0.74), colour)
        scene.pen.arc(
            (x - size * 0.5, y - size * 0.5, x + size * 0.5, y + size * 0.2), 190, 300, fill=scene.shade((220, 220, 220), 30), width=3
        )


def _smoke(scene: Scene, after: bool) -> None:
    if after:
        scene.soft((340, HORIZON - 26), (120, 20), (48, 42, 38), 190, 18)
        return
    for step in range(15):
        up = step / 15
        place = (340 + 230 * up**1.6 + scene.chance.uniform(-14, 14), HORIZON - 30 - 400 * up)
        size = 24 + 120 * up
        scene.soft(place, (size, size * 0.7), scene.shade((74 + int(60 * up),) * 3, 16), int(235 - 90 * up), 20 + 18 * up)
    scene.soft((340, HORIZON - 24), (34, 18), (250, 140, 50), 230, 14)


def _tree(scene: Scene, after: bool) -> None:
    _house(scene)
    if after:
        scene.pen.polygon([(402, 800), (458, 800), (446, 750), (414, 750)], fill=(110, 80, 58))
        scene.pen.ellipse((414, 740, 446, 760), fill=(206, 170, 120))
        return
    scene.soft((420, 806), (90, 20), DARK, 120, 16)
    scene.pine((450, 806), 620, (38, 76, 52), lean=-24)


def _wire(scene: Scene, after: bool) -> None:
    for x, top, foot in ((150, 150, 860), (1130, 190, 840)):
        scene.box(x - 13, top, x + 13, foot, CONCRETE)
        scene.box(x - 64, top + 34, x + 64, top + 48, (104, 92, 84))
    for offset in (-48, 0, 48):
        sag = 40 if after or offset else 0
        path = [(150 + offset + 980 * part, 184 + 40 * part + sag * 4 * part * (1 - part)) for part in (each / 24 for each in range(25))]
        if sag:
            scene.pen.line(path, fill=(36, 36, 40), width=4)
    if not after:
        scene.pen.line(
            [(150, 184), (210, 330), (250, 520), (330, 740), (440, 812), (560, 790), (690, 840)], fill=(24, 24, 28), width=7, joint="curve"
        )
        scene.soft((690, 838), (16, 12), (255, 220, 120), 240, 8)


def _sign(scene: Scene, after: bool) -> None:
    if after:
        for x in (110, 400):
            scene.blob((x, 828), (26, 9), EARTH)
        return
    for x in (110, 400):
        scene.box(x - 10, 380, x + 10, 830, (92, 92, 98))
    scene.box(20, 250, 500, 560, (236, 236, 230))
    scene.box(36, 266, 484, 544, scene.chance.choice(BAGS[1:3]))
    for row, length in ((310, 340), (370, 280), (430, 380)):
        scene.box(70, row, 70 + length, row + 26, (246, 240, 220))


def _field(scene: Scene, after: bool) -> None:
    scene.pen.polygon([(0, HORIZON + 40), (WIDTH, HORIZON + 40), (WIDTH, HEIGHT), (0, HEIGHT)], fill=EARTH)
    leaf: Colour = (54, 116, 58) if after else (134, 120, 60)
    for row in range(7):
        y, size = 500 + row * row * 10 + row * 14, 20 + row * 11
        for x in range(-20 + row * 17, WIDTH + 60, int(size * 2.3)):
            scene.blob((x, y + size * 0.7), (size, size * 0.2), (104, 64, 46))
            scene.blob((x, y), (size, size * 0.8), scene.shade(leaf, 18))
            for _ in range(5):
                berry = (x + scene.chance.uniform(-size, size) * 0.7, y + scene.chance.uniform(-0.5, 0.5) * size)
                scene.blob(berry, (size / 12, size / 12), (186, 40, 36) if after else (96, 66, 40))


def _fence(scene: Scene, after: bool) -> None:
    top = 500
    scene.box(0, 780, WIDTH, HEIGHT, CONCRETE)
    scene.box(0, top, WIDTH, 780, WALL)
    scene.box(0, top - 24, WIDTH, top, (196, 120, 84))
    for pillar in range(40, WIDTH, 300):
        scene.box(pillar, top - 46, pillar + 46, 780, (206, 186, 146))
    if after:
        scene.box(520, top, 790, 780, (236, 222, 190))
        return
    for start in (560, 640, 720):
        path: list[Point] = [(start, top)]
        while path[-1][1] < 780:
            x, y = path[-1]
            path.append((x + scene.chance.uniform(-34, 30), min(780, y + scene.chance.uniform(20, 44))))
        scene.pen.line(path, fill=(74, 58, 48), width=scene.chance.randint(5, 11))
    scene.pen.polygon([(600, top - 24), (700, top - 24), (676, top + 60), (630, top + 40)], fill=(120, 140, 100))
    for _ in range(12):
        scene.blob((scene.chance.uniform(540, 780), scene.chance.uniform(776, 810)), (20, 12), scene.shade(WALL, 24), rough=0.3)


def _house(scene: Scene) -> None:
    scene.box(60, 520, 390, 760, WALL)
    scene.pen.polygon([(30, 530), (225, 400), (420, 530)], fill=(160, 76, 56))
    scene.box(200, 610, 270, 760, (104, 74, 54))
    scene.box(95, 590, 165, 660, (146, 178, 196))
    scene.box(300, 590, 360, 660, (146, 178, 196))


def _camera_view(scene: Scene, after: bool) -> None:
    """A traffic camera's view: a lorry left across the road, and the same road once it was moved."""
    if not after:
        scene.soft((830, 800), (200, 30), DARK, 150, 20)
        scene.box(660, 560, 1000, 760, (58, 104, 160))
        scene.box(560, 630, 664, 760, (200, 62, 50))
        scene.box(578, 646, 640, 694, (176, 206, 220))
        for x in (600, 740, 900):
            scene.pen.ellipse((x - 10, 730, x + 66, 806), fill=DARK)
    scene.image = scene.image.filter(ImageFilter.GaussianBlur(1.2))


_MATTERS: dict[str, Callable[[Scene, bool], None]] = {
    "camera": _camera_view,
    "fence": _fence,
    "field": _field,
    "flood": _flood,
    "lamp": _lamp,
    "manhole": _manhole,
    "pothole": _pothole,
    "rocks": _rocks,
    "sand": _sand,
    "sign": _sign,
    "smoke": _smoke,
    "trash": _trash,
    "tree": _tree,
    "washed_out": _washed_out,
    "wire": _wire,
}

KINDS = tuple(_MATTERS)
"""The drawing functions by kind."""
