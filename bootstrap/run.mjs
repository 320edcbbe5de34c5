// Runs a loresmith command in ai-training/.venv, which is made first when it is missing or stale.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve as absolute } from "node:path";
import { fileURLToPath } from "node:url";

const INVALID_CALL = 2;
const ENVIRONMENT = 3;
const OLDEST = [3, 11];
const SAME_KEYSTROKE_MS = 1000;
/** A worker takes whole files, whose tests share what they build; more than four would want more memory than laptops have. */
const ON_SEVERAL_CORES = "--numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder".split(" ");
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const venv = absolute(process.env.LORESMITH_VENV || join(root, "ai-training", ".venv"));
const windows = process.platform === "win32";
const python = windows ? join(venv, "Scripts", "python.exe") : join(venv, "bin", "python");

/** The Python commands to try, in order; LORESMITH_PYTHON wins over all. */
function candidates() {
  if (process.env.LORESMITH_PYTHON) return [[process.env.LORESMITH_PYTHON]];
  const names = ["python3.13", "python3.12", "python3.11", "python3", "python"].map((name) => [name]);
  return windows ? [["py", "-3"], ["python"]] : names;
}

/** The version of a Python command as [major, minor], or null when it doesn't run. */
function versionOf([command, ...options]) {
  const probe = "import sys; print(*sys.version_info[:2])";
  const done = spawnSync(command, [...options, "-c", probe], { encoding: "utf8" });
  return done.status === 0 ? done.stdout.trim().split(" ").map(Number) : null;
}

const recentEnough = ([major, minor]) => major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);

/** The first command that is a recent enough Python; says what to install and exits when there is none. */
function findPython() {
  const seen = [];
  for (const command of candidates()) {
    const version = versionOf(command);
    if (version && recentEnough(version)) return command;
    if (version) seen.push(`${command.join(" ")} is ${version.join(".")}`);
    else if (process.env.LORESMITH_PYTHON) seen.push(`LORESMITH_PYTHON=${command[0]} doesn't run`);
  }
  const found = seen.length ? seen.join(", ") : "none was found";
  console.error(`error: loresmith needs Python ${OLDEST.join(".")} or newer; ${found}.`);
  console.error(`  help: ${howToInstall()}, or name one in LORESMITH_PYTHON; then run the same command again.`);
  process.exit(ENVIRONMENT);
}

function howToInstall() {
  const known = { darwin: "brew install python@3.12", win32: "winget install Python.Python.3.12" };
  const linux = existsSync("/usr/bin/dnf") ? "sudo dnf install python3.12" : "sudo apt install python3 python3-venv";
  return known[process.platform] ?? linux;
}

/** What the environment is made from, as one hash: the pins and the scripts that install them. */
function key() {
  const hash = createHash("sha256");
  const scripts = readdirSync(join(root, "bootstrap")).filter((name) => name.endsWith(".py")).sort();
  for (const file of ["requirements.lock", ...scripts.map((name) => join("bootstrap", name))]) {
    hash.update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

/** Whether the environment is whole, of the present pins, of this checkout, and its Python is still the one it had. */
function isReady(wanted) {
  const stamp = join(venv, "loresmith.stamp");
  if (!existsSync(python) || !existsSync(stamp)) return false;
  const interpreter = windows ? "" : realpathSync(python);
  return readFileSync(stamp, "utf8") === [wanted, interpreter, root].join("\n") && isAskedPython();
}

/** Whether the environment has the version of LORESMITH_PYTHON, where that is set. */
function isAskedPython() {
  if (!process.env.LORESMITH_PYTHON) return true;
  const version = (versionOf(findPython()) ?? []).join(".");
  return readFileSync(join(venv, "pyvenv.cfg"), "utf8").includes(`version = ${version}.`);
}

/** Run a command on our own terminal; gives its exit code, 130 when Ctrl-C ended it. */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit" });
    const release = passSignals(child);
    child.on("error", (error) => {
      console.error(`error: ${command} can't be run: ${error.message}`);
      resolve(ENVIRONMENT);
    });
    child.on("exit", (code, signal) => {
      release();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/**
 * Let signals reach the child, and live on until it has put its state away; gives the function that stops it.
 * A terminal sends Ctrl-C to the child as well as to us; without one, nobody else does. Package managers
 * repeat the signal that they got, which must not interrupt the child's cleaning up.
 */
function passSignals(child) {
  const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  let last = -Infinity;
  const interrupt = () => {
    const now = performance.now();
    if (!onTerminal && now - last > SAME_KEYSTROKE_MS) child.kill("SIGINT");
    last = now;
  };
  const pass = (signal) => child.kill(signal);
  const handlers = { SIGINT: interrupt, SIGTERM: pass, SIGHUP: pass };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
  };
}

/** Lint, format, types, tests on several cores; with arguments only the tests, which get them, one after another. */
async function test(args) {
  const tests = ["-m", "pytest", ...(args.length ? args : ON_SEVERAL_CORES)];
  const checks = [
    ["-m", "ruff", "check", "."],
    ["-m", "ruff", "format", "--check", "."],
    ["-m", "basedpyright", "--pythonpath", python],
  ];
  for (const check of args.length ? [tests] : [...checks, tests]) {
    const code = await run(python, check);
    if (code !== 0) return code;
  }
  return 0;
}

/** What was typed behind the command. npm takes the first `--` away; pnpm passes it on, wherever it stands. */
function argumentsOf(typed) {
  const manager = (process.env.npm_config_user_agent ?? "").split("/")[0];
  const first = typed.indexOf("--");
  const isTheirs = manager === "pnpm" ? first >= 0 : manager !== "npm" && first === 0;
  return isTheirs ? typed.toSpliced(first, 1) : typed;
}

const [command, ...rest] = process.argv.slice(2);
if (!command) {
  console.error("error: no command.\n  help: node bootstrap/run.mjs train|lint|plan|doctor|test … [arguments]");
  process.exit(INVALID_CALL);
}
const args = argumentsOf(rest);
const wanted = key();
if (!isReady(wanted)) {
  const [interpreter, ...options] = findPython();
  const made = await run(interpreter, [...options, join(root, "bootstrap", "environment.py"), venv, wanted]);
  if (made !== 0) process.exit(made);
}
if (command === "test" && process.env.npm_config_update_golden) {
  console.error("error: npm has taken --update-golden for itself.\n  help: npm test -- --update-golden");
  process.exit(INVALID_CALL);
}
process.exit(command === "test" ? await test(args) : await run(python, ["-m", "loresmith", command, ...args]));
