// What the gateway is asked by whoever signs in with a password: the answers, or what is wrong in words.

import { type Fault, post } from "./gateway";

export interface Tokens {
    accessToken: string;
    refreshToken: string | null;
    accessTokenExpiresAt: string;
    isEnrolmentRequired: boolean;
}

/** What an authenticator app is to learn. */
export interface Enrolment {
    secret: string;
    uri: string;
    qrSvg: string;
}

interface UserError {
    code: string;
    message: string;
    field: string[] | null;
}

const TOKENS = "tokens { accessToken refreshToken accessTokenExpiresAt isEnrolmentRequired }";
const ENROLMENT = "enrolment { secret uri qrSvg }";
const ERRORS = "userErrors { code message field }";

/**
 * What this page was given last to go on by. It signs nobody in, and whoever shows it when they come back doesn't wait for
 * what their neighbours try: a session that is over, or whose next token was lost on its way, is good for that, too.
 */
let lastRefreshToken: string | null = null;

/** Signs in; `code` is of the authenticator app, or a recovery code. */
export function signInWith(email: string, password: string, code: string | null) {
    const isTotp = code !== null && /^\s*\d{6}\s*$/.test(code);
    const secondFactor = code === null ? null : isTotp ? { totp: code } : { recoveryCode: code };
    const input = { email, password, secondFactor, lastRefreshToken };
    return remembered(mutate<{ tokens: Tokens }>("", "sessionCreate", TOKENS, input));
}

/** Sets the first password of an account, and begins to enrol its second factor. */
export function acceptInvitation(token: string, password: string) {
    const selection = `${TOKENS} ${ENROLMENT}`;
    const input = { token, password };
    return remembered(
        mutate<{ tokens: Tokens; enrolment: Enrolment }>("", "invitationAccept", selection, input),
    );
}

/** Begins to enrol a second factor. */
export function enrol(session: string) {
    return mutate<{ enrolment: Enrolment }>(session, "mfaEnroll", ENROLMENT);
}

/** Takes the second factor into use whose code this is. */
export function confirm(session: string, code: string) {
    return mutate<{ tokens: Tokens; recoveryCodes: string[] }>(
        session,
        "mfaConfirm",
        `${TOKENS} recoveryCodes`,
        { code },
    );
}

/** Proves the second factor again. */
export function stepUp(session: string, code: string) {
    return mutate<{ tokens: Tokens }>(session, "sessionStepUp", TOKENS, { code });
}

/** Exchanges a refresh token for the next tokens. */
export function refresh(refreshToken: string) {
    return remembered(mutate<{ tokens: Tokens }>("", "sessionRefresh", TOKENS, { refreshToken }));
}

/** Ends a session. */
export function endSession(session: string) {
    return mutate<object>(session, "sessionRevoke", "", {});
}

/** Whether a second factor is wanted, too. */
export function wantsFactor(fault: Fault): boolean {
    const { code, field } = fault.extensions ?? {};
    return code === "REQUIRED" && Array.isArray(field) && field.includes("secondFactor");
}

async function remembered<Data extends { tokens: Tokens }>(asked: Promise<Data | Fault>) {
    const answer = await asked;
    if (!isFault(answer)) lastRefreshToken = answer.tokens.refreshToken;
    return answer;
}

async function mutate<Data>(
    token: string,
    mutation: string,
    selection: string,
    input?: object,
): Promise<Data | Fault> {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input!`;
    const [declared, given] = input ? [`($input: ${type})`, "(input: $input)"] : ["", ""];
    const query = `mutation${declared} { ${mutation}${given} { ${selection} ${ERRORS} } }`;
    const answer = await post<Record<string, Data & { userErrors: UserError[] }>>(token, {
        query,
        variables: { input },
    });
    const payload = answer.data?.[mutation];
    if (!payload) return answer.errors?.[0] ?? { message: "The gateway's answer says nothing." };
    const [error] = payload.userErrors;
    return error ? { message: error.message, extensions: { code: error.code, field: error.field } } : payload;
}

export function isFault(answer: object): answer is Fault {
    return "message" in answer;
}
