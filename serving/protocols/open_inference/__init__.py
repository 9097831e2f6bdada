"""The Open Inference Protocol, version 2, of KServe and Triton: codecs of requests and responses."""
