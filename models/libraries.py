"""TensorFlow and Keras as imported, with the settings that have to come first. Importing them looks for no devices.

Import them from models/runtime.py, which then prepares the devices. A spare trainer imports this module alone until it
knows which devices it gets: CUDA_VISIBLE_DEVICES is read when CUDA is initialized, and importing does not do that.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
# The log of a trainer is for its user: no banners about processor features or a missing GPU.
# Errors of a run are still raised as exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

__all__ = ["keras", "tf"]
