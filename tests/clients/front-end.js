// What a front end asks of its client, whichever it is.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import './browser.js';
import { Gateway } from './gateway.js';
import { MUTATION, QUERY, SNAPSHOT, SUBSCRIPTION, take, titles } from './operations.js';

/**
 * Judges a client. `connect(url, credential, options)` answers what a suite makes of it: `ask(document, variables,
 * headers)`, a promise of `data` and `errors`, and `follow(document, variables)`, an iterator of results. `options` are
 * those of graphql-ws.
 */
export function judge(name, connect) {
  describe(name, () => {
    let gateway;
    before(async () => (gateway = await Gateway.start()));
    after(() => gateway.stop());

    const client = (credential = () => gateway.token, options = {}) => connect(gateway.url, credential, options);
    const follow = async (client) => client.follow(SUBSCRIPTION, { after: await gateway.cursor() });

    it('queries', async () => {
      const { data } = await client().ask(QUERY);
      assert.ok(data.viewer.permissions.includes('incidents.read'));
    });

    it('mutates, and repeats it safely', async () => {
      const asked = [MUTATION, { title: `by ${name}` }, { 'idempotency-key': name }];
      const [first, second] = [await client().ask(...asked), await client().ask(...asked)];
      assert.equal(first.data.incidentCreate.incident.title, `by ${name}`);
      assert.equal(first.data.incidentCreate.receipt.isReplay, false);
      assert.deepEqual(second.data.incidentCreate.incident, first.data.incidentCreate.incident);
      assert.equal(second.data.incidentCreate.receipt.isReplay, true);
    });

    it('reads what it can mend as user errors', async () => {
      const { data, errors } = await client().ask(MUTATION, { title: '' });
      assert.equal(errors, undefined);
      assert.equal(data.incidentCreate.incident, null);
      assert.deepEqual(data.incidentCreate.userErrors[0].field, ['input', 'title']);
    });

    it('reads what is wrong with a document as errors', async () => {
      const { errors } = await client().ask('{ nothing }');
      assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    });

    it('hears of what was done with it', async () => {
      const changes = await follow(client());
      await client().ask(MUTATION, { title: 'live' });
      assert.deepEqual(titles(await take(changes, 1)), ['live']);
      await changes.return();
    });

    it('begins with a snapshot, and hears of everything beyond it', async () => {
      await gateway.openIncident('in the snapshot');
      const { data } = await client().ask(SNAPSHOT);
      await gateway.openIncident('beyond it');
      const changes = client().follow(SUBSCRIPTION, { after: data.eventCursor });
      assert.equal(data.incidents.nodes[0].title, 'in the snapshot');
      assert.deepEqual(titles(await take(changes, 1)), ['beyond it']);
      await changes.return();
    });

    it('is told that its token has expired', async () => {
      const token = await gateway.makeExpiredToken(['incidents.read']);
      const { errors } = await client(() => token).ask(QUERY);
      assert.equal(errors[0].extensions.code, 'UNAUTHENTICATED');
    });

    it('goes on with a fresh token where the old one expires', async () => {
      const tokens = [await gateway.makeShortToken(['incidents.read'], 2000)];
      const closes = [];
      let expired;
      const isOver = new Promise((resolve) => (expired = resolve));
      const closed = ({ code, reason }) => expired(closes.push([code, reason]));
      const options = { retryWait: async () => {}, on: { closed } };
      const changes = await follow(client(() => tokens.pop() ?? gateway.token, options));
      await gateway.openIncident('with the old one');
      assert.deepEqual(titles(await take(changes, 1)), ['with the old one']);
      await isOver;
      assert.deepEqual(closes, [[4403, 'expired']]);
      await gateway.openIncident('with the fresh one');
      assert.deepEqual(titles(await take(changes, 1)), ['with the fresh one']);
      await changes.return();
    });

    it('gives up where its token is revoked', async () => {
      const token = await gateway.makeToken(['incidents.read']);
      let connections = 0;
      const changes = await follow(client(() => token, { on: { connecting: () => connections++ } }));
      await gateway.openIncident('the last');
      await take(changes, 1);
      await gateway.revoke(token);
      await assert.rejects(changes.next(), (error) =>
        JSON.stringify([error, String(error), error.code]).includes('4401'),
      );
      assert.equal(connections, 1);
    });

    it('gives up where there is no token', async () => {
      const signedOut = () => Promise.reject(new Error('signed out'));
      await assert.rejects(take(await follow(client(signedOut)), 1), /signed out/);
    });

    it('resumes after the gateway was stopped: nothing is lost, none comes twice', async () => {
      let comeBack;
      const isOpen = new Promise((resolve) => (comeBack = resolve));
      const changes = await follow(client(undefined, { retryWait: () => isOpen }));
      await gateway.openIncident('before');
      assert.deepEqual(titles(await take(changes, 1)), ['before']);
      await gateway.restart();
      await gateway.openIncident('meanwhile');
      comeBack();
      await gateway.openIncident('after');
      assert.deepEqual(titles(await take(changes, 2)), ['meanwhile', 'after']);
      await changes.return();
    });

    it('resumes after the gateway was killed, by itself', async () => {
      const changes = await follow(client());
      await gateway.openIncident('before');
      assert.deepEqual(titles(await take(changes, 1)), ['before']);
      await gateway.restart('SIGKILL');
      for (const title of ['first', 'second']) await gateway.openIncident(title);
      assert.deepEqual(titles(await take(changes, 2)), ['first', 'second']);
      await changes.return();
    });
  });
}
