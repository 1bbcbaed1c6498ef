// The official client of GraphQL over server-sent events, in both modes of the protocol.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient } from 'graphql-sse';

import { Gateway } from '../gateway.js';
import { MUTATION, QUERY, SUBSCRIPTION, take, titles } from '../operations.js';

for (const singleConnection of [false, true]) {
  describe(`graphql-sse, ${singleConnection ? 'single connection' : 'distinct connections'}`, () => {
    let gateway;
    before(async () => (gateway = await Gateway.start()));
    after(() => gateway.stop());

    const connect = (token = gateway.token, options = {}) =>
      createClient({
        url: gateway.streamUrl,
        singleConnection,
        retryAttempts: 0,
        headers: () => ({ authorization: `Bearer ${token}` }),
        ...options,
      });

    it('queries', async () => {
      const client = connect();
      const [{ data }] = await take(client.iterate({ query: QUERY }), 1);
      assert.ok(data.viewer.permissions.includes('incidents.read'));
      client.dispose();
    });

    it('mutates', async () => {
      const client = connect();
      const mutation = { query: MUTATION, variables: { title: 'by sse' } };
      const [{ data }] = await take(client.iterate(mutation), 1);
      assert.equal(data.incidentCreate.incident.title, 'by sse');
      client.dispose();
    });

    it('reads what is wrong with a document as a result', async () => {
      const client = connect();
      const [{ data, errors }] = await take(client.iterate({ query: '{ nothing }' }), 1);
      assert.equal(data, undefined);
      assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
      client.dispose();
    });

    it('subscribes', async () => {
      const client = connect();
      const variables = { after: await gateway.cursor() };
      const changes = client.iterate({ query: SUBSCRIPTION, variables });
      for (const title of ['one', 'two']) await gateway.openIncident(title);
      assert.deepEqual(titles(await take(changes, 2)), ['one', 'two']);
      await changes.return();
      client.dispose();
    });

    it('is turned away with a credential that has expired', async () => {
      const token = await gateway.makeExpiredToken(['incidents.read']);
      const client = connect(token);
      await assert.rejects(take(client.iterate({ query: QUERY }), 1), ({ response }) => response.status === 401);
    });

    for (const reason of ['revoked', 'expired']) {
      it(`hears that its credential is ${reason}`, async () => {
        const token =
          reason === 'revoked'
            ? await gateway.makeToken(['incidents.read'])
            : await gateway.makeShortToken(['incidents.read'], 2000);
        const completes = [];
        const message = ({ event, data }) => event === 'complete' && completes.push(data.payload ?? data);
        const client = connect(token, { on: { message } });
        const changes = client.iterate({ query: SUBSCRIPTION, variables: { after: await gateway.cursor() } });
        await gateway.openIncident('the last');
        await take(changes, 1);
        if (reason === 'revoked') await gateway.revoke(token);
        assert.equal((await changes.next()).done, true);
        assert.deepEqual(completes, [{ extensions: { code: 'UNAUTHENTICATED', reason } }]);
        client.dispose();
      });
    }

    it('resumes after the gateway has restarted', async () => {
      const completes = [];
      const message = ({ event, data }) => event === 'complete' && completes.push(data.payload ?? data);
      const client = connect(gateway.token, { on: { message } });
      const changes = client.iterate({ query: SUBSCRIPTION, variables: { after: await gateway.cursor() } });
      await gateway.openIncident('before');
      const [{ data }] = await take(changes, 1);
      const restarted = gateway.restart();
      assert.equal((await changes.next()).done, true);
      assert.equal(completes[0].extensions.reason, 'restarting');
      await restarted;
      client.dispose();
      await gateway.openIncident('between');

      const { cursor } = data.incidentChanged;
      const authorization = `Bearer ${gateway.token}`;
      const again = connect(gateway.token, { headers: () => ({ authorization, 'last-event-id': cursor }) });
      const resumed = again.iterate({ query: SUBSCRIPTION });
      await gateway.openIncident('after');
      assert.deepEqual(titles(await take(resumed, 2)), ['between', 'after']);
      again.dispose();
    });
  });
}
