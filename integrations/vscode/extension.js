// Starts `loresmith lsp` for a workspace that has an ai-training folder.
"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const FILES = ["**/scenarios/**/*.md", "**/recipes/*.{yaml,yml}", "**/ai-training/tools.yaml"];

/** @type {LanguageClient | undefined} */
let client;

/** @param {import("vscode").ExtensionContext} context */
async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand("loresmith.restart", restart),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("loresmith.path")) void restart();
    }),
  );
  await start();
}

async function start() {
  const folder = projectFolder();
  if (folder === undefined) return;
  const documentSelector = FILES.map((pattern) => ({ scheme: "file", pattern }));
  client = new LanguageClient("loresmith", "loresmith", serverOf(folder), { documentSelector });
  try {
    await client.start();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void window.showErrorMessage(
      `loresmith can't be started: ${reason} Run \`pnpm run doctor\` in ${folder}, or set loresmith.path.`,
    );
  }
}

async function restart() {
  await deactivate();
  await start();
}

async function deactivate() {
  const running = client;
  client = undefined;
  if (running?.isRunning()) await running.stop();
}

/** The first folder of the workspace that is a project. */
function projectFolder() {
  const folders = (workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
  return folders.find((folder) => existsSync(join(folder, "ai-training")));
}

/**
 * How the server is started: by the configured program, the project's own environment, or the search path.
 * @param {string} folder
 * @returns {import("vscode-languageclient/node").Executable}
 */
function serverOf(folder) {
  const options = { cwd: folder };
  const configured = workspace.getConfiguration("loresmith").get("path", "");
  if (configured) return { command: configured, args: ["lsp"], options };
  const inside = process.platform === "win32" ? join("Scripts", "python.exe") : join("bin", "python");
  const python = join(folder, "ai-training", ".venv", inside);
  if (existsSync(python)) return { command: python, args: ["-m", "loresmith", "lsp"], options };
  return { command: "loresmith", args: ["lsp"], options };
}

module.exports = { activate, deactivate };
