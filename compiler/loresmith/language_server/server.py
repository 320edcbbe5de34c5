"""`loresmith lsp`: which request is answered by what, over standard input and output."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from loresmith import __version__
from loresmith.diagnostics.failure import Failure
from loresmith.format.source import format_text
from loresmith.ir.vocabulary import Vocabulary
from loresmith.language_server.actions import KINDS, ActionFile, actions_for
from loresmith.language_server.analysis import Analysis, analyse
from loresmith.language_server.completion import completion_at
from loresmith.language_server.findings import (
    lint_text,
    published,
    published_failure,
    unreadable_tools,
    yaml_failure,
)
from loresmith.language_server.hover import hover_at
from loresmith.language_server.places import Place, place_of
from loresmith.language_server.positions import Positions
from loresmith.language_server.symbols import outline_of
from loresmith.language_server.vocabularies import Vocabularies

TRIGGERS = ("[", ":", ",", " ", "#", "=")
"""What is typed before something that completion knows."""
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character, as a client may send it in JSON: it can't be saved, so no file holds it."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenScenario:
    """A scenario as the client shows it."""

    place: Place
    text: str
    analysis: Analysis
    positions: Positions


class ScenarioServer(LanguageServer):
    """The server with what it knows of the open files."""

    def __init__(self) -> None:
        # Whole texts: pygls' incremental changes count lines otherwise than editors do.
        super().__init__("loresmith", __version__, types.TextDocumentSyncKind.Full)
        self.vocabularies = Vocabularies()
        self.shut_down = False
        self._analyses: dict[str, tuple[str, Vocabulary, Analysis]] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._seconds: dict[str, float] = {}

    def report_server_error(self, error: Exception, source: object) -> None:
        """Failures go to the client's log, not into a window for every key that is pressed."""
        del source
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, f"loresmith: {error!r}"))

    def text(self, uri: str) -> str:
        """The text of an open document."""
        return _SURROGATE.sub("\ufffd", self.workspace.get_text_document(uri).source)

    def positions(self, text: str) -> Positions:
        """Positions in a text, in the code units that the client asked for."""
        return Positions(text, self.workspace.position_codec)

    def vocabulary(self, place: Place) -> Vocabulary:
        """The vocabulary of the file's project; raises InvalidCall where its tools.yaml can't be read."""
        uris = [uri for uri in self.workspace.text_documents if to_fs_path(uri) == str(place.tools)]
        return self.vocabularies.of(place.tools, self.text(uris[0]) if uris else None)

    def scenario(self, uri: str) -> OpenScenario | None:
        """A scenario for a feature to look at; None for other files, or while tools.yaml can't be read."""
        place = place_of(uri)
        if place is None or place.kind != "scenario":
            return None
        try:
            vocabulary = self.vocabulary(place)
        except Failure:
            # The scenario's diagnostics say so.
            return None
        text = self.text(uri)
        kept = self._analyses.get(uri)
        if kept is None or kept[0] != text or kept[1] is not vocabulary:
            kept = self._analyses[uri] = (text, vocabulary, analyse(place.shown, text, vocabulary))
        return OpenScenario(place, text, kept[2], self.positions(text))

    def publish_soon(self, uri: str) -> None:
        """Publish what is found in a document once its changes pause for as long as looking at it takes."""
        if waiting := self._waiting.pop(uri, None):
            waiting.cancel()
        loop = asyncio.get_running_loop()
        self._waiting[uri] = loop.call_later(self._seconds.get(uri, 0.0), self.publish, uri)

    def publish(self, uri: str) -> None:
        """Publish what is found in an open document."""
        start = time.perf_counter()
        document = self.workspace.get_text_document(uri)
        try:
            found = self._found(uri)
        except Exception as error:
            # Outside a request there is nobody to answer: the log has it, and the server goes on.
            _log.exception("can't look at %s", uri)
            self.report_server_error(error, None)
            return
        self._seconds[uri] = time.perf_counter() - start
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, found, version=document.version)
        )

    def publish_project(self, root: Path) -> None:
        """Publish what is found in every open scenario of a project."""
        for uri in sorted(self.workspace.text_documents):
            place = place_of(uri)
            if place and place.kind == "scenario" and place.root == root:
                self.publish_soon(uri)

    def forget(self, uri: str) -> None:
        """A document was closed: nothing is found in it any more."""
        if waiting := self._waiting.pop(uri, None):
            waiting.cancel()
        self._analyses.pop(uri, None)
        self._seconds.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def _found(self, uri: str) -> list[types.Diagnostic]:
        place, text = place_of(uri), self.text(uri)
        if place is None:
            return []
        positions = self.positions(text)
        if place.kind != "scenario":
            failure = yaml_failure(place, text)
            return [published_failure(failure, positions)] if failure else []
        try:
            vocabulary = self.vocabulary(place)
        except Failure as failure:
            return [unreadable_tools(failure, place, positions)]
        return [published(finding, positions) for finding in lint_text(place.shown, text, vocabulary)]


def _opened(ls: ScenarioServer, params: types.DidOpenTextDocumentParams) -> None:
    _changed(ls, params)


def _changed(
    ls: ScenarioServer, params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams
) -> None:
    uri = params.text_document.uri
    place = place_of(uri)
    if place is None:
        return
    ls.publish_soon(uri)
    if place.kind == "tools":
        ls.publish_project(place.root)


def _closed(ls: ScenarioServer, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    place = place_of(uri)
    if place is None:
        return
    ls.forget(uri)
    if place.kind == "tools":
        ls.publish_project(place.root)


def _files_changed(ls: ScenarioServer, params: types.DidChangeWatchedFilesParams) -> None:
    places = filter(None, (place_of(change.uri) for change in params.changes))
    for root in sorted({place.root for place in places if place.kind == "tools"}):
        ls.publish_project(root)


def _initialized(ls: ScenarioServer, params: types.InitializedParams) -> None:
    """Ask to be told when a tools.yaml changes on the disk, where the client can do that."""
    del params
    workspace = ls.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace else None
    if watching and watching.dynamic_registration:
        watchers = [types.FileSystemWatcher(glob_pattern="**/ai-training/tools.yaml")]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers)
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = types.Registration(id="tools", method=method, register_options=options)
        ls.client_register_capability(types.RegistrationParams([registration]))


def _shutting_down(ls: ScenarioServer, *_: object) -> None:
    ls.shut_down = True


def _hover(ls: ScenarioServer, params: types.HoverParams) -> types.Hover | None:
    scenario = ls.scenario(params.text_document.uri)
    return hover_at(scenario.analysis, scenario.positions, params.position) if scenario else None


def _completion(ls: ScenarioServer, params: types.CompletionParams) -> types.CompletionList | None:
    scenario = ls.scenario(params.text_document.uri)
    return completion_at(scenario.analysis, scenario.positions, params.position) if scenario else None


def _symbols(ls: ScenarioServer, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
    scenario = ls.scenario(params.text_document.uri)
    return outline_of(scenario.analysis, scenario.positions) if scenario else None


def _actions(ls: ScenarioServer, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    scenario = ls.scenario(params.text_document.uri)
    if scenario is None:
        return None
    file = ActionFile(params.text_document.uri, scenario.place.shown, scenario.analysis, scenario.positions)
    return actions_for(file, params.range, params.context.only)


def _formatting(ls: ScenarioServer, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    """The whole text in canonical form; nothing where it has errors, or is in that form already."""
    scenario = ls.scenario(params.text_document.uri)
    if scenario is None:
        return None
    formatted = format_text(scenario.place.shown, scenario.text, ls.vocabulary(scenario.place)).text
    if formatted is None or formatted == scenario.text:
        return None
    return [types.TextEdit(scenario.positions.whole(), formatted)]


def make_server() -> ScenarioServer:
    """A server with all its features."""
    server = ScenarioServer()
    server.feature(types.INITIALIZED)(_initialized)
    server.feature(types.SHUTDOWN)(_shutting_down)
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(_opened)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(_changed)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(_closed)
    server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_files_changed)
    server.feature(types.TEXT_DOCUMENT_HOVER)(_hover)
    options = types.CompletionOptions(trigger_characters=TRIGGERS)
    server.feature(types.TEXT_DOCUMENT_COMPLETION, options)(_completion)
    options = types.CodeActionOptions(code_action_kinds=KINDS)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(_actions)
    server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)(_symbols)
    server.feature(types.TEXT_DOCUMENT_FORMATTING)(_formatting)
    return server


def serve() -> int:
    """Serve one client over standard input and output; gives 0 when it ended the session properly, else 1."""
    logging.basicConfig(level=logging.ERROR)
    # pygls waits for its reader before it ends: started by hand, Ctrl-C would do nothing. There is nothing to save.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server = make_server()
    server.start_io()
    return 0 if server.shut_down else 1
