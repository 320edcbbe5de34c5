// Runs a loresmith command in ai-training/.venv, which is made first when it is missing or stale.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const ENVIRONMENT = 3;
const OLDEST = [3, 11];
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const venv = process.env.LORESMITH_VENV ?? join(root, "ai-training", ".venv");
const windows = process.platform === "win32";
const python = windows ? join(venv, "Scripts", "python.exe") : join(venv, "bin", "python");

/** The commands to try, in order; LORESMITH_PYTHON wins over all. */
function candidates() {
  if (process.env.LORESMITH_PYTHON) return [[process.env.LORESMITH_PYTHON]];
  const names = ["python3.13", "python3.12", "python3.11", "python3", "python"].map((name) => [name]);
  return windows ? [["py", "-3"], ["python"]] : names;
}

/** The version of a Python command as [major, minor], or null when it doesn't run. */
function versionOf(command) {
  const probe = "import sys; print(*sys.version_info[:2])";
  const done = spawnSync(command[0], [...command.slice(1), "-c", probe], { encoding: "utf8" });
  return done.status === 0 ? done.stdout.trim().split(" ").map(Number) : null;
}

const recentEnough = ([major, minor]) => major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);

function findPython() {
  const seen = [];
  for (const command of candidates()) {
    const version = versionOf(command);
    if (version && recentEnough(version)) return command;
    if (version) seen.push(`${command.join(" ")} is ${version.join(".")}`);
  }
  const install = { darwin: "brew install python@3.12", win32: "winget install Python.Python.3.12" };
  console.error(`error: loresmith needs Python ${OLDEST.join(".")} or newer${seen.length ? `; ${seen.join(", ")}` : ""}.`);
  console.error(`  help: ${install[process.platform] ?? "sudo apt install python3 python3-venv"}, or name one in LORESMITH_PYTHON.`);
  process.exit(ENVIRONMENT);
}

/** What the environment must have been made from: the lock and the script that makes it. */
function wantedStamp() {
  const hash = createHash("sha256");
  for (const file of ["requirements.lock", "bootstrap/environment.py"]) hash.update(readFileSync(join(root, file)));
  return `${hash.digest("hex")} ${root}`;
}

function isReady() {
  const stamp = join(venv, "loresmith.stamp");
  return existsSync(python) && existsSync(stamp) && readFileSync(stamp, "utf8") === wantedStamp();
}

/** Run a command with our own terminal; gives its exit code, 130 when it was interrupted. */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", cwd: process.cwd() });
    // A terminal sends Ctrl-C to the child as well: wait for it to put its state away.
    process.on("SIGINT", () => {});
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    child.on("error", (error) => {
      console.error(`error: ${command} can't be run: ${error.message}`);
      resolve(ENVIRONMENT);
    });
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

async function test(args) {
  const checks = [
    ["-m", "ruff", "check", "."],
    ["-m", "ruff", "format", "--check", "."],
    ["-m", "basedpyright"],
    ["-m", "pytest", ...args],
  ];
  for (const check of args.length ? checks.slice(-1) : checks) {
    const code = await run(python, check);
    if (code !== 0) return code;
  }
  return 0;
}

const [command, ...rest] = process.argv.slice(2);
const args = rest[0] === "--" ? rest.slice(1) : rest;
if (!isReady()) {
  const [interpreter, ...options] = findPython();
  const made = await run(interpreter, [...options, join(root, "bootstrap", "environment.py"), venv, wantedStamp()]);
  if (made !== 0) process.exit(made);
}
process.exit(command === "test" ? await test(args) : await run(python, ["-m", "loresmith", command, ...args]));
