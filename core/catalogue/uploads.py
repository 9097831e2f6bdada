"""Uploads that the figures of docs/catalogue.md were measured on."""

from core.datasets.mnist import MNIST, PUBLISHED_SHA256

PUBLISHED_UPLOADS = {
    MNIST: PUBLISHED_SHA256,
    "cifar10": "ee76cb8cad525e8c5a5117a66ca036869c0b804e0eedb496ff61535c824ad3bd",
}
"""The sha256 of each, by the name under which presets expect it; `cifar10` is cifar10-images.tar.xz."""
