"""PNG files of SVG images, with fonts that are shipped: containers have none."""

from functools import cache
from pathlib import Path

MAX_PIXELS = 16_000_000

FONTS = Path(__file__).parent / "fonts"

FAMILY = "DejaVu Sans"


def rasterise(svg: str, scale: float) -> bytes:
    """Return a PNG file of an SVG image, its width and height multiplied by `scale`."""
    # Needed for PNG alone, and takes some megabytes.
    from resvg_py import svg_to_bytes  # noqa: PLC0415

    return bytes(
        svg_to_bytes(
            svg_string=svg,
            zoom=scale,
            skip_system_fonts=True,
            font_files=_list_fonts(),
            font_family=FAMILY,
            sans_serif_family=FAMILY,
        )
    )


@cache
def _list_fonts() -> list[str]:
    return [str(path) for path in sorted(FONTS.glob("*.ttf"))]
