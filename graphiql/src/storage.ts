// What the page keeps, and for how long. How it looks (theme, sizes) is this browser's. What was typed into the tabs
// survives a reload and ends with the browser's tab, or with signing out. Headers and the history of requests may hold
// secrets and personal data: they stay in memory.

const LOOK = /^graphiql:(theme|visiblePlugin|\w+Flex)$/;
const TABS = "graphiql:tabState";

export class PageStorage {
    #memory = new Map<string, string>();
    #isClosed = false;

    getItem(key: string): string | null {
        return this.#shelf(key)?.getItem(key) ?? this.#memory.get(key) ?? null;
    }

    setItem(key: string, value: string) {
        if (this.#isClosed) return;
        const shelf = this.#shelf(key);
        if (shelf) shelf.setItem(key, value);
        else this.#memory.set(key, value);
    }

    removeItem(key: string) {
        this.#shelf(key)?.removeItem(key);
        this.#memory.delete(key);
    }

    clear() {
        this.#memory.clear();
        sessionStorage.removeItem(TABS);
    }

    /** Somebody signs out. GraphiQL writes a while after a change: what comes now is too late. */
    close() {
        this.#isClosed = true;
        this.clear();
    }

    get length() {
        return this.#memory.size;
    }

    #shelf(key: string): Storage | null {
        if (LOOK.test(key)) return localStorage;
        return key === TABS ? sessionStorage : null;
    }
}
