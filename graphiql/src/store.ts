// A value that components and others watch.

import { useSyncExternalStore } from "react";

export class Store<T> {
    #value: T;
    #watchers = new Set<() => void>();

    constructor(value: T) {
        this.#value = value;
    }

    get value(): T {
        return this.#value;
    }

    set(value: T) {
        this.#value = value;
        for (const watcher of [...this.#watchers]) watcher();
    }

    watch = (watcher: () => void) => {
        this.#watchers.add(watcher);
        return () => {
            this.#watchers.delete(watcher);
        };
    };

    read = () => this.#value;
}

export function useStore<T>(store: Store<T>): T {
    return useSyncExternalStore(store.watch, store.read);
}
