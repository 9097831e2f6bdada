import pytest

from core.datasets.mnist import PUBLISHED_SHA256
from core.errors import DatasetMissing, InvalidSpec
from core.signatures.signature import InputKind
from core.uploads.description import ArraysDescription, ValueCount


@pytest.fixture
def mnist(read):
    return lambda **fields: read({"name": "mnist", **fields})


def test_no_more_mnist_images_are_asked_for_than_there_are(dataset):
    found = dataset({"name": "mnist", "max_train_samples": 60_001, "max_test_samples": 10_001})
    assert list(found) == ["/max_train_samples", "/max_test_samples"]


def test_mnist_brings_its_test_images(shape):
    images = shape({"name": "mnist", "split": {"validation": 0.1}})
    assert (images.input_shape, images.network_input_shape) == ((28, 28), (28, 28))
    assert (images.input_kind, images.pixel_range) == (InputKind.IMAGE, (0, 255))
    assert (images.num_train, images.num_validation, images.num_test) == (54_000, 6_000, 10_000)
    assert images.class_labels == tuple(range(10))


def test_fewer_mnist_images_can_be_asked_for(shape):
    images = shape({"name": "mnist", "max_train_samples": 300, "max_test_samples": 100, "split": {"validation": 50}})
    assert (images.num_train, images.num_validation, images.num_test) == (250, 50, 100)


def test_a_spec_names_the_upload_mnist_unless_it_says_otherwise(mnist):
    assert (mnist().dataset, mnist().version, mnist().sha256) == ("mnist", None, None)
    assert mnist(dataset="fewer-digits", version=2).dataset == "fewer-digits"


def test_the_published_files_are_trained_on_without_a_warning(mnist, describe_mnist):
    assert mnist(sha256=PUBLISHED_SHA256).shape(describe_mnist()).warnings == ()


def test_another_upload_is_trained_on_with_a_warning_of_what_it_holds(mnist, describe_mnist):
    images = mnist(sha256="0" * 64).shape(describe_mnist(5_000, 1_000))
    assert (images.num_train, images.num_test) == (5_000, 1_000)
    (warning,) = images.warnings
    assert (warning.code, warning.pointer) == ("not_published_mnist", "/dataset/dataset")
    assert "'mnist' is not the published MNIST" in warning.detail
    assert "5,000 training and 1,000 test images" in warning.detail


def test_mnist_that_was_not_uploaded_names_the_command_that_uploads_it(mnist):
    with pytest.raises(DatasetMissing, match=r"no dataset 'mnist'. Upload it: trainyard data add mnist DIR"):
        mnist().shape(None)


@pytest.mark.parametrize(
    ("number", "change", "words"),
    [
        (
            0,
            {"name": "other"},
            "holds other, t10k-labels-idx1-ubyte, .*expected images and labels for training and",
        ),
        (
            2,
            {"dtype": "float32"},
            r"'train-images-idx3-ubyte' has shape \(50, 28, 28\) of float32; expected \(n, 28",
        ),
        (2, {"shape": (50, 32, 32)}, r"has shape \(50, 32, 32\) of uint8"),
        (2, {"shape": ()}, r"has shape \(\) of uint8"),
        (1, {"shape": (21,)}, r"'t10k-labels-idx1-ubyte' has shape \(21,\) of uint8; expected \(20,\) of integers"),
        (3, {"dtype": "float64"}, r"of float64; expected \(50,\) of integers"),
        (3, {"values": (ValueCount(value="11", count=50),)}, "holds the label 11; expected digits from 0 to 9"),
        (3, {"values": ()}, "holds over 1,000 different labels; expected digits"),
    ],
)
def test_an_upload_of_other_arrays_is_rejected_saying_what_was_expected(mnist, describe_mnist, number, change, words):
    arrays = list(describe_mnist(50, 20).arrays)
    arrays[number] = arrays[number].model_copy(update=change)
    with pytest.raises(
        InvalidSpec, match=f"'mnist' does not hold MNIST: .*{words}.*trainyard data add mnist DIR"
    ) as caught:
        mnist().shape(ArraysDescription(arrays=tuple(arrays)))
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [("/dataset/dataset", "not_mnist")]
