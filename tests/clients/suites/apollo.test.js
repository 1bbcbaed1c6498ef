// Apollo Client.

import { CombinedGraphQLErrors } from '@apollo/client';
import { parse } from 'graphql';

import { judge } from '../front-end.js';
import { iterate } from '../operations.js';
import { connect } from '../snippets/apollo.js';

const isMutation = (document) => document.definitions[0].operation === 'mutation';

/** What came, and what is wrong with it, whichever way the client tells it. */
function outcome({ data, error }) {
  if (error && !CombinedGraphQLErrors.is(error)) throw error;
  return { data, errors: error?.errors };
}

const adapt = (client) => ({
  async ask(text, variables, headers) {
    const document = parse(text);
    const options = { variables, context: { headers }, errorPolicy: 'all' };
    return outcome(
      isMutation(document)
        ? await client.mutate({ mutation: document, ...options })
        : await client.query({ query: document, ...options }),
    );
  },
  follow: (text, variables) =>
    iterate((sink) => {
      const next = (result) => (result.error ? sink.error(result.error) : sink.next(result));
      const subscription = client.subscribe({ query: parse(text), variables }).subscribe({ ...sink, next });
      return () => subscription.unsubscribe();
    }),
});

judge('Apollo Client', (...args) => adapt(connect(...args)));
