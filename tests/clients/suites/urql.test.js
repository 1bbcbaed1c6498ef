// urql.

import { parse } from 'graphql';

import { judge } from '../front-end.js';
import { iterate } from '../operations.js';
import { connect } from '../snippets/urql.js';

const isMutation = (document) => document.definitions[0].operation === 'mutation';

/** What came, and what is wrong with it, whichever way the client tells it. */
function outcome({ data, error }) {
  if (error?.networkError && error.graphQLErrors.length === 0) throw error.networkError;
  return { data, errors: error?.graphQLErrors };
}

const adapt = (client) => ({
  async ask(text, variables = {}, headers) {
    const document = parse(text);
    const context = { fetchOptions: { headers } };
    return outcome(
      isMutation(document)
        ? await client.mutation(document, variables, context)
        : await client.query(document, variables, context),
    );
  },
  follow: (text, variables) =>
    iterate((sink) => {
      const next = (result) =>
        result.error ? sink.error(result.error.networkError ?? result.error) : sink.next(result);
      return client.subscription(parse(text), variables).subscribe(next).unsubscribe;
    }),
});

judge('urql', (...args) => adapt(connect(...args)));
