def test_no_more_mnist_images_are_used_than_there_are(dataset):
    found = dataset({"name": "mnist", "max_train_samples": 60_001, "max_test_samples": 10_001})
    assert list(found) == ["/max_train_samples", "/max_test_samples"]


def test_mnist_brings_its_test_images(shape):
    images = shape({"name": "mnist", "split": {"validation": 0.1}})
    assert (images.input_shape, images.network_input_shape) == ((28, 28), (28, 28))
    assert images.pixel_range == (0, 255)
    assert (images.num_train, images.num_validation, images.num_test) == (54_000, 6_000, 10_000)


def test_fewer_mnist_images_can_be_asked_for(shape):
    images = shape({"name": "mnist", "max_train_samples": 300, "max_test_samples": 100, "split": {"validation": 50}})
    assert (images.num_train, images.num_validation, images.num_test) == (250, 50, 100)
