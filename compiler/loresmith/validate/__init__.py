"""Does the model file do what it was built for? Its answers to held-out prompts, judged."""
