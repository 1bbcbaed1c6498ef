// Opsgate with Apollo Client: queries and mutations over HTTP, subscriptions over a WebSocket that resumes.

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';

import { live } from './live.js';

/** `credential` answers a token that is good now, or a promise of one; `options` are those of graphql-ws. */
export function connect(url, credential, options) {
  const signed = new SetContextLink(async ({ headers }) => ({
    headers: { ...headers, authorization: `Bearer ${await credential()}` },
  }));
  const http = signed.concat(new HttpLink({ uri: url }));
  const socket = new GraphQLWsLink(live(url, credential, options));
  const isLive = ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION;
  return new ApolloClient({ cache: new InMemoryCache(), link: ApolloLink.split(isLive, socket, http) });
}
