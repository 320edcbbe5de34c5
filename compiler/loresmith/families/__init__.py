"""The one place that knows a model family's quirks."""
