// Errors for people: what it is, its code, and the request's id for whoever looks into the log.

import { Copy } from "./copy";
import type { Fault } from "./gateway";

export function Faults({ faults }: { faults: Fault[] }) {
    if (faults.length === 0) return null;
    return (
        <ul className="faults" role="alert">
            {faults.map((fault, index) => (
                <li key={index}>
                    {fault.extensions?.code && <code className="code">{fault.extensions.code}</code>}
                    <span className="message">{fault.message}</span>
                    <Where fault={fault} />
                    {typeof fault.extensions?.retryAfterMs === "number" && (
                        <span className="hint">
                            again in {(fault.extensions.retryAfterMs / 1000).toFixed(1)} s
                        </span>
                    )}
                    {fault.extensions?.requestId && (
                        <span className="hint">
                            request <code>{fault.extensions.requestId}</code>
                            <Copy text={fault.extensions.requestId} label="the request's id" />
                        </span>
                    )}
                </li>
            ))}
        </ul>
    );
}

/** Where in the answer, else where in the document. A line 0 is no place. */
function Where({ fault: { path, locations } }: { fault: Fault }) {
    const place = locations?.find(({ line }) => line > 0);
    if (path) return <span className="hint">at {path.join(".")}</span>;
    return place ? (
        <span className="hint">
            in line {place.line}, column {place.column}
        </span>
    ) : null;
}
