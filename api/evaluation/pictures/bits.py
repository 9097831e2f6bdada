"""Sequences of bits: how many are right, place by place."""

from api.evaluation.pictures.drawing import DEEP, GRID, MUTED, Block, box, line, show_share, text
from api.evaluation.pictures.tables import draw_table
from core.evaluation import BitsEvaluation

HEIGHT, WIDTH = 180, 520

LEFT, TOP, BOTTOM = 52, 34, 46

MOST_NUMBERED = 32


def draw_bits(answers: BitsEvaluation) -> list[Block]:
    """The two shares, and a bar for each place."""
    rows = [
        ["bits that are right", show_share(answers.bit_accuracy)],
        ["sequences that are right as a whole", show_share(answers.sequence_accuracy)],
    ]
    return [draw_table(("", "share"), rows, max(len(row[0]) for row in rows)), _draw_places(answers)]


def _draw_places(answers: BitsEvaluation) -> Block:
    shares = answers.accuracy_by_place
    step = WIDTH / len(shares)
    parts = [text(0, 14, "Right bits by place", weight=600, size=15)]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = TOP + HEIGHT * (1 - share)
        parts.append(line(LEFT, y, LEFT + WIDTH, y, stroke=GRID))
        parts.append(text(LEFT - 8, y + 4, f"{share:.0%}", anchor="end", size=11, fill=MUTED))
    for place, share in enumerate(shares):
        x = LEFT + place * step
        height = HEIGHT * share
        told = f"place {place}: {share:.2%}"
        parts.append(box(x + step * 0.15, TOP + HEIGHT - height, step * 0.7, height, fill=DEEP, told=told))
        if len(shares) <= MOST_NUMBERED:
            parts.append(text(x + step / 2, TOP + HEIGHT + 16, str(place), anchor="middle", size=11, fill=MUTED))
    words = "place, the least significant first"
    parts.append(text(LEFT + WIDTH / 2, TOP + HEIGHT + 36, words, anchor="middle", size=12, fill=MUTED))
    return Block(LEFT + WIDTH, TOP + HEIGHT + BOTTOM, tuple(parts))
