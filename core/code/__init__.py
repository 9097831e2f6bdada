"""Code: a Keras program that trains the network of a spec on its data, without Trainyard."""
