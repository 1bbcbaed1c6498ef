// Subscriptions that outlive their connection, for every client that takes one of graphql-ws.

import { createClient } from 'graphql-ws';

/**
 * `credential` is asked for anew at each connection: where the old token has expired, the next one has a fresh one.
 * `options` are those of graphql-ws.
 */
export function live(url, credential, options = {}) {
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams: async () => ({ authorization: `Bearer ${await credential()}` }),
    // It gives up by itself where coming back is no use: a token that was revoked, say.
    retryAttempts: Infinity,
    retryWait: pause,
    ...options,
  });
  return { ...client, subscribe: (operation, sink) => client.subscribe(...resuming(operation, sink)) };
}

/** A quarter of a second at first, ten in the end; the library's own goes on to hours. Not all come back at once. */
function pause(retries) {
  const milliseconds = Math.min(250 * 2 ** retries, 10_000) * (1 + Math.random() / 2);
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The variables are sent anew at each connection. They say how far it got: nothing is lost, and none comes twice. */
function resuming(operation, sink) {
  const variables = { ...operation.variables };
  const next = (result) => {
    for (const change of Object.values(result.data ?? {})) variables.after = change?.cursor ?? variables.after;
    sink.next(result);
  };
  return [
    { ...operation, variables },
    { ...sink, next },
  ];
}
