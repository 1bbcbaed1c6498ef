// Prettier as GraphiQL asks for it. GraphQL goes to Prettier itself; for JSON a parser of JavaScript would come along,
// 500 KB of it, where the parser of JSON that is here already does.

import { applyEdits, format as edits } from "jsonc-parser";
import type { Options } from "prettier";
import { format as prettier } from "prettier/standalone.mjs";

export async function format(text: string, options: Options): Promise<string> {
    if (options.parser !== "jsonc") return prettier(text, options);
    return applyEdits(text, edits(text, undefined, { tabSize: 2, insertSpaces: true }));
}
