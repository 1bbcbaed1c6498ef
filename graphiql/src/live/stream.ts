// One subscription from run to stop, over as many connections as it takes. After a break it goes on from the last cursor
// that it has seen; where it hasn't seen one, from the place in the log at which it was started.

import { createClient } from "graphql-ws";

import type { Account } from "../account";
import { type Answer, ENDPOINT, type Fault, type Operation, post } from "../gateway";
import { Store } from "../store";
import { judge } from "./closing";
import { Resumable } from "./resume";

/** How many results are kept; the oldest go first. */
export const KEPT = 200;
/** A burst of results is shown at once, not one by one. */
const BURST_MS = 40;
const PING_MS = 10_000;
const SILENCE_MS = 5_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4_000;

export type Phase =
    | { is: "connecting" }
    | { is: "live" }
    | { is: "resuming"; why: string }
    /** For a fresh token. */
    | { is: "waiting"; why: string }
    | { is: "ended"; why: string; faults: Fault[] };

export interface Result {
    /** Counts from 1. */
    number: number;
    at: Date;
    answer: Answer;
}

export interface View {
    phase: Phase;
    /** Newest first. */
    results: Result[];
    /** How many there have been in all. */
    total: number;
}

/** Who wants the results; GraphiQL's own idea of an observer. */
export interface Observer {
    next(answer: Answer): void;
    complete(): void;
}

export class Stream extends Store<View> {
    readonly operation: Operation;
    #account: Account;
    /** What it was opened with. */
    #token = "";
    #resumable: Resumable | null;
    #cursor: string | null;
    #observer: Observer | null = null;
    #connection = () => {};
    #breaks = 0;
    /** What came since the page was last drawn, newest first. */
    #burst: Result[] = [];
    #count: number;

    /** A stream of `operation`; with another one of it, going on where that stopped. */
    constructor(account: Account, operation: Operation, before?: Stream) {
        super({ results: [], total: 0, ...before?.value, phase: { is: "connecting" } });
        this.#account = account;
        this.#count = this.value.total;
        this.operation = operation;
        this.#resumable = Resumable.of(operation);
        this.#cursor = before ? before.#cursor : (this.#resumable?.beginning ?? null);
    }

    /** Whether a new run can go on from here. */
    get canResume(): boolean {
        return this.#resumable !== null && this.#cursor !== null;
    }

    async start(observer: Observer) {
        this.#observer = observer;
        // GraphiQL takes it as fetched at its first result, and until then every change of the tab as another request.
        observer.next({});
        // Known before the first event, so that a break before it loses nothing.
        if (this.#resumable && !this.#cursor) {
            const query = "query WhereTheLogIs { eventCursor }";
            const { data } = await post<{ eventCursor: string }>(this.#account.token, { query });
            this.#cursor = data?.eventCursor ?? null;
            if (this.#isOver) return;
            this.#connect(null);
        } else {
            this.#connect(this.#cursor);
        }
    }

    stop(why: string) {
        if (!this.#isOver) this.#end(why, []);
    }

    get #isOver() {
        return this.value.phase.is === "ended";
    }

    #connect(after: string | null) {
        const url = new URL(ENDPOINT, location.href);
        url.protocol = url.protocol.replace("http", "ws");
        let silence: ReturnType<typeof setTimeout> | undefined;
        const token = (this.#token = this.#account.token);
        const client = createClient({
            url: url.href,
            connectionParams: { authorization: `Bearer ${token}` },
            // Its retries would repeat the request as it was; ours go on from the last cursor.
            retryAttempts: 0,
            keepAlive: PING_MS,
            on: {
                connected: () => {
                    this.#breaks = 0;
                    this.#show({ is: "live" });
                },
                ping: (isReceived) => {
                    if (!isReceived) silence = setTimeout(() => client.terminate(), SILENCE_MS);
                },
                pong: (isReceived) => {
                    if (isReceived) clearTimeout(silence);
                },
                closed: () => clearTimeout(silence),
            },
        });
        const { query, variables, operationName } = this.#resumable?.after(after) ?? this.operation;
        const request = { query, variables: variables ?? null, operationName: operationName ?? null };
        const stop = client.subscribe<Answer["data"]>(request, {
            next: (result) => this.#take(result as Answer),
            error: (error) => this.#lost(error),
            complete: () => this.stop("the gateway has ended it"),
        });
        this.#connection = () => {
            stop();
            void client.dispose();
        };
    }

    #take(answer: Answer) {
        const read = this.#resumable?.read(answer) ?? { cursor: null, result: answer };
        this.#cursor = read.cursor ?? this.#cursor;
        if (this.#burst.length === 0) setTimeout(() => this.#flush(), BURST_MS);
        this.#burst.unshift({ number: ++this.#count, at: new Date(), answer: read.result });
        if (this.#burst.length > KEPT) this.#burst.pop();
    }

    #flush() {
        const [newest] = this.#burst;
        if (!newest) return;
        const results = [...this.#burst, ...this.value.results].slice(0, KEPT);
        this.#burst = [];
        this.set({ ...this.value, results, total: this.#count });
        this.#observer?.next(newest.answer);
    }

    #lost(error: unknown) {
        if (this.#isOver) return;
        if (Array.isArray(error)) {
            const faults = error as Fault[];
            // The gateway refused the operation, not the connection.
            if (!faults.every((fault) => fault.extensions?.code === "UNAVAILABLE")) {
                this.#observer?.next({ errors: faults });
                return this.#end("the gateway refused it", faults);
            }
            return this.#retry("the gateway can't answer right now");
        }
        const verdict = judge(error);
        if (verdict.then === "end") return this.#end(verdict.why, []);
        if (verdict.then === "retry") return this.#retry(verdict.why);
        // A session's next token is there before the last one has ended.
        if (this.#account.token !== this.#token) return this.#again(verdict.why);
        this.#show({ is: "waiting", why: verdict.why });
        this.#connection = this.#account.watch(() => this.#again(verdict.why));
    }

    #retry(reason: string) {
        // What began the break says more than how the next attempts fail.
        const { phase } = this.value;
        const why = phase.is === "resuming" ? phase.why : reason;
        this.#show({ is: "resuming", why });
        const most = Math.min(FIRST_RETRY_MS * 2 ** this.#breaks++, LAST_RETRY_MS);
        // Not all pages at once when a gateway comes back.
        const timer = setTimeout(() => this.#again(why), most * (0.5 + Math.random() / 2));
        this.#connection = () => clearTimeout(timer);
    }

    #again(why: string) {
        this.#connection();
        this.#show({ is: "resuming", why });
        this.#connect(this.#cursor);
    }

    #end(why: string, faults: Fault[]) {
        this.#flush();
        this.#show({ is: "ended", why, faults });
        this.#connection();
        this.#observer?.complete();
    }

    #show(phase: Phase) {
        if (!this.#isOver) this.set({ ...this.value, phase });
    }
}
