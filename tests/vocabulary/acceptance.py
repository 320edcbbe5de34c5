"""Whether llama.cpp's own grammar sampler lets a text pass, byte by byte, and lets it end."""

# llama_cpp declares its ctypes pointers as arrays that ctypes itself never makes.
# pyright: reportArgumentType=false

from __future__ import annotations

import ctypes
from pathlib import Path

import llama_cpp

UNKNOWN, BEGIN, END = 0, 1, 2
FIRST_BYTE = 3


def write_byte_vocabulary(path: Path) -> Path:
    """A GGUF file with a vocabulary of the 256 bytes and no weights."""
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    kinds = gguf.TokenType
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))])
    writer.add_token_scores([0.0] * 259)
    writer.add_token_types([kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL, *[kinds.BYTE] * 256])
    writer.add_unk_token_id(UNKNOWN)
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


class ByteVocabulary:
    """llama.cpp with a vocabulary of bytes: what its grammars are tried on."""

    def __init__(self, path: Path) -> None:
        parameters = llama_cpp.llama_model_default_params()
        parameters.vocab_only = True
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
        assert self._model
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)

    def grammar(self, text: str) -> Grammar:
        """The grammar `text`; fails where llama.cpp can't read it."""
        sampler = llama_cpp.llama_sampler_init_grammar(self._vocabulary, text.encode(), b"root")
        assert sampler, "llama.cpp can't read the grammar"
        return Grammar(sampler)


class Grammar:
    """A grammar in llama.cpp."""

    def __init__(self, sampler: llama_cpp.llama_sampler_p) -> None:
        self._sampler = sampler
        self._candidate = (llama_cpp.llama_token_data * 1)()

    def accepts(self, text: str) -> bool:
        """Whether the whole text passes and may end there."""
        return self.stops_at(text) is None

    def stops_at(self, text: str) -> int | None:
        """The count of bytes that pass where the text doesn't, else None."""
        llama_cpp.llama_sampler_reset(self._sampler)
        data = text.encode()
        for index, byte in enumerate(data):
            if not self._allows(FIRST_BYTE + byte):
                return index
            llama_cpp.llama_sampler_accept(self._sampler, FIRST_BYTE + byte)
        return None if self._allows(END) else len(data)

    def _allows(self, token: int) -> bool:
        self._candidate[0] = llama_cpp.llama_token_data(token, 0.0, 0.0)
        offered = llama_cpp.llama_token_data_array(self._candidate, 1, -1, False)
        llama_cpp.llama_sampler_apply(self._sampler, ctypes.byref(offered))
        return self._candidate[0].logit != float("-inf")
