// Before anybody is signed in: what this is, where a token comes from, and the field for it.

import { type FormEvent, type ReactNode, useId, useState } from "react";

import { type Session, signIn } from "./account";
import { Copy } from "./copy";
import { Entry } from "./entry";
import { Faults } from "./faults";
import type { Fault } from "./gateway";
import { Mark } from "./mark";

export function SignIn({ onSession }: { onSession: (session: Session) => void }) {
    return (
        <main className="sign-in">
            <div className="card">
                <h1>
                    <Mark /> Opsgate
                </h1>
                <p className="lead">
                    Look at incidents as they happen, and try every query, change and subscription of the
                    gateway.
                </p>
                <Entry onSession={onSession} />
                <h2>With a token</h2>
                <TokenField label="Your token" action="Sign in" onSession={onSession} />
                <p className="promise">
                    What you sign in by stays in the memory of this page: it isn't stored, is no good any more
                    when you sign out, and is gone when you reload or close the tab.
                </p>
                <h2>Neither yet?</h2>
                <ul>
                    <li>
                        The gateway's first start has printed the owner's invitation: a link to this page.
                        Somebody who has an account invites others.
                    </li>
                    <li>
                        Whoever runs the gateway makes a token for you, with the permissions that you need:
                        <Command>
                            opsgate token create --name you --permission incidents.read --permission
                            incidents.acknowledge
                        </Command>
                        from a checkout, with <code>cargo run -q --</code> in the place of{" "}
                        <code>opsgate</code>.
                    </li>
                    <li>A JWT that your sign-in service made for this gateway is a token, too.</li>
                </ul>
            </div>
        </main>
    );
}

function Command({ children }: { children: string }) {
    return (
        <span className="command">
            <code>{children}</code>
            <Copy text={children} label="the command" />
        </span>
    );
}

interface TokenFieldProps {
    label: ReactNode;
    action: string;
    onSession: (session: Session) => void;
}

/** The field for a token, and what the gateway says to it. */
export function TokenField({ label, action, onSession }: TokenFieldProps) {
    const [token, setToken] = useState("");
    const [fault, setFault] = useState<Fault | null>(null);
    const [isAsking, setAsking] = useState(false);
    const id = useId();
    const submit = async (event: FormEvent) => {
        event.preventDefault();
        setAsking(true);
        setFault(null);
        const session = await signIn(token);
        setAsking(false);
        if ("token" in session) onSession(session);
        else setFault(session);
    };
    return (
        <form className="token-field" onSubmit={(event) => void submit(event)}>
            <label htmlFor={id}>{label}</label>
            <div>
                {/* No password to the browser: it would offer to keep it. The style sheet hides the letters. */}
                <input
                    id={id}
                    type="text"
                    className="secret"
                    value={token}
                    onChange={(event) => setToken(event.target.value)}
                    placeholder="opsk_… or a JWT"
                    autoComplete="off"
                    autoCapitalize="off"
                    autoCorrect="off"
                    spellCheck={false}
                    required
                    aria-invalid={fault !== null}
                />
                <button type="submit" className="button is-primary" disabled={isAsking}>
                    {isAsking ? "Asking…" : action}
                </button>
            </div>
            {fault && <Faults faults={[fault]} />}
        </form>
    );
}
