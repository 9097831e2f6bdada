"""Networks: each layer's specification, and its rule for shapes, parameters and FLOPs."""
