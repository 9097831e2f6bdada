"""Reasons to refuse a request that fits its schema, which the document names."""

from collections.abc import Mapping, Sequence

REASONS: Mapping[str, Sequence[str]] = {
    "Fields exclude one another, or one needs another.": ["value_error"],
    "Layers, samples, targets, loss or metrics of a spec do not fit one another.": [
        "shape_mismatch",
        "metric_does_not_fit",
        "scaling_does_not_fit",
        "task_does_not_fit",
        "targets_not_scaled",
        "nothing_to_monitor",
        "nothing_to_train_on",
        "ragged_list",
        "sizes_differ",
        "lengths_differ",
        "shapes_differ",
        "windows_overlap",
        "window_too_long",
        "half_a_test",
        "test_given",
        "validation_given",
        "not_a_split",
    ],
    "A spec names a layer, weight, class, column or array that is not there, or one twice.": [
        "unknown_layer",
        "unknown_weight",
        "unknown_class",
        "class_named_twice",
        "named_twice",
        "unknown_column",
        "unknown_array",
        "not_a_feature",
        "target_is_a_date",
        "target_is_no_number",
        "negative_variance",
    ],
    "A spec names an upload that is not there, has other bytes or is of another kind.": [
        "unknown_dataset",
        "unknown_dataset_version",
        "other_bytes",
        "other_reading",
        "other_kind_of_data",
        "not_a_table",
        "not_mnist",
        "not_numbers",
        "no_classes",
        "no_features",
        "no_inputs",
        "no_samples",
        "no_targets",
        "no_values",
        "one_class",
        "too_many_classes",
    ],
    "A spec is over a limit of this service.": ["over_limit", "too_many_weights", "too_many_curves", "does_not_fit"],
    "A name is too long to be quoted, or holds characters that cannot be stored.": [
        "class_name",
        "weight_name",
        "nul_character",
    ],
    "The body of an upload is no data that a run can train on, or not what its options say.": [
        "bad_image",
        "empty",
        "mixed_contents",
        "mixed_encodings",
        "nested_values",
        "not_finite",
        "option_not_applicable",
        "ragged_rows",
        "too_large",
        "too_many_columns",
        "truncated",
        "type_does_not_fit",
        "unknown_format",
        "unknown_sheet",
        "unreadable",
        "unsafe_archive",
        "unsupported_type",
        "multipart_form",
        "no_file",
        "several_files",
        "broken_form",
        "description_too_large",
        "reading_ended",
    ],
    "An option of an upload is no encoding, mark or JSON of columns.": ["encoding", "delimiter", "columns"],
    "An option of an upload is in the address and in the form.": ["repeated_field"],
    "A cursor is not one of this list.": ["bad_cursor"],
    "A comparison names more than ten versions, or one twice.": ["bad_versions"],
    "The shadow of an alias answers requests already, or more of a metric is neither better nor worse.": [
        "shadow_answers",
        "unknown_metric",
    ],
    "A resource has changed since its ETag was read.": ["precondition_failed"],
    "An Idempotency-Key was used with another body.": ["idempotency_mismatch"],
}
"""Codes of `errors` (or, if that is empty, `code`), by what they say."""


def describe_reasons() -> str:
    """Return the reasons in Markdown."""
    lines = (f"- {text} `{'`, `'.join(codes)}`" for text, codes in REASONS.items())
    return (
        "\n## Reasons that a schema cannot say\n\nA request that fits its schema is refused only if what it names does "
        "not exist (404), if the state does not allow it (409), or for one of these, by the codes of its `errors`:\n\n"
        + "\n".join(lines)
        + "\n\nThe spec that `overrides` make of a preset is checked like any other: mistakes in it have a `pointer` "
        "into `overrides`. Rows of predictions depend on the model: 400 says what it expects.\n"
    )
