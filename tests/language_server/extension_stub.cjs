// Activates the VS Code extension with stubs for VS Code and the client; prints which server it starts, as JSON.
const Module = require("node:module");
const [, , extension, configured, ...folders] = process.argv;

const said = { servers: [], selectors: [], errors: [], stopped: 0, commands: [] };
const vscode = {
  commands: { registerCommand: (name, run) => ({ name: said.commands.push(name), run }) },
  window: { showErrorMessage: (text) => said.errors.push(text) },
  workspace: {
    workspaceFolders: folders.map((fsPath) => ({ uri: { fsPath } })),
    onDidChangeConfiguration: () => ({}),
    getConfiguration: () => ({ get: (_, otherwise) => configured || otherwise }),
  },
};
class LanguageClient {
  constructor(_id, _name, server, options) {
    said.servers.push(server);
    said.selectors.push(options.documentSelector);
  }
  async start() {
    if (configured === "broken") throw new Error("spawn broken ENOENT");
  }
  isRunning() {
    return configured !== "broken";
  }
  async stop() {
    said.stopped += 1;
  }
}
const load = Module._load;
Module._load = (request, ...rest) =>
  request === "vscode" ? vscode : request === "vscode-languageclient/node" ? { LanguageClient } : load(request, ...rest);

const { activate, deactivate } = require(extension);
activate({ subscriptions: [] })
  .then(deactivate)
  .then(() => console.log(JSON.stringify(said)));
