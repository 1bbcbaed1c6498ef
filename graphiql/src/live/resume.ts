// How a subscription goes on where it stopped: each result carries a `cursor`, and each subscription takes `after`.

import { type FieldNode, Kind, type OperationDefinitionNode, getOperationAST, parse, print } from "graphql";

import type { Answer, Operation } from "../gateway";

/** What is asked for under this name where the document itself doesn't select the cursor; nobody sees it. */
const OURS = "cursorToResumeFrom";

/** A subscription that can go on from a place. */
export class Resumable {
    #operation: Operation;
    #definition: OperationDefinitionNode;
    #field: FieldNode;
    /** The name under which results carry the cursor. */
    #cursor: string;

    private constructor(operation: Operation, definition: OperationDefinitionNode, field: FieldNode) {
        const own = selections(field).find((selected) => selected.name.value === "cursor");
        this.#operation = operation;
        this.#definition = definition;
        this.#field = field;
        this.#cursor = own ? responseKey(own) : OURS;
    }

    /** Null where that can't be told: it isn't valid, or its one field stands in a fragment. */
    static of(operation: Operation): Resumable | null {
        try {
            const definition = getOperationAST(parse(operation.query), operation.operationName);
            const field = definition?.selectionSet.selections.find(
                (selected) => selected.kind === Kind.FIELD,
            );
            return definition && field?.selectionSet ? new Resumable(operation, definition, field) : null;
        } catch {
            return null;
        }
    }

    /** Where it was to begin by itself. */
    get beginning(): string | null {
        const value = this.#after?.value;
        const given =
            value?.kind === Kind.VARIABLE ? this.#operation.variables?.[value.name.value] : undefined;
        if (typeof given === "string") return given;
        return value?.kind === Kind.STRING ? value.value : null;
    }

    /** The request that goes on after `cursor`; without one, as it was written. */
    after(cursor: string | null): Operation {
        const argument = this.#after;
        if (cursor && argument?.value.kind === Kind.VARIABLE) {
            const variables = { ...this.#operation.variables, [argument.value.name.value]: cursor };
            return { ...this.#operation, query: this.#query(this.#field), variables };
        }
        if (!cursor) return { ...this.#operation, query: this.#query(this.#field) };
        const others = (this.#field.arguments ?? []).filter((other) => other !== argument);
        const after = {
            kind: Kind.ARGUMENT,
            name: { kind: Kind.NAME, value: "after" },
            value: { kind: Kind.STRING, value: cursor },
        } as const;
        return { ...this.#operation, query: this.#query({ ...this.#field, arguments: [...others, after] }) };
    }

    /** The place of a result, and the result without what was added. */
    read(result: Answer): { cursor: string | null; result: Answer } {
        const key = responseKey(this.#field);
        const payload = result.data?.[key];
        if (typeof payload !== "object" || payload === null) return { cursor: null, result };
        const { [this.#cursor]: cursor, ...rest } = payload as Record<string, unknown>;
        const shown = this.#cursor === OURS ? { ...result, data: { ...result.data, [key]: rest } } : result;
        return { cursor: typeof cursor === "string" ? cursor : null, result: shown };
    }

    get #after() {
        return this.#field.arguments?.find((argument) => argument.name.value === "after");
    }

    /** The document with `field` in its place; to the letter as it was written where nothing is changed. */
    #query(field: FieldNode): string {
        if (field === this.#field && this.#cursor !== OURS) return this.#operation.query;
        const document = parse(this.#operation.query, { noLocation: true });
        const cursor = {
            kind: Kind.FIELD,
            alias: { kind: Kind.NAME, value: OURS },
            name: { kind: Kind.NAME, value: "cursor" },
        } as const;
        const set = field.selectionSet;
        const complete =
            set && this.#cursor === OURS
                ? { ...field, selectionSet: { ...set, selections: [...set.selections, cursor] } }
                : field;
        const isOurs = (definition: OperationDefinitionNode) =>
            definition.name?.value === this.#definition.name?.value;
        return print({
            ...document,
            definitions: document.definitions.map((definition) =>
                definition.kind === Kind.OPERATION_DEFINITION && isOurs(definition)
                    ? { ...definition, selectionSet: { ...definition.selectionSet, selections: [complete] } }
                    : definition,
            ),
        });
    }
}

function selections(field: FieldNode): FieldNode[] {
    return field.selectionSet?.selections.filter((selected) => selected.kind === Kind.FIELD) ?? [];
}

function responseKey(field: FieldNode): string {
    return field.alias?.value ?? field.name.value;
}
