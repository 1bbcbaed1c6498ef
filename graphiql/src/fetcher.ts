// What GraphiQL runs operations with: queries and mutations over HTTP, subscriptions over WebSocket.

import type { Fetcher } from "@graphiql/toolkit";
import { OperationTypeNode, getOperationAST, parse } from "graphql";

import type { Account } from "./account";
import { type Operation, post } from "./gateway";
import type { Streams } from "./live/streams";

/** GraphiQL's own question, which no tab asked. */
const INTROSPECTION = "IntrospectionQuery";

export function createFetcher(account: Account, streams: Streams): Fetcher {
    return (params, options) => {
        const { operation, type } = read(params as Operation);
        if (type !== OperationTypeNode.SUBSCRIPTION) {
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

/** What is to be run, and of which kind it is; none where the document doesn't say. */
function read(operation: Operation): { operation: Operation; type: OperationTypeNode | null } {
    let document;
    try {
        document = parse(operation.query);
    } catch {
        // What doesn't parse is the gateway's to refuse, in its words.
        return { operation, type: null };
    }
    const chosen = getOperationAST(document, operation.operationName);
    if (chosen) return { operation, type: chosen.operation };
    // Whoever runs a document within a moment of opening it has the name of the last one.
    const only = getOperationAST(document);
    return {
        operation: only ? { ...operation, operationName: only.name?.value } : operation,
        type: only?.operation ?? null,
    };
}
