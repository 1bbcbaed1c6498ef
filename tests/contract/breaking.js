// What breaks those who are written against an earlier schema, and whether somebody stood up for it.

import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

const ACCESS = /^(?<field>\w+\.\w+)\.@(requires|authenticated|public)\b/;

/** Who may call a field is as much of the contract as its type: whom it let in, it may refuse now. */
function accessIsContract({ changes, oldSchema }) {
  const changed = (change) => {
    const [type, field] = change.path?.match(ACCESS)?.groups.field.split('.') ?? [];
    return Boolean(oldSchema.getType(type ?? '')?.getFields?.()[field]);
  };
  const criticality = { level: CriticalityLevel.Breaking, reason: 'Who may call a field is part of the contract.' };
  return changes.map((change) => (changed(change) ? { ...change, criticality } : change));
}

/** Everything that differs, and what of it breaks clients. */
export async function compare(before, after) {
  const changes = await diff(buildSchema(before), buildSchema(after), [accessIsContract]);
  const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
  return { changes, breaking: breaking.map(({ path, message }) => ({ path, message })) };
}

/**
 * What of `breaking` nobody stood up for. Only entries that came since count: an old one acknowledged an old change,
 * and stays for those who read the file.
 */
export function unacknowledged(breaking, entriesBefore, entriesNow) {
  const nameless = entriesNow.find(({ reason }) => !reason?.trim());
  if (nameless) throw new Error(`acknowledged.json gives no reason: ${JSON.stringify(nameless)}`);
  const same = (one) => (other) => one.path === other.path && one.message === other.message;
  const count = (entries, change) => entries.filter(same(change)).length;
  return breaking.filter((change) => count(entriesNow, change) <= count(entriesBefore, change));
}
