// Documents by their hash: Apollo Client's link, to stand before its HttpLink, and urql's exchange before its fetchExchange.

import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { persistedExchange } from '@urql/exchange-persisted';

const sha256 = async (text) => {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
};

export const apollo = (options) => new PersistedQueryLink({ sha256, ...options });

export const urql = (options) => persistedExchange({ generateHash: sha256, enableForMutation: true, ...options });
