// Monaco's workers in one file: they share most of their code. Each begins at its first message.

import { GraphQLWorker } from "monaco-graphql/esm/GraphQLWorker.js";
import type { ICreateData } from "monaco-graphql/esm/typings/index.js";
import { initialize } from "monaco-editor/esm/vs/editor/editor.worker.js";
// Sets `onmessage` to its own beginning.
import "monaco-editor/esm/vs/language/json/json.worker.js";

if (self.name === "graphql") {
    self.onmessage = () =>
        initialize((context: never, data: ICreateData) => new GraphQLWorker(context, data));
} else if (self.name !== "json") {
    self.onmessage = () => initialize(null);
}
