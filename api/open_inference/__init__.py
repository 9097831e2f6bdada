"""The Open Inference Protocol, version 2, of KServe and Triton (serving/protocols/open_inference/)."""
