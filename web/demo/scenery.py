"""The background of the demonstration pictures: sky, pine hills, meadow and a road vanishing into them."""

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1280, 960
HORIZON = 430
VANISHING = (690, HORIZON + 20)
"""The vanishing point of the road, in pixels."""

Colour = tuple[int, int, int]
Point = tuple[float, float]

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((92, 148, 206), (218, 232, 240)),
    ((116, 158, 194), (236, 229, 212)),
    ((140, 154, 170), (210, 215, 219)),
)
HILLS: tuple[Colour, ...] = ((142, 166, 176), (98, 134, 124), (56, 94, 72))
MEADOW: tuple[Colour, Colour] = ((124, 146, 84), (84, 112, 58))
EARTH: Colour = (164, 104, 72)
ASPHALT: tuple[Colour, Colour] = ((142, 142, 146), (92, 92, 97))
NIGHT: Colour = (34, 42, 74)


@dataclass
class Scene:
    """A picture being drawn, and the random numbers for its details."""

    image: Image.Image
    chance: random.Random

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def shade(self, colour: Colour, spread: int = 14) -> Colour:
        """The colour, randomly a little lighter or darker."""
        change = self.chance.randint(-spread, spread)
        red, green, blue = (max(0, min(255, part + change)) for part in colour)
        return red, green, blue

    def blob(self, centre: Point, size: Point, fill: Colour, rough: float = 0.18) -> None:
        outline = []
        for step in range(28):
            angle, reach = step / 28 * math.tau, 1 + self.chance.uniform(-rough, rough)
            outline.append((centre[0] + size[0] * reach * math.cos(angle), centre[1] + size[1] * reach * math.sin(angle)))
        self.pen.polygon(outline, fill=fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        self.pen.rectangle((left, top, right, bottom), fill=fill)

    def soft(self, centre: Point, size: Point, colour: Colour, strength: int, blur: float) -> None:
        """A cloud, a shadow or a glow; `strength` from 0 to 255."""
        # at a quarter of the size, and only around the shape: three blurs away it has faded out
        (x, y), (width, height) = centre, size
        aside, above = width + 3 * blur, height + 3 * blur
        left, right = max(0, int(x - aside) // 4), min(WIDTH // 4, int(x + aside) // 4 + 1)
        top, bottom = max(0, int(y - above) // 4), min(HEIGHT // 4, int(y + above) // 4 + 1)
        if left >= right or top >= bottom:
            return
        mask = Image.new("L", (right - left, bottom - top))
        place = ((x - width) / 4 - left, (y - height) / 4 - top, (x + width) / 4 - left, (y + height) / 4 - top)
        ImageDraw.Draw(mask).ellipse(place, fill=strength)
        mask = mask.filter(ImageFilter.GaussianBlur(blur / 4)).resize((mask.width * 4, mask.height * 4), Image.Resampling.BILINEAR)
        self.image.paste(colour, (left * 4, top * 4, right * 4, bottom * 4), mask)

    def pine(self, foot: Point, height: float, colour: Colour, lean: float = 0) -> None:
        """One pine tree; `lean` in degrees to the right."""
        direction = math.radians(lean)
        along, across = (math.sin(direction), -math.cos(direction)), (math.cos(direction), math.sin(direction))

        def at(up: float, aside: float) -> Point:
            return (
                foot[0] + height * (along[0] * up + across[0] * aside),
                foot[1] + height * (along[1] * up + across[1] * aside),
            )

        self.pen.polygon([at(0, -0.025), at(0.6, -0.015), at(0.6, 0.015), at(0, 0.025)], fill=(84, 62, 46))
        for level in range(5):
            low, wide = 0.22 + level * 0.15, 0.2 - level * 0.032
            self.pen.polygon([at(low, -wide), at(low + 0.26, 0), at(low, wide)], fill=self.shade(colour, 10))

    def night(self) -> None:
        """Darken everything drawn so far."""
        self.image = Image.blend(ImageChops.multiply(self.image, Image.new("RGB", self.image.size, (104, 116, 158))), _filled(NIGHT), 0.35)


def scenery(chance: random.Random) -> Scene:
    """A fresh scene without any problem in it."""
    scene = Scene(_gradient(*chance.choice(SKIES), HEIGHT), chance)
    for _ in range(5):
        place = (chance.uniform(0, WIDTH), chance.uniform(40, HORIZON - 190))
        scene.soft(place, (chance.uniform(90, 220), chance.uniform(16, 38)), (250, 250, 250), 170, 26)
    for distance, colour in enumerate(HILLS):
        _hill(scene, HORIZON - 130 + distance * 62, 90 - distance * 24, colour)
    scene.image.paste(_gradient(*MEADOW, HEIGHT - HORIZON), (0, HORIZON))
    for _ in range(260):
        y = HORIZON + (HEIGHT - HORIZON) * chance.random() ** 0.7
        x, size = chance.uniform(0, WIDTH), 3 + (y - HORIZON) / 36
        scene.pen.line((x, y, x + chance.uniform(-size, size), y - size * 1.6), fill=scene.shade((104, 132, 66), 26), width=2)
    for _ in range(9):
        x = chance.choice((chance.uniform(0, 420), chance.uniform(900, WIDTH)))
        scene.pine((x, HORIZON + chance.uniform(4, 40)), chance.uniform(110, 190), (46, 84, 60))
    _road(scene)
    return scene


def finished(scene: Scene) -> Image.Image:
    """The picture with a little camera grain."""
    raw = Image.frombytes("L", (WIDTH // 2, HEIGHT // 2), scene.chance.randbytes(WIDTH * HEIGHT // 4))
    grain = raw.resize(scene.image.size, Image.Resampling.BILINEAR).convert("RGB")
    return Image.blend(scene.image.filter(ImageFilter.GaussianBlur(0.7)), ImageChops.soft_light(scene.image, grain), 0.3)


def _hill(scene: Scene, height: float, swing: float, colour: Colour) -> None:
    start, slow, quick = scene.chance.uniform(0, 6), scene.chance.uniform(170, 260), scene.chance.uniform(60, 90)
    crest = [
        (x, height - swing * math.sin(start + x / slow) - swing * 0.22 * math.sin(start * 3 + x / quick)) for x in range(0, WIDTH + 20, 20)
    ]
    scene.pen.polygon([(0, HEIGHT), *crest, (WIDTH, HEIGHT)], fill=colour)
    for x, y in crest if colour == HILLS[-1] else ():
        scene.pine((x + scene.chance.uniform(-8, 8), y + 14), scene.chance.uniform(34, 62), scene.shade((44, 80, 62), 8))


def _road(scene: Scene) -> None:
    x, y = VANISHING
    scene.pen.polygon([(x - 14, y), (x + 14, y), (WIDTH + 130, HEIGHT), (60, HEIGHT)], fill=EARTH)
    surface = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(surface).polygon([(x - 9, y), (x + 9, y), (WIDTH - 10, HEIGHT), (190, HEIGHT)], fill=255)
    asphalt = _gradient(*ASPHALT, HEIGHT - HORIZON)
    full = Image.new("RGB", (WIDTH, HEIGHT))
    full.paste(asphalt, (0, HORIZON))
    scene.image.paste(full, (0, 0), surface)
    bottom = 600
    for near in (0.06, 0.13, 0.24, 0.42, 0.7):
        far = near * 1.34
        dash = [
            (x + (bottom - x) * part + side * 11 * part, y + (HEIGHT - y) * part)
            for part, side in ((near, -1), (near, 1), (far, 1), (far, -1))
        ]
        scene.pen.polygon(dash, fill=(222, 220, 208))


def _gradient(top: Colour, bottom: Colour, height: int) -> Image.Image:
    ramp = Image.linear_gradient("L").resize((WIDTH, height))
    return Image.composite(Image.new("RGB", ramp.size, bottom), Image.new("RGB", ramp.size, top), ramp)


def _filled(colour: Colour) -> Image.Image:
    return Image.new("RGB", (WIDTH, HEIGHT), colour)
