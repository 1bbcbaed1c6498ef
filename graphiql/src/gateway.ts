// The gateway over HTTP: one request, one answer. Whatever goes wrong comes back as an answer with errors.

/** Where this page came from is where GraphQL is served, behind whatever prefix a proxy has put. */
export const ENDPOINT = location.pathname;

export interface Fault {
    message: string;
    path?: (string | number)[];
    locations?: { line: number; column: number }[];
    extensions?: { code?: string; requestId?: string; [key: string]: unknown };
}

export interface Answer<Data = Record<string, unknown>> {
    data?: Data | null;
    errors?: Fault[];
    extensions?: Record<string, unknown>;
}

export interface Operation {
    query: string;
    variables?: Record<string, unknown> | undefined;
    operationName?: string | null | undefined;
}

export async function post<Data = Record<string, unknown>>(
    token: string,
    operation: Operation,
    headers: Record<string, string> = {},
): Promise<Answer<Data>> {
    let response: Response;
    try {
        response = await fetch(ENDPOINT, {
            method: "POST",
            credentials: "omit",
            headers: {
                Accept: "application/graphql-response+json, application/json;q=0.9",
                "Content-Type": "application/json",
                ...(token && { Authorization: `Bearer ${token}` }),
                ...headers,
            },
            body: JSON.stringify(operation),
        });
    } catch (error) {
        // Nobody there and a header that can't be sent both end up here.
        const isHeader = error instanceof TypeError && /header|ISO-8859-1|ByteString/i.test(error.message);
        return isHeader
            ? fault(
                  "NOT_SENT",
                  "The request wasn't sent: a header has a name or a value that HTTP doesn't allow.",
              )
            : fault(
                  "UNREACHABLE",
                  "The gateway doesn't answer. Is it running, and can this browser reach it?",
              );
    }
    try {
        return (await response.json()) as Answer<Data>;
    } catch {
        return fault(
            "NOT_GRAPHQL",
            `The answer isn't GraphQL: HTTP status ${response.status} ${response.statusText}`.trim(),
        );
    }
}

function fault(code: string, message: string) {
    return { errors: [{ message, extensions: { code } }] };
}
