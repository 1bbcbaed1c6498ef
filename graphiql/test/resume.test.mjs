// How a subscription is told to go on, whatever way it was written.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";

import { build } from "esbuild";

const source = path.resolve(import.meta.dirname, "../src/live/resume.ts");
const { outputFiles } = await build({ entryPoints: [source], bundle: true, write: false, format: "esm" });
const { Resumable } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

const words = (text) => text.replace(/\s+/g, " ").trim();

test("a variable for `after` takes the cursor, and the document stays to the letter", () => {
    const query = "subscription S($from: EventCursor) {\n  # mine\n  changed(after: $from) { cursor }\n}";
    const resumable = Resumable.of({ query, variables: { from: "a", other: 1 } });
    assert.equal(resumable.beginning, "a");
    assert.deepEqual(resumable.after("b"), { query, variables: { from: "b", other: 1 } });
    assert.equal(resumable.after(null).query, query);
    assert.deepEqual(resumable.read({ data: { changed: { cursor: "c" } } }), {
        cursor: "c",
        result: { data: { changed: { cursor: "c" } } },
    });
});

test("without `after` or with a literal one, the cursor is put there", () => {
    for (const [argument, beginning] of [
        ["(filter: {})", null],
        ['(filter: {}, after: "a")', "a"],
    ]) {
        const resumable = Resumable.of({ query: `subscription { changed${argument} { at: cursor } }` });
        assert.equal(resumable.beginning, beginning);
        const { query } = resumable.after("b");
        assert.equal(words(query), 'subscription { changed(filter: {}, after: "b") { at: cursor } }');
        assert.equal(resumable.read({ data: { changed: { at: "c" } } }).cursor, "c");
    }
});

test("a cursor that nobody selected is asked for, and taken out again", () => {
    const query = "query Q { a } subscription S { mine: changed { ...F } } fragment F on Change { id }";
    const resumable = Resumable.of({ query, operationName: "S" });
    const asked = words(resumable.after(null).query);
    assert.match(
        asked,
        /^query Q \{ a \} subscription S \{ mine: changed \{ \.\.\.F cursorToResumeFrom: cursor \} \}/,
    );
    assert.match(
        words(resumable.after("b").query),
        /changed\(after: "b"\) \{ \.\.\.F cursorToResumeFrom: cursor \}/,
    );
    assert.deepEqual(resumable.read({ data: { mine: { id: 1, cursorToResumeFrom: "c" } } }), {
        cursor: "c",
        result: { data: { mine: { id: 1 } } },
    });
});

test("a cursor can't get out of its place", () => {
    const { query } = Resumable.of({ query: "subscription { changed { cursor } }" }).after('") { x } #');
    assert.equal(words(query), 'subscription { changed(after: "\\") { x } #") { cursor } }');
});

test("an answer without a result has no place", () => {
    const resumable = Resumable.of({ query: "subscription { changed { cursor } }" });
    for (const answer of [{ data: null, errors: [{ message: "no" }] }, { data: { changed: null } }, {}]) {
        assert.deepEqual(resumable.read(answer), { cursor: null, result: answer });
    }
});

test("what isn't one field of one subscription is left as it is", () => {
    for (const query of [
        "subscription {",
        "subscription { ...F } fragment F on Subscription { changed { cursor } }",
        "{ a }",
    ]) {
        assert.equal(Resumable.of({ query }), null, query);
    }
});
