// What a result is about, in a line: for people who watch, and don't read JSON.

export interface Headline {
    number: string | null;
    title: string;
    /** `CRITICAL`, `ACKNOWLEDGED`. */
    marks: string[];
    /** Who did it. */
    by: string | null;
}

type Fields = Record<string, unknown>;

/** Null where the result doesn't select what is needed for one. */
export function headline(result: unknown): Headline | null {
    if (!isObject(result)) return null;
    const subject = [result, ...Object.values(result).filter(isObject)].find(isSubject);
    if (!subject) return null;
    return {
        number: text(subject.number),
        title: text(subject.title) ?? text(subject.name) ?? "",
        marks: [subject.severity, subject.status ?? subject.state].map(text).filter((mark) => mark !== null),
        by: isObject(result.actor) ? text(result.actor.name) : null,
    };
}

/** An actor has a name, too; what something is about has a title, or a state. */
function isSubject(fields: Fields): boolean {
    return text(fields.title) !== null || (text(fields.name) !== null && text(fields.state) !== null);
}

function isObject(value: unknown): value is Fields {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
    return typeof value === "string" ? value : null;
}
