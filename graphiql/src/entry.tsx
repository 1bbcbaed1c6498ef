// The way in by password: who was invited sets one, who has no second factor enrols one, and then they are in.

import { type FormEvent, type ReactNode, useId, useState } from "react";

import { type Session, signIn } from "./account";
import { Copy } from "./copy";
import { Faults } from "./faults";
import type { Fault } from "./gateway";
import {
    type Enrolment,
    type Tokens,
    acceptInvitation,
    confirm,
    enrol,
    isFault,
    signInWith,
    wantsFactor,
} from "./password";

type Step =
    | { is: "invited"; invitation: string }
    | { is: "password" }
    | { is: "factor"; email: string; password: string }
    | { is: "enrolling"; tokens: Tokens; enrolment: Enrolment }
    | { is: "codes"; tokens: Tokens; codes: string[] };

/** What stands behind `#invitation=`. It leaves the address at once: that is kept, and shown to whoever looks. */
function takeInvitation(): string | null {
    const invitation = new URLSearchParams(location.hash.slice(1)).get("invitation");
    if (invitation) history.replaceState(null, "", location.pathname + location.search);
    return invitation;
}

/** Good once: whoever signs out afterwards signs in by the password. */
let invited = takeInvitation();

export function Entry({ onSession }: { onSession: (session: Session) => void }) {
    const [step, setStep] = useState<Step>(
        invited ? { is: "invited", invitation: invited } : { is: "password" },
    );
    const go = async (tokens: Tokens): Promise<Fault | null> => {
        if (tokens.isEnrolmentRequired) {
            const begun = await enrol(tokens.accessToken);
            if (isFault(begun)) return begun;
            setStep({ is: "enrolling", tokens, enrolment: begun.enrolment });
            return null;
        }
        const session = await signIn(tokens.accessToken);
        if (isFault(session)) return session;
        onSession({ ...session, refreshToken: tokens.refreshToken });
        return null;
    };
    switch (step.is) {
        case "invited":
            return (
                <Form
                    key="invited"
                    about="You were invited. Choose the password that you will sign in by: 12 characters or more, and not only words that everybody uses."
                    fields={{ password: { label: "A password", secret: true, autoComplete: "new-password" } }}
                    send={async ({ password }) => {
                        const answer = await acceptInvitation(step.invitation, password);
                        if (isFault(answer)) return answer;
                        invited = null;
                        setStep({ is: "enrolling", ...answer });
                        return null;
                    }}
                />
            );
        case "password":
            return (
                <Form
                    key="password"
                    fields={{
                        email: { label: "Your address", autoComplete: "username" },
                        password: { label: "Your password", secret: true, autoComplete: "current-password" },
                    }}
                    send={async ({ email, password }) => {
                        const answer = await signInWith(email, password, null);
                        if (!isFault(answer)) return go(answer.tokens);
                        if (!wantsFactor(answer)) return answer;
                        setStep({ is: "factor", email, password });
                        return null;
                    }}
                />
            );
        case "factor":
            return (
                <Form
                    key="factor"
                    about="The code that your authenticator app shows now, or one of your recovery codes."
                    fields={{ code: { label: "Your code", autoComplete: "one-time-code" } }}
                    send={async ({ code }) => {
                        const answer = await signInWith(step.email, step.password, code);
                        return isFault(answer) ? answer : go(answer.tokens);
                    }}
                />
            );
        case "enrolling":
            return (
                <Form
                    key="enrolling"
                    about={<Secret enrolment={step.enrolment} />}
                    fields={{ code: { label: "The code that it shows", autoComplete: "one-time-code" } }}
                    send={async ({ code }) => {
                        const answer = await confirm(step.tokens.accessToken, code);
                        if (isFault(answer)) return answer;
                        // The refresh token from before stays good.
                        const tokens = { ...answer.tokens, refreshToken: step.tokens.refreshToken };
                        setStep({ is: "codes", tokens, codes: answer.recoveryCodes });
                        return null;
                    }}
                />
            );
        case "codes":
            return (
                <Form
                    key="codes"
                    about={<Codes codes={step.codes} />}
                    fields={{}}
                    send={() => go(step.tokens)}
                />
            );
    }
}

function Secret({ enrolment: { secret, qrSvg } }: { enrolment: Enrolment }) {
    return (
        <>
            A second factor comes before anything else. Scan this with an authenticator app, or type the
            secret into it.
            <img
                className="qr"
                src={`data:image/svg+xml,${encodeURIComponent(qrSvg)}`}
                alt="The secret as a QR code"
            />
            <span className="command">
                <code>{secret}</code>
                <Copy text={secret} label="the secret" />
            </span>
        </>
    );
}

function Codes({ codes }: { codes: string[] }) {
    return (
        <>
            These are your recovery codes. Each gets you in once if you lose the app; they aren't shown again,
            so keep them where you keep passwords.
            <span className="command">
                <code className="codes">{codes.join("\n")}</code>
                <Copy text={codes.join("\n")} label="the recovery codes" />
            </span>
        </>
    );
}

interface Field {
    label: string;
    secret?: boolean;
    autoComplete: string;
}

interface FormProps<Name extends string> {
    about?: ReactNode;
    fields: Record<Name, Field>;
    /** What is wrong; nothing where it went on. */
    send: (values: Record<Name, string>) => Promise<Fault | null>;
}

function Form<Name extends string>({ about, fields, send }: FormProps<Name>) {
    const [fault, setFault] = useState<Fault | null>(null);
    const [isAsking, setAsking] = useState(false);
    const id = useId();
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<Name, string>;
        setAsking(true);
        setFault(await send(values));
        setAsking(false);
    };
    return (
        <form className="entry" onSubmit={(event) => void submit(event)}>
            {about && <p className="about">{about}</p>}
            {(Object.entries(fields) as [Name, Field][]).map(([name, field], index) => (
                <div key={name} className="token-field">
                    <label htmlFor={`${id}${name}`}>{field.label}</label>
                    <div>
                        <input
                            id={`${id}${name}`}
                            name={name}
                            type={field.secret ? "password" : "text"}
                            autoComplete={field.autoComplete}
                            autoCapitalize="off"
                            spellCheck={false}
                            autoFocus={index === 0}
                            required
                            aria-invalid={fault !== null}
                        />
                    </div>
                </div>
            ))}
            <button type="submit" className="button is-primary" disabled={isAsking}>
                {isAsking ? "Asking…" : "Continue"}
            </button>
            {fault && <Faults faults={[fault]} />}
        </form>
    );
}
