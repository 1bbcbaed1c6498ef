// Builds the page into dist/: what is committed, and what the gateway embeds.
//
//     npm ci && npm run build           after a change
//     npm ci && npm run build -- DIR    into another folder; `.ci/run graphiql` compares it with dist/
//
// The same sources and lock file give the same bytes: names are fixed and nothing tells the time. Files are stored as the
// gateway sends them, compressed by gzip, which every browser takes (Brotli they take only over HTTPS).

import { readFileSync, readdirSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import * as esbuild from "esbuild";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const here = (...names) => path.join(HERE, ...names);
const target = path.resolve(process.argv[2] ?? here("dist"));

/** Modules in the place of others: each leaves something out that this page doesn't use. */
const REPLACED = [
    [/(^monaco-graphql\/esm|^\.)\/monaco-editor(\.js)?$/, here("src/editor/monaco.ts")],
    [/^prettier\/standalone$/, here("src/editor/prettier.ts")],
    [/^prettier\/(plugins\/estree|parser-babel)$/, here("src/editor/nothing.ts")],
    // The same plug-in, once.
    [/^prettier\/parser-graphql$/, here("node_modules/prettier/plugins/graphql.mjs")],
];
/** Nobody asks the worker to format. */
const REPLACED_IN_WORKER = [[/^prettier\//, here("src/editor/nothing.ts")]];

const replacing = (replaced) => ({
    name: "replacing",
    setup(build) {
        for (const [filter, file] of replaced) build.onResolve({ filter }, () => ({ path: file }));
    },
});

/** `opsgate:examples`: the files of examples/, read. */
const examples = {
    name: "examples",
    setup(build) {
        build.onResolve({ filter: /^opsgate:examples$/ }, ({ path }) => ({ path, namespace: "examples" }));
        build.onLoad({ filter: /.*/, namespace: "examples" }, () => ({
            contents: [
                `export const EXAMPLES = ${JSON.stringify(readExamples())};`,
                `export const FACTS = ${readFileSync(here("examples/facts.json"), "utf8").trim()};`,
            ].join("\n"),
        }));
    },
};

function readExamples() {
    const files = readdirSync(here("examples"), { recursive: true }).map((file) =>
        file.replaceAll("\\", "/"),
    );
    const read = (file) => (files.includes(file) ? readFileSync(here("examples", file), "utf8") : null);
    return files
        .filter((file) => file.endsWith(".graphql"))
        .sort()
        .map((file) => {
            const id = file.replace(/\.graphql$/, "");
            const text = read(file);
            const [, comment, document] = text.match(/^((?:# .*\n)+)([^]*)$/);
            const [title, ...about] = comment
                .trim()
                .split("\n")
                .map((line) => line.slice(2));
            const [variables, headers] = [read(`${id}.variables.json`), read(`${id}.headers.json`)];
            return { id, title, about: about.join(" "), document, variables, headers };
        });
}

const options = {
    absWorkingDir: HERE,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    outdir: target,
    format: "iife",
    jsx: "automatic",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".ttf": "file" },
    assetNames: "[name]",
    // All licences are in licenses.txt.
    legalComments: "none",
};

const builds = await Promise.all([
    esbuild.build({
        ...options,
        entryPoints: { app: "src/main.tsx" },
        plugins: [examples, replacing(REPLACED)],
    }),
    esbuild.build({
        ...options,
        entryPoints: { worker: "src/editor/worker.ts" },
        plugins: [replacing([...REPLACED_IN_WORKER, ...REPLACED])],
    }),
]);

/** The packages that the bundle holds, with their licences. */
function licenses() {
    const inputs = builds.flatMap(({ metafile }) =>
        Object.values(metafile.outputs).flatMap((output) =>
            Object.entries(output.inputs)
                .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
                .map(([input]) => input),
        ),
    );
    const packages = inputs
        .map((input) => input.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0])
        .filter(Boolean);
    return (
        [...new Set(packages)]
            .sort()
            .map((folder) => {
                const { name, version, license } = JSON.parse(
                    readFileSync(here(folder, "package.json"), "utf8"),
                );
                const files = readdirSync(here(folder))
                    .filter((file) => /^(licen[cs]e|copying|notice|thirdpartynotices)/i.test(file))
                    .sort();
                const texts = files.map((file) =>
                    readFileSync(here(folder, file), "utf8").replaceAll("\r\n", "\n").trim(),
                );
                return [`${name} ${version} (${license})`, ...texts].join("\n\n");
            })
            .join(`\n\n${"-".repeat(100)}\n\n`) + "\n"
    );
}

const outputs = builds.flatMap(({ outputFiles }) =>
    outputFiles.map(({ path: file, contents }) => [path.basename(file), contents]),
);
outputs.push(["licenses.txt", Buffer.from(licenses())], ["icon.svg", readFileSync(here("icon.svg"))]);
if (existsSync(target)) rmSync(target, { recursive: true });
mkdirSync(target, { recursive: true });
for (const [name, contents] of outputs) {
    const compressed = gzipSync(contents, { level: 9 });
    writeFileSync(path.join(target, `${name}.gz`), compressed);
    console.log(
        `${name.padEnd(14)} ${String(contents.length).padStart(9)} ${String(compressed.length).padStart(9)} compressed`,
    );
}
