// The official client of graphql-transport-ws.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

import { Gateway } from '../gateway.js';
import { MUTATION, QUERY, SUBSCRIPTION, take, titles } from '../operations.js';

describe('graphql-ws', () => {
  let gateway;
  before(async () => (gateway = await Gateway.start()));
  after(() => gateway.stop());

  const connect = (token = gateway.token, options = {}) =>
    createClient({
      url: gateway.webSocketUrl,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: () => ({ authorization: `Bearer ${token}` }),
      ...options,
    });

  it('queries', async () => {
    const client = connect();
    const [{ data }] = await take(client.iterate({ query: QUERY }), 1);
    assert.ok(data.viewer.permissions.includes('incidents.read'));
    await client.dispose();
  });

  it('mutates', async () => {
    const client = connect();
    const mutation = { query: MUTATION, variables: { title: 'by socket' } };
    const [{ data }] = await take(client.iterate(mutation), 1);
    assert.equal(data.incidentCreate.incident.title, 'by socket');
    await client.dispose();
  });

  it('reads what is wrong with a document as errors', async () => {
    const client = connect();
    await assert.rejects(take(client.iterate({ query: '{ nothing }' }), 1), ([{ extensions }]) => {
      return extensions.code === 'GRAPHQL_VALIDATION_FAILED';
    });
    await client.dispose();
  });

  it('subscribes', async () => {
    const client = connect();
    const changes = client.iterate({ query: SUBSCRIPTION, variables: { after: await gateway.cursor() } });
    for (const title of ['one', 'two']) await gateway.openIncident(title);
    assert.deepEqual(titles(await take(changes, 2)), ['one', 'two']);
    await changes.return();
    await client.dispose();
  });

  it('gives up with a revoked credential', async () => {
    const token = await gateway.makeToken(['incidents.read']);
    let connections = 0;
    const client = connect(token, { retryAttempts: 5, on: { connecting: () => connections++ } });
    const changes = client.iterate({ query: SUBSCRIPTION, variables: { after: await gateway.cursor() } });
    await gateway.openIncident('the last');
    await take(changes, 1);
    const ended = assert.rejects(changes.next(), ({ code, reason }) => code === 4401 && reason === 'revoked');
    await gateway.revoke(token);
    await ended;
    assert.equal(connections, 1);
  });

  it('comes back with a fresh credential where the old one has expired', async () => {
    const tokens = [await gateway.makeShortToken(['incidents.read'], 1500), gateway.token];
    const closes = [];
    let cursor = await gateway.cursor();
    const client = connect(undefined, {
      connectionParams: () => ({ authorization: `Bearer ${tokens.shift()}` }),
      retryAttempts: 5,
      retryWait: async () => {},
      // Only codes that the client calls fatal are final to it.
      shouldRetry: () => true,
      on: { closed: ({ code, reason }) => closes.push([code, reason]) },
    });
    const changes = client.iterate({ query: SUBSCRIPTION, variables: { after: cursor } });
    await gateway.openIncident('old');
    await take(changes, 1);
    while (closes.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(closes[0], [4403, 'expired']);
    await gateway.openIncident('new');
    // It subscribes anew, as it was told at first: from the same place.
    assert.deepEqual(titles(await take(changes, 2)), ['old', 'new']);
    await client.dispose();
  });

  it('resumes after the gateway has restarted', async () => {
    const variables = { after: await gateway.cursor() };
    const closes = [];
    const client = connect(undefined, {
      retryAttempts: 20,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
      on: {
        closed: ({ code, reason }) => closes.push([code, reason]),
        // The client reads the variables anew at each connection: they say where it got to.
        message: ({ type, payload }) => {
          if (type === 'next') variables.after = payload.data.incidentChanged.cursor;
        },
      },
    });
    const changes = client.iterate({ query: SUBSCRIPTION, variables });
    await gateway.openIncident('before');
    await take(changes, 1);
    await gateway.restart();
    assert.deepEqual(closes[0], [1012, 'restarting']);
    for (const title of ['between', 'after']) await gateway.openIncident(title);
    assert.deepEqual(titles(await take(changes, 2)), ['between', 'after']);
    await client.dispose();
  });
});
