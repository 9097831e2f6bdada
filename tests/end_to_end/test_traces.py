"""A run's trace through the real service: from the client's span to the registered version."""

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def tree(spans, parent=PARENT):
    """Names of the spans below one, with what is below each."""
    children = [span for _, span in spans.received if span.parent_span_id.hex() == parent]
    children.sort(key=lambda span: span.start_time_unix_nano)
    return [(span.name, tree(spans, span.span_id.hex())) for span in children]


def test_a_run_is_one_trace_from_its_request_to_its_model_version(make_service, collector):
    address, spans = collector
    # The spans of a phase are sent once it is over; the default is to wait 5 s for others.
    service = make_service(TRAINYARD_TRACES_ENDPOINT=address, OTEL_BSP_SCHEDULE_DELAY="100")
    service.start_all()
    service.http.headers["traceparent"] = f"00-{TRACE}-{PARENT}-01"
    run = service.train(preset="perceptron-or")
    spans.wait_for(lambda: spans.named("attempt"))
    ((request, below),) = tree(spans)
    assert request == "POST /v1/runs"
    assert [name for name, _ in below] == ["queue", "attempt"]
    steps = [name for name, _ in below[1][1]]
    assert (steps[0], steps[-3:]) == ("start", ["export", "store", "register"])
    assert {"compile", "train"} <= set(steps)
    assert {span.trace_id.hex() for _, span in spans.received} == {TRACE}
    services = {span.name: name for name, span in spans.received}
    assert (services["POST /v1/runs"], services["register"]) == ("trainyard-api", "trainyard-worker")
    (attempt,) = spans.named("attempt")
    known = {entry.key: entry.value for entry in attempt.attributes}
    assert known["trainyard.run.id"].string_value == run["id"]
    assert known["trainyard.model.version"].int_value == run["model_version"]["version"]
    phases = sum(known[name].double_value for name in known if name.startswith("trainyard.phase."))
    assert phases * 1e9 < attempt.end_time_unix_nano - attempt.start_time_unix_nano
