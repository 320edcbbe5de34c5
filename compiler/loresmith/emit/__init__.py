"""What others get of the tool vocabulary: a decoding grammar, a JSON Schema, TypeScript."""
