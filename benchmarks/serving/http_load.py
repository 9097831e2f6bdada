"""`python -m benchmarks.serving.http_load`: carries out an order over HTTP."""

import sys

from benchmarks.serving.judging import Judge
from benchmarks.serving.load import Generator
from benchmarks.serving.measuring import read_order, write_measurement
from benchmarks.serving.samples import Samples
from benchmarks.serving.wire import FORMS, make_request


def main() -> None:
    """Read an order from standard input and print its measurement."""
    order = read_order(sys.stdin.read())
    samples, form = Samples.read(order.samples), FORMS[order.form]
    requests = [make_request(form, order.model, rows, order.headers) for rows in samples.rows]
    generator = Generator(
        order.port, requests, order.num_connections, Judge(samples.outputs, form.decode), order.server_pid
    )
    print(write_measurement(generator.run(order.warm_seconds, order.seconds)))


if __name__ == "__main__":
    main()
