"""Uploaded images as samples, in source."""

from core.code.datasets.base import Loaded, SourceContext, require_upload
from core.code.datasets.splits import CHOSEN_AT_RANDOM, DRAW_FROM_CLASSES, write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_factor
from core.code.seeds import define_random_generator
from core.code.source import items, literal
from core.code.uploads.file import write_file
from core.datasets.images import ImagesDataset
from core.datasets.shape import GREATEST_BYTE
from core.uploads.description import ImagesDescription, SplitName

_PLACE = '''
def place_image(path):
    """Return the split and the class of an image by its folders."""
    return Path(path).parts[-3 if HAS_SPLITS else -2].lower(), Path(path).parts[-2]
'''

_READ = '''
def read_pixels(content):
    """Read an image file as pixels of one size, turned upright and laid on black."""
    image = Image.open(io.BytesIO(content))
    image.draft(None, (3 * WIDTH, 3 * HEIGHT))
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image)
    image = fit(image.convert({mode}))
    return np.array(image).reshape(HEIGHT, WIDTH, {channels})
'''

_FITS = {
    "stretch": '''
def fit(image):
    """Fit both sides, without keeping the proportions."""
    if image.size == (WIDTH, HEIGHT):
        return image
    return image.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, reducing_gap=3.0)
''',
    "crop": '''
def fit(image):
    """Fit the shorter side, and cut off the excess of the longer one on both ends."""
    if image.size == (WIDTH, HEIGHT):
        return image
    scale = min(image.width / WIDTH, image.height / HEIGHT)
    left = max(0.0, (image.width - WIDTH * scale) / 2)
    top = max(0.0, (image.height - HEIGHT * scale) / 2)
    right = min(image.width, left + WIDTH * scale)
    bottom = min(image.height, top + HEIGHT * scale)
    box = (left, top, right, bottom)
    size = (WIDTH, HEIGHT)
    return image.resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)
''',
    "pad": '''
def fit(image):
    """Fit the longer side, and fill the rest with black."""
    if image.size == (WIDTH, HEIGHT):
        return image
    scale = min(WIDTH / image.width, HEIGHT / image.height)
    width = min(WIDTH, max(1, round(image.width * scale)))
    height = min(HEIGHT, max(1, round(image.height * scale)))
    inner = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3.0)
    framed = Image.new(image.mode, (WIDTH, HEIGHT))
    framed.paste(inner, ((WIDTH - width) // 2, (HEIGHT - height) // 2))
    return framed
''',
}

SPLIT_FOLDERS: dict[SplitName, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""Names of the folders of a split, as ingest.archive_layout knows them."""


def write(draft: Draft, dataset: ImagesDataset, context: SourceContext) -> Loaded:
    """Read the images of an upload and split them."""
    upload = require_upload(context)
    description = upload.file.description
    assert isinstance(description, ImagesDescription)  # noqa: S101 - ImagesDataset.shape has checked it.
    height, width, channels = context.shape.input_shape
    draft.need("import io", "import numpy as np", "from PIL import Image, ImageOps")
    draft.need_package("pillow")
    write_file(draft, upload)
    draft.data.add(f"HEIGHT, WIDTH = {height}, {width}", f"HAS_SPLITS = {bool(description.splits)}")
    draft.data.define(_PLACE)
    draft.data.define(_FITS[dataset.resize])
    mode = literal("L" if channels == 1 else "RGB")
    draft.data.define(_READ.replace("{mode}", mode).replace("{channels}", str(channels)))
    draft.data.assign("CLASSES", items(map(literal, context.shape.class_labels)))
    draft.differences.append(
        "Images are decoded by Pillow alone: pixels of 16 bits, and transparent ones of some formats, may differ from "
        "the run's by rounding."
    )
    _write_samples(draft, dataset, description)
    given = [part for part in ("validation", "test") if description.splits.get(part)]
    loaded = write_split(draft, dataset.split, context, given=given)
    return write_factor(draft, loaded, GREATEST_BYTE if dataset.rescale else 1, dataset.augmentation)


def _write_samples(draft: Draft, dataset: ImagesDataset, description: ImagesDescription) -> None:
    suffixes = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
    draft.data.add(
        f"suffixes = {literal(suffixes)}",
        "paths = sorted(path for path in files if path.lower().endswith(suffixes))",
        "targets = np.array([CLASSES.index(place_image(path)[1]) for path in paths])",
    )
    most = {"train": dataset.max_train_samples, "test": dataset.max_test_samples}
    has_thinned = any(most.values())
    if has_thinned:
        define_random_generator(draft)
        draft.data.define(DRAW_FROM_CLASSES.replace("{choice}", CHOSEN_AT_RANDOM))
    for part, folders in SPLIT_FOLDERS.items():
        if part != "train" and not description.splits.get(part):
            continue
        chosen = (
            [
                f"folders = {literal(folders)}",
                "rows = [n for n, path in enumerate(paths) if place_image(path)[0] in folders]",
            ]
            if description.splits
            else ["rows = np.arange(len(paths))"]
        )
        draft.data.add(*chosen, f"{part}_rows = np.array(rows)")
        if most.get(part) is not None:
            draft.data.add(
                f"if len({part}_rows) > {most[part]}:",
                f'    random = random_generator("images", {literal(part)})',
                f"    {part}_rows = np.sort(draw_from_classes({part}_rows, {most[part]}, random))",
            )
        if part != "train":
            draft.data.add(
                f"x_{part} = np.stack([read_pixels(files[paths[row]]) for row in {part}_rows])",
                f"y_{part} = targets[{part}_rows]",
            )
    draft.data.add(
        "inputs = np.stack([read_pixels(files[paths[row]]) for row in train_rows])",
        "targets = targets[train_rows]",
    )
