// Monaco with what this page uses: GraphQL and JSON, and the editor's contributions that a keyboard or a mouse can reach
// here. The bundle puts this in the place of `monaco-graphql/esm/monaco-editor.js`, which brings everything.

import "monaco-editor/esm/vs/basic-languages/graphql/graphql.contribution.js";
import "monaco-editor/esm/vs/language/json/monaco.contribution.js";

import "monaco-editor/esm/vs/editor/browser/coreCommands.js";
import "monaco-editor/esm/vs/editor/browser/widget/codeEditor/codeEditorWidget.js";
import "monaco-editor/esm/vs/editor/contrib/bracketMatching/browser/bracketMatching.js";
import "monaco-editor/esm/vs/editor/contrib/clipboard/browser/clipboard.js";
import "monaco-editor/esm/vs/editor/contrib/comment/browser/comment.js";
import "monaco-editor/esm/vs/editor/contrib/contextmenu/browser/contextmenu.js";
import "monaco-editor/esm/vs/editor/contrib/cursorUndo/browser/cursorUndo.js";
import "monaco-editor/esm/vs/editor/contrib/find/browser/findController.js";
import "monaco-editor/esm/vs/editor/contrib/folding/browser/folding.js";
import "monaco-editor/esm/vs/editor/contrib/gotoError/browser/gotoError.js";
import "monaco-editor/esm/vs/editor/contrib/gotoSymbol/browser/goToCommands.js";
import "monaco-editor/esm/vs/editor/contrib/gotoSymbol/browser/link/goToDefinitionAtPosition.js";
import "monaco-editor/esm/vs/editor/contrib/hover/browser/hoverContribution.js";
import "monaco-editor/esm/vs/editor/contrib/linesOperations/browser/linesOperations.js";
import "monaco-editor/esm/vs/editor/contrib/longLinesHelper/browser/longLinesHelper.js";
import "monaco-editor/esm/vs/editor/contrib/multicursor/browser/multicursor.js";
import "monaco-editor/esm/vs/editor/contrib/readOnlyMessage/browser/contribution.js";
import "monaco-editor/esm/vs/editor/contrib/smartSelect/browser/smartSelect.js";
import "monaco-editor/esm/vs/editor/contrib/snippet/browser/snippetController2.js";
import "monaco-editor/esm/vs/editor/contrib/suggest/browser/suggestController.js";
import "monaco-editor/esm/vs/editor/contrib/toggleTabFocusMode/browser/toggleTabFocusMode.js";
import "monaco-editor/esm/vs/editor/contrib/wordHighlighter/browser/wordHighlighter.js";
import "monaco-editor/esm/vs/editor/contrib/wordOperations/browser/wordOperations.js";
import "monaco-editor/esm/vs/editor/standalone/browser/quickAccess/standaloneCommandsQuickAccess.js";
import "monaco-editor/esm/vs/editor/standalone/browser/referenceSearch/standaloneReferenceSearch.js";
import "monaco-editor/esm/vs/base/browser/ui/codicons/codiconStyles.js";

import { editor } from "monaco-editor/esm/vs/editor/editor.api.js";

// GraphiQL names a font that would have to be loaded; what the system has is as good.
const font = getComputedStyle(document.documentElement).getPropertyValue("--mono");
editor.onDidCreateEditor((created) =>
    created.updateOptions({ fontFamily: font, fontSize: 14, wordWrap: "on" }),
);

/** The editors' colours: Monaco's, on the page's ground and with its accent. */
export const THEMES = { light: "opsgate-light", dark: "opsgate-dark" };

for (const [name, base, ground, accent, argument] of [
    [THEMES.light, "vs", "#ffffff", "#1e5bc8", "#6c69ce"],
    [THEMES.dark, "vs-dark", "#212a3b", "#6cadf9", "#908aff"],
] as const) {
    editor.defineTheme(name, {
        base,
        inherit: true,
        rules: [{ token: "argument.identifier.gql", foreground: argument }],
        colors: {
            "editor.background": "#ffffff00",
            "scrollbar.shadow": "#ffffff00",
            focusBorder: accent,
            "textLink.foreground": accent,
            "editorWidget.background": ground,
            "editorHoverWidget.background": ground,
            "editorSuggestWidget.background": ground,
            "editorSuggestWidget.selectedBackground": `${accent}22`,
            "quickInput.background": ground,
            "quickInputList.focusBackground": `${accent}22`,
            "quickInputList.focusForeground": accent,
            "list.hoverBackground": `${accent}15`,
            "list.highlightForeground": accent,
            "list.focusHighlightForeground": accent,
            "menu.background": ground,
            "menu.selectionBackground": `${accent}22`,
            "menu.selectionForeground": accent,
        },
    });
}

export * from "monaco-editor/esm/vs/editor/editor.api.js";
