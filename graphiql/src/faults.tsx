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
                    {fault.path && <span className="hint">at {fault.path.join(".")}</span>}
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
