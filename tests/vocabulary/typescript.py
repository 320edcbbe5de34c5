"""The emitted TypeScript, compiled by the real compiler and run by node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

STRICT = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noUnusedLocals"]
MODULES = ["--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler"]
LOOP = """\
import { createInterface } from "node:readline";
import { parseToolCalls } from "./tools.js";
for await (const line of createInterface({ input: process.stdin })) {
  const [text, members] = JSON.parse(line);
  console.log(JSON.stringify(parseToolCalls(text, members)));
}
"""


def install_compiler(folder: Path) -> Path | None:
    """The compiler from npm, in `folder`; None where there is no registry to get it from."""
    compiler = folder / "node_modules" / "typescript" / "lib" / "tsc.js"
    if not compiler.is_file():
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0"]
        command = ["npm", "install", "--prefix", str(folder), "typescript@5.9.3", *options]
        subprocess.run(command, capture_output=True, check=False, timeout=120)
    return compiler if compiler.is_file() else None


def compile_typescript(compiler: Path, sources: list[Path], out: Path) -> str:
    """What the compiler says of the sources; their JavaScript goes to `out`."""
    command = ["node", str(compiler), *STRICT, *MODULES, "--outDir", str(out), *map(str, sources)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


class Parser:
    """`parseToolCalls` in a node process that answers line by line."""

    def __init__(self, folder: Path) -> None:
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "loop.js").write_text(LOOP)
        command = ["node", str(folder / "loop.js")]
        self._node = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def calls(self, text: str, members: int) -> list[dict[str, Any]]:
        """The calls that it finds in a text."""
        assert self._node.stdin and self._node.stdout
        self._node.stdin.write(json.dumps([text, members]) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._node.stdin and self._node.stdout
        self._node.stdin.close()
        self._node.wait(timeout=10)
        self._node.stdout.close()
