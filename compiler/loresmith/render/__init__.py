"""The only place that builds a prompt: messages to text to token ids with loss spans."""
