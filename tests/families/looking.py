"""Shows a picture to a projector file: `python looking.py MODEL PROJECTOR OUTPUT SHADE`.

libmtmd ends its process on a projector whose shapes it can't multiply, so a test runs this as a child.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from llama_cpp import mtmd_cpp

SIDE = 768


def main() -> None:
    """Encode a made picture and write its features, tokens by width."""
    file, projector, output, shade = sys.argv[1:]
    model: Any = llama_cpp.llama_model_load_from_file(file.encode(), llama_cpp.llama_model_default_params())
    settings = mtmd_cpp.mtmd_context_params_default()
    settings.use_gpu, settings.warmup, settings.n_threads = False, False, 2
    context: Any = mtmd_cpp.mtmd_init_from_file(projector.encode(), model, settings)
    chunk = _image_chunk(context, int(shade))
    if mtmd_cpp.mtmd_encode_chunk(context, chunk) != 0:
        sys.exit("the picture can't be encoded")
    tokens = mtmd_cpp.mtmd_input_chunk_get_n_tokens(chunk)
    width = llama_cpp.llama_model_n_embd(model)
    features: Any = mtmd_cpp.mtmd_get_output_embd(context)
    np.save(Path(output), np.ctypeslib.as_array(features, shape=(tokens, width)))


def _image_chunk(context: Any, shade: int) -> Any:
    row = np.linspace(0, shade, SIDE, dtype=np.uint8)
    pixels = np.repeat(np.tile(row, (SIDE, 1))[:, :, None], 3, axis=2).tobytes()
    data: Any = (ctypes.c_uint8 * len(pixels)).from_buffer_copy(pixels)
    bitmap: Any = mtmd_cpp.mtmd_bitmap_init(SIDE, SIDE, data)
    marker: Any = mtmd_cpp.mtmd_default_marker()
    text = mtmd_cpp.mtmd_input_text()
    text.text, text.text_len, text.add_special, text.parse_special = marker, len(marker), True, True
    chunks: Any = mtmd_cpp.mtmd_input_chunks_init()
    bitmaps: Any = (mtmd_cpp.mtmd_bitmap_p_ctypes * 1)(bitmap)
    pointer: Any = ctypes.byref(text)
    if mtmd_cpp.mtmd_tokenize(context, chunks, pointer, bitmaps, 1) != 0:
        sys.exit("the prompt can't be tokenized")
    for number in range(mtmd_cpp.mtmd_input_chunks_size(chunks)):
        chunk: Any = mtmd_cpp.mtmd_input_chunks_get(chunks, number)
        if mtmd_cpp.mtmd_input_chunk_get_type(chunk) == mtmd_cpp.MTMD_INPUT_CHUNK_TYPE_IMAGE:
            return chunk
    return sys.exit("the prompt has no picture")


if __name__ == "__main__":
    main()
