declare module "*.css";

declare module "opsgate:examples" {
    export const EXAMPLES: import("./examples").Example[];
    export const FACTS: import("./examples").Fact[];
}

declare module "prettier/standalone.mjs" {
    export * from "prettier/standalone";
}

declare module "monaco-editor/esm/vs/*";
