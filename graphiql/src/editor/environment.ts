// Where Monaco's workers come from: this gateway, as everything. One file holds them all; the name says which it is to be.

const script = document.currentScript;
const base = script instanceof HTMLScriptElement ? script.src : location.href;

Object.assign(globalThis, {
    MonacoEnvironment: {
        getWorker: (_: string, label: string) => new Worker(new URL("worker.js", base), { name: label }),
    },
});
