// What every client is asked to do.

export const QUERY = '{ viewer { permissions } }';

export const MUTATION = `mutation($title: String!) {
  incidentCreate(input: { title: $title, severity: HIGH }) { incident { title } userErrors { code } } }`;

export const SUBSCRIPTION = `subscription($after: EventCursor) {
  incidentChanged(after: $after) { cursor incident { title } } }`;

/** The first `count` items of an iterator that may never end. */
export async function take(iterator, count) {
  const taken = [];
  while (taken.length < count) {
    const { value, done } = await iterator.next();
    if (done) throw new Error(`it ended after ${JSON.stringify(taken)}`);
    taken.push(value);
  }
  return taken;
}

/** The titles of what a subscription delivered. */
export const titles = (results) => results.map(({ data }) => data.incidentChanged.incident.title);
