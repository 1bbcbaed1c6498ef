// What GraphiQL runs operations with: queries and mutations over HTTP, subscriptions over WebSocket.

import type { Fetcher } from "@graphiql/toolkit";
import { getOperationAST, parse } from "graphql";

import type { Account } from "./account";
import { type Operation, post } from "./gateway";
import type { Streams } from "./live/streams";

/** GraphiQL's own question, which no tab asked. */
const INTROSPECTION = "IntrospectionQuery";

export function createFetcher(account: Account, streams: Streams): Fetcher {
    return (params, options) => {
        const operation = params as Operation;
        if (!isSubscription(operation)) {
            if (operation.operationName !== INTROSPECTION) streams.clear();
            return post(account.token, operation, options?.headers) as ReturnType<Fetcher>;
        }
        const stream = streams.open(operation);
        return {
            subscribe(observer: { next: (value: object) => void; complete: () => void }) {
                void stream.start(observer);
                return { unsubscribe: () => stream.stop("it was stopped") };
            },
        } as ReturnType<Fetcher>;
    };
}

function isSubscription({ query, operationName }: Operation): boolean {
    try {
        return getOperationAST(parse(query), operationName)?.operation === "subscription";
    } catch {
        // What doesn't parse is the gateway's to refuse, in its words.
        return false;
    }
}
