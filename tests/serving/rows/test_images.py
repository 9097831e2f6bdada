import base64
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.errors import InvalidInstances
from core.images.pixels import ORIENTATION, read_pixels
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.tensorflow_serving.predict import AnswerForm, decode_predict_file
from serving.rows.images import MAX_PIXELS, read_image_files
from serving.rows.tensors import RowsPointer
from serving.sessions.loaded_model import LoadedModel

# Three rows of two pixels.
GREYS = [[0, 51], [102, 153], [204, 255]]
SHARES = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
SHARES_BY_ROW = [[0.0, 0.2], [0.4, 0.6], [0.8, 1.0]]
PLACE = RowsPointer(("instances",))
FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]


def file_of(pixels, format_="PNG", mode=None, **options):
    image = Image.fromarray(np.asarray(pixels, dtype=np.uint8))
    return save(image.convert(mode) if mode else image, format_, **options)


def save(image, format_="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def row_of(content):
    return {"b64": base64.b64encode(content).decode()}


def pixels_of(model, predict, *contents):
    return predict(model, {"instances": [row_of(content) for content in contents]})["predictions"]


def signature_for(*shape, pixel_range=(0.0, 255.0)):
    return ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.IMAGE,
        input=TensorSpec(name="image", onnx_name="x", shape=shape),
        output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
        pixel_range=pixel_range,
    )


def png_header(width, height):
    """Return a PNG file with this size in its header and no pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_black_is_the_least_pixel_value_and_white_the_greatest(picture, predict):
    assert pixels_of(picture, predict, file_of(GREYS)) == [pytest.approx(SHARES)]


def test_a_pixel_range_need_not_begin_at_zero():
    batch = read_image_files([row_of(file_of(GREYS))], signature_for(3, 2, 1, pixel_range=(-1.0, 1.0)), PLACE)
    assert batch.shape == (1, 3, 2, 1)
    assert batch.dtype == np.float32
    assert batch.ravel().tolist() == pytest.approx([-1.0, -0.6, -0.2, 0.2, 0.6, 1.0])


def test_a_network_without_a_channel_axis_gets_none():
    batch = read_image_files([row_of(file_of(GREYS))], signature_for(3, 2), PLACE)
    assert batch.tolist() == [[[0.0, 51.0], [102.0, 153.0], [204.0, 255.0]]]


def test_a_jpeg_is_read(picture, predict):
    # One grey everywhere survives the compression.
    content = file_of([[102, 102]] * 3, "JPEG", quality=100)
    assert pixels_of(picture, predict, content) == [pytest.approx([0.4] * 6)]


def test_several_images_are_a_batch(picture, predict):
    answer = pixels_of(picture, predict, file_of(GREYS), file_of([[255, 255]] * 3))
    assert answer == [pytest.approx(SHARES), [1.0] * 6]


def test_a_file_may_be_sent_under_the_inputs_name_and_in_the_column_form(picture, predict):
    row = row_of(file_of(GREYS))
    assert predict(picture, {"instances": [{"image": row}]}) == {"predictions": [pytest.approx(SHARES)]}
    assert predict(picture, {"inputs": [row]}) == {"outputs": [pytest.approx(SHARES)]}
    assert predict(picture, {"inputs": {"image": [row]}}) == {"outputs": [pytest.approx(SHARES)]}


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK"])
def test_colour_is_converted_to_grey_for_a_grey_network(picture, predict, mode):
    content = file_of(GREYS, "JPEG" if mode == "CMYK" else "PNG", mode)
    tolerance = 0.05 if mode == "CMYK" else 1e-6
    assert pixels_of(picture, predict, content) == [pytest.approx(SHARES, abs=tolerance)]


def test_black_and_white_pixels_are_read(picture, predict):
    content = save(Image.fromarray(np.array([[0, 255], [255, 0], [0, 255]], dtype=np.uint8)).convert("1"))
    assert pixels_of(picture, predict, content) == [[0.0, 1.0, 1.0, 0.0, 0.0, 1.0]]


def test_grey_of_16_bits_is_scaled_and_not_cut_off(picture, predict):
    deep = Image.fromarray(np.asarray(GREYS, dtype=np.uint16) * 257)
    assert deep.mode.startswith("I")
    assert pixels_of(picture, predict, save(deep)) == [pytest.approx(SHARES)]


def test_grey_is_converted_to_colour_for_a_colour_network():
    signature = signature_for(1, 2, 3)
    assert read_image_files([row_of(file_of([[7, 9]]))], signature, PLACE).tolist() == [[[[7.0] * 3, [9.0] * 3]]]
    deep = save(Image.fromarray(np.array([[7 * 257, 9 * 257]], dtype=np.uint16)))
    batch = read_image_files([row_of(deep)], signature, PLACE)
    assert batch.ravel().tolist() == pytest.approx([7.0] * 3 + [9.0] * 3)


def test_colours_are_kept_for_a_colour_network():
    content = file_of([[[255, 0, 0], [0, 51, 102]]])
    batch = read_image_files([row_of(content)], signature_for(1, 2, 3), PLACE)
    assert batch.tolist() == [[[[255.0, 0.0, 0.0], [0.0, 51.0, 102.0]]]]


def test_a_transparent_image_is_rejected(picture, rejection):
    image = Image.fromarray(np.asarray(GREYS, dtype=np.uint8)).convert("RGBA")
    image.putpixel((0, 0), (0, 0, 0, 254))
    error = rejection(picture, {"instances": [row_of(save(image))]})
    assert error.detail == "Row 0 is a partly transparent image. Save it with an opaque background."


def test_a_wrong_size_is_rejected_with_the_right_one(picture, rejection):
    error = rejection(picture, {"instances": [row_of(file_of(GREYS)), row_of(file_of([[1, 2, 3, 4]] * 2))]})
    assert error.detail == (
        "Row 1 is an image 4 wide and 2 high; the model expects 2 wide and 3 high. Resize it before sending."
    )
    assert [(problem.pointer, problem.code) for problem in error.problems] == [("/instances/1/b64", "wrong_size")]


@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_an_image_of_too_many_pixels_is_rejected_by_its_header(picture, rejection, size):
    assert "Resize it" in rejection(picture, {"instances": [row_of(png_header(*size))]}).detail
    with pytest.raises(InvalidInstances, match=f"at most {MAX_PIXELS} are allowed"):
        read_image_files([row_of(png_header(*size))], signature_for(-1, -1, 1), PLACE)


def test_a_network_for_any_size_takes_one_size_in_a_request():
    rows = [row_of(file_of(GREYS)), row_of(file_of([[1, 2, 3, 4]]))]
    signature = signature_for(-1, -1, 1)
    assert [read_image_files([row], signature, PLACE).shape for row in rows] == [(1, 3, 2, 1), (1, 1, 4, 1)]
    with pytest.raises(InvalidInstances, match="Row 1 is an image of 1×4×1, row 0 one of 3×2×1"):
        read_image_files(rows, signature, PLACE)


@pytest.mark.parametrize("format_", ["GIF", "BMP", "TIFF", "WEBP"])
def test_the_other_formats_give_what_png_gives(picture, predict, format_):
    options = {"lossless": True} if format_ == "WEBP" else {}
    assert pixels_of(picture, predict, file_of(GREYS, format_, **options)) == [pytest.approx(SHARES)]


@pytest.mark.parametrize("format_", ["PPM", "ICO"])
def test_formats_that_are_not_read_are_rejected(picture, rejection, format_):
    error = rejection(picture, {"instances": [row_of(file_of(GREYS, format_))]})
    expected = "Row 0 is not an image of a known format. Send PNG, JPEG, WEBP, GIF, BMP or TIFF."
    assert error.detail == expected


def test_a_photograph_is_turned_before_its_size_is_checked(picture, predict):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    # The camera was turned, so the file holds the picture turned to the left.
    content = save(Image.fromarray(np.rot90(np.asarray(GREYS, np.uint8))), "PNG", exif=exif)
    assert pixels_of(picture, predict, content) == [pytest.approx(SHARES)]


@pytest.mark.parametrize("text", ["äöü", "aa a", "abc", "data:image/png;base64,aaaa"])
def test_what_is_not_base64_is_rejected(picture, rejection, text):
    error = rejection(picture, {"instances": [{"b64": text}]})
    assert error.detail.startswith("Row 0 is not base64: ")
    assert ("data: URL" in error.detail) is text.startswith("data:")


def test_characters_that_are_not_base64_are_not_skipped(picture, rejection):
    text = row_of(file_of(GREYS))["b64"]
    error = rejection(picture, {"instances": [{"b64": f"{text[:8]}*{text[8:]}"}]})
    assert error.detail.startswith("Row 0 is not base64: ")


@pytest.mark.parametrize("value", [5, None, ["aaaa"], {"b64": "aaaa"}])
def test_what_is_not_a_string_is_rejected(picture, rejection, value):
    error = rejection(picture, {"instances": [{"b64": value}]})
    assert error.detail.endswith("under 'b64', not a string.")


def test_files_and_numbers_do_not_mix(picture, rejection):
    row = row_of(file_of(GREYS))
    for rows in ([row, GREYS], [GREYS, row], [{"image": row}, {"image": GREYS}], [row, {"image": row}]):
        assert rejection(picture, {"instances": rows}).problems[0].code == "mixed_rows"


def test_a_file_is_rejected_by_a_model_that_does_not_take_images(iris, rejection):
    assert rejection(iris, {"instances": [row_of(file_of(GREYS))]}).problems[0].pointer == "/instances/0/b64"


# Pillow warns of some damage, and reads the rest.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_cut_off_anywhere_is_rejected_or_read_but_fails_in_no_other_way(picture, format_):
    content = file_of(GREYS, format_)
    num_rejected = 0
    for length in range(len(content)):
        try:
            read_image_files([row_of(content[:length])], picture.signature, PLACE)
        except InvalidInstances:
            num_rejected += 1
    # A missing checksum at the very end is not noticed.
    assert num_rejected > 0.9 * len(content) - 20


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("format_", FORMATS)
@given(data=st.data())
def test_a_damaged_file_is_rejected_or_read_but_fails_in_no_other_way(picture, format_, data):
    content = bytearray(file_of(GREYS, format_))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        batch = read_image_files([row_of(bytes(content))], picture.signature, PLACE)
    except InvalidInstances:
        return
    assert batch.shape == (1, 3, 2, 1)
    assert batch.min() >= 0
    assert batch.max() <= 1


def test_an_image_is_answered_with_labels_on_request(folder, picture, predict):
    labels = tuple("abcdef")
    model = LoadedModel(folder / "picture.onnx", picture.signature.model_copy(update={"class_labels": labels}))
    (answer,) = predict(model, {"instances": [row_of(file_of(GREYS))]}, labels=True)["predictions"]
    assert (answer["label"], answer["class"]) == ("f", 5)
    assert answer["probabilities"] == pytest.approx(dict(zip(labels, SHARES, strict=True)))


def resizing(*shape, resize="stretch", **changes):
    return signature_for(*shape).model_copy(update={"resize": resize, **changes})


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_a_model_with_resize_takes_any_size_as_training_does(resize):
    contents = [file_of(np.arange(60).reshape(6, 10) * 4), file_of([[9]]), file_of(GREYS, "JPEG")]
    batch = read_image_files([row_of(content) for content in contents], resizing(3, 2, 3, resize=resize), PLACE)
    expected = np.stack([read_pixels(content, (3, 2, 3), resize) for content in contents])
    assert np.array_equal(batch, expected)
    assert batch.dtype == np.float32


def test_a_grey_image_with_transparency_is_accepted_by_a_colour_model_that_resizes():
    image = Image.fromarray(np.array([[[255, 0], [255, 255]]], np.uint8), "LA")
    batch = read_image_files([row_of(save(image))], resizing(1, 2, 3), PLACE)
    assert batch.tolist() == [[[[0.0] * 3, [255.0] * 3]]]


def test_too_many_pixels_are_rejected_by_a_model_that_resizes_too():
    with pytest.raises(InvalidInstances, match="Row 0 is an image of 30000×30000 pixels"):
        read_image_files([row_of(png_header(30_000, 30_000))], resizing(8, 8, 1), PLACE)


def test_small_files_that_would_become_large_together_are_rejected():
    # 2,048 × 2,048 × 3 numbers fit five times into MAX_NUMBERS.
    rows = [row_of(file_of([[9]]))] * 6
    with pytest.raises(InvalidInstances, match="at most 5 images of 2048×2048×3; got 6"):
        read_image_files(rows, resizing(2048, 2048, 3), PLACE)


def test_files_get_labels_from_a_classifier_that_resizes(folder, picture, predict):
    changes = {"class_labels": tuple("abcdef"), "resize": "stretch", "task": Task.CLASSIFICATION}
    model = LoadedModel(folder / "picture.onnx", picture.signature.model_copy(update=changes))
    (answer,) = predict(model, {"instances": [row_of(file_of(GREYS))]})["predictions"]
    assert (answer["label"], answer["class"]) == ("f", 5)
    # Pixels in lists must have the network's size, and still get plain numbers.
    (row,) = predict(model, {"instances": [SHARES_BY_ROW]})["predictions"]
    assert row == pytest.approx(SHARES)


def test_a_file_is_a_body_of_its_own(picture):
    request = decode_predict_file(file_of(GREYS), picture.signature)
    assert request.batch.ravel().tolist() == pytest.approx(SHARES)
    assert request.answer_form is AnswerForm.NUMBERS
    with pytest.raises(InvalidInstances, match="The body is an image 4 wide and 2 high"):
        decode_predict_file(file_of([[1, 2, 3, 4]] * 2), picture.signature)


def test_a_file_as_the_body_is_rejected_by_a_model_that_does_not_take_images(iris):
    with pytest.raises(InvalidInstances, match="this model takes rows of 4 columns, 'sepal_length'"):
        decode_predict_file(file_of(GREYS), iris.signature)
