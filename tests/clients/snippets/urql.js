// Opsgate with urql: queries and mutations over HTTP, subscriptions over a WebSocket that resumes.

import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';

import { live } from './live.js';

/** `credential` answers a token that is good now, or a promise of one; `options` are those of graphql-ws. */
export function connect(url, credential, options) {
  const socket = live(url, credential, options);
  const signed = async (input, init) =>
    fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${await credential()}` } });
  const forwardSubscription = (operation) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe(operation, sink) }),
  });
  return new Client({
    url,
    fetch: signed,
    exchanges: [cacheExchange, fetchExchange, subscriptionExchange({ forwardSubscription })],
  });
}
