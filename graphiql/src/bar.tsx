// Who is signed in, and what they may do.

import { type FormEvent, useState } from "react";

import type { Account, Session } from "./account";
import { Faults } from "./faults";
import type { Fault } from "./gateway";
import { Mark } from "./mark";
import { useStore } from "./store";

const KINDS: Record<Session["kind"], string> = {
    ADMIN_USER: "admin user",
    API_TOKEN: "API token",
    USER: "user",
    EXTERNAL: "another system",
    SYSTEM: "part of the gateway",
};

export function Bar({ account, onSignOut }: { account: Account; onSignOut: () => void }) {
    const { name, kind, impersonatedBy, organization, permissions, expiresAt, refreshToken } =
        useStore(account);
    return (
        <header className="bar">
            <h1>
                <Mark /> Opsgate
            </h1>
            <p className="who">
                <b>{name}</b>
                <span className="hint">{KINDS[kind]}</span>
                {impersonatedBy && <span className="chip">in their place: {impersonatedBy.name}</span>}
                {organization && <span className="chip">{organization} only</span>}
            </p>
            <Permissions permissions={permissions} />
            {refreshToken && <StepUp account={account} />}
            {expiresAt && !refreshToken && <Until end={expiresAt} />}
            <button type="button" className="button" onClick={onSignOut}>
                Sign out
            </button>
        </header>
    );
}

function Permissions({ permissions }: { permissions: string[] }) {
    const areas = Map.groupBy(permissions, (permission) => permission.split(".")[0] ?? permission);
    const [isOpen, setOpen] = useState(false);
    return (
        <details
            className="permissions"
            open={isOpen}
            onToggle={(event) => setOpen(event.currentTarget.open)}
            onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
            onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || setOpen(false)}
        >
            <summary>
                {permissions.length === 1 ? "1 permission" : `${permissions.length} permissions`}
            </summary>
            <dl tabIndex={-1}>
                {[...areas].map(([area, keys]) => (
                    <div key={area}>
                        <dt>{area}</dt>
                        {keys.map((key) => (
                            <dd key={key}>
                                <code>{key}</code>
                            </dd>
                        ))}
                    </div>
                ))}
                {permissions.length === 0 && <div>None at all.</div>}
            </dl>
        </details>
    );
}

/** For what wants a second factor that was proved lately (STEP_UP_REQUIRED). */
function StepUp({ account }: { account: Account }) {
    const [isOpen, setOpen] = useState(false);
    const [fault, setFault] = useState<Fault | null>(null);
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const code = new FormData(event.currentTarget).get("code");
        const fault = await account.stepUp(String(code));
        setFault(fault);
        if (!fault) setOpen(false);
    };
    return (
        <details
            className="permissions step-up"
            open={isOpen}
            onToggle={(event) => setOpen(event.currentTarget.open)}
            onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
        >
            <summary>Step up</summary>
            {isOpen && (
                <form className="entry" onSubmit={(event) => void submit(event)}>
                    <label className="token-field">
                        The code that your app shows
                        <input name="code" type="text" autoComplete="one-time-code" autoFocus required />
                    </label>
                    <button type="submit" className="button is-primary">
                        Prove it
                    </button>
                    {fault && <Faults faults={[fault]} />}
                </form>
            )}
        </details>
    );
}

function Until({ end }: { end: Date }) {
    const hours = (end.getTime() - Date.now()) / 3_600_000;
    const format = new Intl.RelativeTimeFormat("en");
    const when =
        hours > 48 ? format.format(Math.round(hours / 24), "day") : format.format(Math.round(hours), "hour");
    return (
        <time className="hint" dateTime={end.toISOString()} title={end.toString()}>
            ends {when}
        </time>
    );
}
