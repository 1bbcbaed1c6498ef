// What every client is asked to do.

export const QUERY = '{ viewer { permissions } }';

export const SNAPSHOT = '{ eventCursor incidents(first: 1) { nodes { id title } } }';

export const MUTATION = `mutation($title: String!) {
  incidentCreate(input: { title: $title, severity: HIGH }) {
    incident { id title } userErrors { code field } receipt { isReplay } } }`;

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

/** What is handed to an observer, as an iterator: `subscribe` takes one and answers how to leave. */
export function iterate(subscribe) {
  let leave;
  const start = (controller) => {
    // Some say that it is complete once more where it failed.
    let isOver = false;
    const end = (finish) => {
      if (!isOver) finish();
      isOver = true;
    };
    leave = subscribe({
      next: (result) => controller.enqueue(result),
      error: (error) => end(() => controller.error(error)),
      complete: () => end(() => controller.close()),
    });
  };
  return new ReadableStream({ start, cancel: () => leave() }).values();
}
