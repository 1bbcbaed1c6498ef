// The specification of GraphQL over HTTP, judged by the audit of the official package.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { serverAudits } from 'graphql-http';

import { Gateway } from '../gateway.js';

const AUDITS = 61;

describe('GraphQL over HTTP', () => {
  let gateway;
  before(async () => (gateway = await Gateway.start()));
  after(() => gateway.stop());

  // Introspection is for who is signed in.
  const fetchFn = (url, options = {}) =>
    fetch(url, { ...options, headers: { ...options.headers, authorization: `Bearer ${gateway.token}` } });
  const audits = serverAudits({ url: () => gateway.url, fetchFn });

  it('has as many audits as ever', () => assert.equal(audits.length, AUDITS));

  for (const { id, name, fn } of audits) {
    it(`${id} ${name}`, async () => {
      const { status, reason } = await fn();
      assert.equal(status, 'ok', reason);
    });
  }
});
