// What a dashboard makes of the generated types: what is so compiles, and what isn't is refused.

import type { ResultOf, TypedDocumentNode, VariablesOf } from '@graphql-typed-document-node/core';

import {
  IncidentsDocument,
  IncidentsLiveDocument,
  OpenIncidentDocument,
  SnapshotDocument,
} from './generated/operations.js';
import type { IncidentSeverity, ServiceRegisterInput } from './generated/schema.js';

/** What every client's `query` comes to: the document says what goes in and what comes out. */
declare function ask<Result, Variables>(
  document: TypedDocumentNode<Result, Variables>,
  variables: Variables,
): Promise<Result>;

export async function page(after: string | null): Promise<[string, IncidentSeverity][]> {
  const { incidents } = await ask(IncidentsDocument, {
    first: 20,
    after,
    filter: { severity: { in: ['HIGH', 'CRITICAL'] }, not: { status: { eq: 'CLOSED' } } },
    orderBy: { field: 'CREATED_AT', direction: 'DESC' },
  });
  return incidents.nodes.map(({ title, severity }) => [title, severity]);
}

export async function open(title: string): Promise<string> {
  const { incidentCreate } = await ask(OpenIncidentDocument, { input: { title, severity: 'HIGH' } });
  const [fault] = incidentCreate.userErrors;
  if (fault) throw new Error(`${fault.field?.join('.')}: ${fault.message}`);
  // @ts-expect-error: it is null where it wasn't done.
  incidentCreate.incident.number;
  return incidentCreate.incident?.number ?? '';
}

/** A snapshot's place is where a subscription begins. */
export function following({
  eventCursor,
}: ResultOf<typeof SnapshotDocument>): VariablesOf<typeof IncidentsLiveDocument> {
  return { after: eventCursor };
}

// @ts-expect-error: `first` must be given.
ask(IncidentsDocument, {});
// @ts-expect-error: there is no such severity.
ask(IncidentsDocument, { first: 20, filter: { severity: { eq: 'DREADFUL' } } });
// @ts-expect-error: a title is text.
ask(OpenIncidentDocument, { input: { title: 1 } });

type Probe = ServiceRegisterInput['probe'];
/** Of an input with one of several fields, one is given. */
export const probe: Probe = { http: { url: 'http://127.0.0.1:9000/' } };
// @ts-expect-error: and no second one.
export const both: Probe = { http: { url: 'http://127.0.0.1:9000/' }, tcp: { host: '127.0.0.1', port: 9000 } };
