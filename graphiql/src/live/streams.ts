// The streams of the page: the last one of each tab.

import type { Account } from "../account";
import type { Operation } from "../gateway";
import { Store } from "../store";
import { Stream } from "./stream";

export class Streams extends Store<ReadonlyMap<string, Stream>> {
    /** The tab that is open now. */
    tab = "";
    #account: Account;
    #isToResume = false;

    constructor(account: Account) {
        super(new Map());
        this.#account = account;
    }

    /** The next run of this tab goes on where its last stream stopped. */
    resumeNext() {
        this.#isToResume = true;
    }

    /** A new stream in the tab that is open. */
    open(operation: Operation): Stream {
        const last = this.value.get(this.tab);
        const before =
            this.#isToResume && last?.canResume && isSame(last.operation, operation) ? last : undefined;
        this.#isToResume = false;
        const stream = new Stream(this.#account, operation, before);
        this.set(new Map(this.value).set(this.tab, stream));
        return stream;
    }

    /** The tab that is open shows something else now. */
    clear() {
        this.#isToResume = false;
        if (this.value.has(this.tab)) this.keep((tab) => tab !== this.tab);
    }

    /** Ends and forgets the streams of other tabs. */
    keep(isKept: (tab: string) => boolean) {
        const kept = new Map([...this.value].filter(([tab]) => isKept(tab)));
        if (kept.size === this.value.size) return;
        for (const [tab, stream] of this.value) if (!kept.has(tab)) stream.stop("its tab is gone");
        this.set(kept);
    }
}

function isSame(one: Operation, other: Operation): boolean {
    const words = ({ query, variables, operationName }: Operation) =>
        JSON.stringify([query, variables, operationName]);
    return words(one) === words(other);
}
