// The line under an answer: what went wrong, what the caller can mend, and what it cost.

import { formatShortcutForOS, useGraphiQL } from "@graphiql/react";
import { useMemo } from "react";

import { Faults } from "./faults";
import type { Answer } from "./gateway";

interface UserError {
    code: string;
    message: string;
    field?: string[] | null;
}

interface Cost {
    requestedQueryCost: number;
    actualQueryCost?: number | null;
    throttleStatus?: { maximumAvailable: number; currentlyAvailable: number; restoreRate: number } | null;
}

export function Outcome() {
    const response = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.response ?? null);
    const isFetching = useGraphiQL((state) => state.isFetching);
    const answer = useMemo(() => read(response), [response]);
    if (!response && !isFetching) {
        return (
            <p className="idle">
                Run the operation with ▶ or <kbd>{formatShortcutForOS("Ctrl")}</kbd> <kbd>Enter</kbd>
            </p>
        );
    }
    if (!answer) return null;
    const cost = answer.extensions?.cost as Cost | undefined;
    const userErrors = userErrorsOf(answer);
    const faults = answer.errors ?? [];
    if (!cost && faults.length + userErrors.length === 0) return null;
    return (
        <div className="outcome">
            <Faults faults={faults} />
            {userErrors.length > 0 && (
                <ul className="faults is-mendable" role="alert">
                    {userErrors.map((error, index) => (
                        <li key={index}>
                            <code className="code">{error.code}</code>
                            <span className="message">{error.message}</span>
                            {error.field && <span className="hint">at {error.field.join(".")}</span>}
                        </li>
                    ))}
                </ul>
            )}
            {cost && <CostLine cost={cost} />}
        </div>
    );
}

function CostLine({ cost }: { cost: Cost }) {
    const bucket = cost.throttleStatus;
    const count = (points: number) => Math.floor(points).toLocaleString("en");
    return (
        <p className="cost">
            <span>
                Cost <b>{count(cost.actualQueryCost ?? cost.requestedQueryCost)}</b>
                {cost.actualQueryCost != null && <> of {count(cost.requestedQueryCost)} asked for</>}
            </span>
            {bucket && (
                <span>
                    <meter
                        aria-label="Cost that is left"
                        min={0}
                        max={bucket.maximumAvailable}
                        low={bucket.maximumAvailable / 4}
                        value={bucket.currentlyAvailable}
                    />
                    {count(bucket.currentlyAvailable)} of {count(bucket.maximumAvailable)} left,{" "}
                    {count(bucket.restoreRate)} more a second
                </span>
            )}
        </p>
    );
}

function read(response: string | null): Answer | null {
    try {
        const answer: unknown = JSON.parse(response ?? "");
        return typeof answer === "object" ? (answer as Answer | null) : null;
    } catch {
        return null;
    }
}

function userErrorsOf(answer: Answer): UserError[] {
    const payloads = Object.values(answer.data ?? {}) as ({ userErrors?: UserError[] } | null)[];
    return payloads.flatMap((payload) => (Array.isArray(payload?.userErrors) ? payload.userErrors : []));
}
