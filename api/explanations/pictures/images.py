"""Heat maps over images: what speaks for the explained class is red, what speaks against it blue."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.explanations.schemas import ExplanationReport, HeatMapEntry, RowExplanationEntry
from api.pictures.drawing import MUTED, Block, cut, document, show_number, text
from core.signatures.labels import label_text

SIDE = 256
"""Longer side of a drawn image, in pixels."""

GAP = 16

GREATEST_BYTE = 255

FOR, AGAINST = (220, 38, 38), (3, 105, 161)

STRONGEST = 0.75
"""Opacity of the color where it matters most."""

PALE = 0.55
"""Share of the contrast that an image keeps below its heat map."""

PixelRange = tuple[float, float]


def draw_heat_maps(report: ExplanationReport, batch: NDArray[Any], pixel_range: PixelRange) -> str:
    """Return an SVG image: each image, and beside it with its heat map.

    Args:
        report: Explanations of the images.
        batch: (n, height, width[, channels]), as the network received them.
        pixel_range: Least and greatest value of a pixel.
    """
    title = f"{cut(report.model, 40)} version {report.version}: parts that matter"
    words = "Red speaks for the class, blue against it: how much its score falls when the part is hidden."
    heading = Block(
        2 * SIDE + GAP, 40, (text(0, 18, title, size=18, weight=600), text(0, 38, words, size=12, fill=MUTED))
    )
    blocks = [
        _draw_image(place, row, plain, painted)
        for place, (row, (plain, painted)) in enumerate(
            zip(report.explanations, _paint_all(report, batch, pixel_range), strict=True)
        )
    ]
    return document(title, [heading, *blocks])


def paint_heat_maps(report: ExplanationReport, batch: NDArray[Any], pixel_range: PixelRange) -> bytes:
    """Return a PNG image: images above one another, each beside itself with its heat map.

    Args:
        report: Explanations of the images.
        batch: (n, height, width[, channels]), as the network received them.
        pixel_range: Least and greatest value of a pixel.
    """
    pairs = _paint_all(report, batch, pixel_range)
    width = max(plain.width for plain, _ in pairs) * 2 + GAP
    height = sum(plain.height for plain, _ in pairs) + GAP * (len(pairs) - 1)
    sheet = Image.new("RGB", (width, height), "white")
    top = 0
    for plain, painted in pairs:
        sheet.paste(plain, (0, top))
        sheet.paste(painted, (plain.width + GAP, top))
        top += plain.height + GAP
    return _encode(sheet)


def _draw_image(place: int, row: RowExplanationEntry, plain: Image.Image, painted: Image.Image) -> Block:
    name = "prediction" if row.target is None else cut(label_text(row.target), 30)
    parts = [text(0, 14, f"Image {place} · {name} {show_number(row.prediction)}", weight=600, size=15)]
    for column, picture in enumerate((plain, painted)):
        data = base64.b64encode(_encode(picture)).decode()
        parts.append(
            f'<image x="{column * (plain.width + GAP)}" y="26" width="{picture.width}" height="{picture.height}" '
            f'href="data:image/png;base64,{data}"/>'
        )
    return Block(2 * plain.width + GAP, 26 + plain.height, tuple(parts))


def _paint_all(
    report: ExplanationReport, batch: NDArray[Any], pixel_range: PixelRange
) -> list[tuple[Image.Image, Image.Image]]:
    """Return each image, enlarged, and with its heat map."""
    pairs = []
    for row, pixels in zip(report.explanations, batch, strict=True):
        plain = _enlarge(_to_colors(pixels, pixel_range))
        pairs.append((plain, plain if row.heat_map is None else _paint(plain, row.heat_map, pixels.shape[:2])))
    return pairs


def _to_colors(pixels: NDArray[Any], pixel_range: PixelRange) -> Image.Image:
    least, greatest = pixel_range
    shares = np.nan_to_num((pixels.astype(np.float64) - least) / ((greatest - least) or 1.0))
    levels = (np.clip(shares, 0, 1) * GREATEST_BYTE).round().astype(np.uint8)
    levels = levels.reshape(*levels.shape[:2], -1)
    return Image.fromarray(levels if levels.shape[2] > 1 else levels[:, :, 0]).convert("RGB")


def _enlarge(image: Image.Image) -> Image.Image:
    """Return an image whose longer side is about SIDE; pixels of a small one stay squares."""
    longest = max(image.size)
    if longest <= SIDE:
        scale = max(SIDE // longest, 1)
        return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
    size = (max(image.width * SIDE // longest, 1), max(image.height * SIDE // longest, 1))
    return image.resize(size, Image.Resampling.LANCZOS)


def _paint(plain: Image.Image, heat_map: HeatMapEntry, shape: Sequence[int]) -> Image.Image:
    cells = np.nan_to_num(np.array(heat_map.cells, np.float32))
    # The last cells may reach beyond the image.
    covered = (cells.shape[1] * heat_map.cell_width / shape[1], cells.shape[0] * heat_map.cell_height / shape[0])
    size = tuple(max(round(length * share), 1) for length, share in zip(plain.size, covered, strict=True))
    smooth = np.asarray(Image.fromarray(cells).resize((size[0], size[1]), Image.Resampling.BICUBIC))
    heat = smooth[: plain.height, : plain.width]
    greatest = float(np.abs(cells).max()) or 1.0
    strength = np.clip(np.abs(heat) / greatest, 0, 1)[:, :, None] * STRONGEST
    colors = np.where(heat[:, :, None] >= 0, np.array(FOR), np.array(AGAINST))
    grey = np.asarray(plain.convert("L"), np.float64)[:, :, None] * PALE + GREATEST_BYTE * (1 - PALE)
    return Image.fromarray((grey * (1 - strength) + colors * strength).round().astype(np.uint8))


def _encode(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
