// JSON in colours, for results that aren't in an editor.

import { memo } from "react";

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

export const Json = memo(function Json({ value }: { value: unknown }) {
    const text = JSON.stringify(value, null, 2) ?? "null";
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(TOKEN)) {
        const [token, string, colon, word] = match;
        const kind = string ? (colon ? "key" : "string") : word ? "word" : "number";
        const shown = string ?? token;
        parts.push(
            text.slice(end, match.index),
            <span key={match.index} className={`json-${kind}`}>
                {shown}
            </span>,
        );
        end = match.index + shown.length;
    }
    return (
        <pre className="json">
            {parts}
            {text.slice(end)}
        </pre>
    );
});
