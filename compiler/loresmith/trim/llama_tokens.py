"""How llama.cpp tokenizes with a folder's vocabulary, in a process of its own.

`python -m loresmith.trim.llama_tokens REQUEST RESPONSE` is the child's side.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from loresmith.diagnostics.failure import Rejected
from loresmith.export.converter import run_converter
from loresmith.process.child import ChildFailed, run_child


def llama_tokens(folder: Path, texts: Sequence[str]) -> list[list[int]]:
    """The ids of each text by llama.cpp, special tokens matched and none added.

    Raises Rejected when the vocabulary can't be converted or llama.cpp can't load it, EnvironmentFailure when the
    converter is missing.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file, asked, said = (Path(scratch) / name for name in ("vocabulary.gguf", "asked.json", "said.json"))
        run_converter("model", ["--vocab-only", str(folder)], file, lambda _: None)
        asked.write_text(json.dumps({"file": str(file), "texts": list(texts)}), encoding="utf-8")
        try:
            run_child("loresmith.trim.llama_tokens", [str(asked), str(said)], lambda _: None)
        except ChildFailed as error:
            raise Rejected(f"llama.cpp can't tokenize with the trimmed vocabulary: {error.said}") from error
        return json.loads(said.read_text(encoding="utf-8"))


def main() -> None:
    """Load the vocabulary alone and tokenize every text of the request."""
    from llama_cpp import Llama

    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    model = Llama(model_path=request["file"], vocab_only=True, verbose=False)
    ids = [model.tokenize(text.encode(), add_bos=False, special=True) for text in request["texts"]]
    Path(sys.argv[2]).write_text(json.dumps(ids), encoding="utf-8")


if __name__ == "__main__":
    main()
