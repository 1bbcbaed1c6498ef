// Automatic persisted queries, by Apollo Client's own link and urql's own exchange; and tokens that run certain documents.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
import { parse } from 'graphql';

import '../browser.js';
import { Gateway } from '../gateway.js';
import { MUTATION } from '../operations.js';
import { apollo, urql } from '../snippets/persisted.js';

/** A fetch that shows a credential and notes, for each request, its method, whether the document travels, and the status. */
function noting(token) {
  const seen = [];
  const send = async (input, init) => {
    const hasDocument = init.body ? JSON.parse(init.body).query !== undefined : /[?&]query=/.test(input);
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    const response = await fetch(input, { ...init, headers });
    seen.push(`${init.method ?? 'GET'} ${hasDocument ? 'document' : 'hash'} ${response.status}`);
    return response;
  };
  return { seen, send };
}

const isMutation = (document) => document.definitions[0].operation === 'mutation';

/** Each answers how to ask: it ends with `data`, or throws. */
const CLIENTS = {
  'Apollo Client': (url, send, { get }) => {
    const link = apollo({ useGETForHashedQueries: get }).concat(new HttpLink({ uri: url, fetch: send }));
    const client = new ApolloClient({ cache: new InMemoryCache(), link });
    return async (text, variables) => {
      const document = parse(text);
      const options = { variables, fetchPolicy: isMutation(document) ? 'no-cache' : 'network-only' };
      const { data } = isMutation(document)
        ? await client.mutate({ mutation: document, ...options })
        : await client.query({ query: document, ...options });
      return data;
    };
  },
  urql: (url, send, { get }) => {
    const exchanges = [urql({ preferGetForPersistedQueries: get }), fetchExchange];
    const client = new Client({ url, fetch: send, preferGetMethod: false, exchanges });
    return async (text, variables = {}) => {
      const { data, error } = isMutation(parse(text))
        ? await client.mutation(text, variables).toPromise()
        : await client.query(text, variables).toPromise();
      if (error) throw error;
      return data;
    };
  },
};

for (const [name, connect] of Object.entries(CLIENTS)) {
  describe(`persisted queries of ${name}`, () => {
    let gateway;
    before(async () => (gateway = await Gateway.start()));
    after(() => gateway.stop());

    for (const get of [false, true]) {
      const first = get ? 'GET' : 'POST';

      it(`sends a document once, its hash by ${first}`, async () => {
        // Each client writes it its own way; each way is new to the gateway.
        const query = `query By${first} { viewer { permissions } }`;
        const { seen, send } = noting(gateway.token);
        const ask = connect(gateway.url, send, { get });
        for (let times = 0; times < 2; times++) {
          const { viewer } = await ask(query);
          assert.ok(viewer.permissions.includes('incidents.read'));
        }
        const [missed, sent, hit] = seen;
        assert.equal(seen.length, 3, seen.join(', '));
        assert.match(missed, new RegExp(`^${first} hash (200|400)$`));
        assert.match(sent, / document 200$/);
        assert.equal(hit, `${first} hash 200`);

        // Somebody else needn't send it at all.
        const other = noting(await gateway.makeToken(['incidents.read']));
        const { viewer } = await connect(gateway.url, other.send, { get })(query);
        assert.deepEqual(viewer.permissions, ['incidents.read']);
        assert.deepEqual(other.seen, [`${first} hash 200`]);
      });
    }

    it('does so for mutations', async () => {
      const { seen, send } = noting(gateway.token);
      const ask = connect(gateway.url, send, { get: true });
      for (const title of ['a', 'b']) {
        const { incidentCreate } = await ask(MUTATION, { title });
        assert.equal(incidentCreate.incident.title, title);
      }
      assert.equal(seen.length, 3, seen.join(', '));
      assert.equal(seen[2], 'POST hash 200');
    });

    it('runs the documents that its token is trusted with, and names them from the first request on', async () => {
      const query = 'query Trusted { viewer { permissions } }';
      const files = await mkdtemp(path.join(tmpdir(), 'opsgate-documents-'));
      const manifest = path.join(files, 'persisted-documents.json');
      // As the client writes it: what a tool of the client's would have put there.
      const written = [];
      const noted = async (input, init) => {
        written.push(JSON.parse(init.body).query);
        return noting(gateway.token).send(input, init);
      };
      await connect(gateway.url, noted, { get: false })(query);
      const text = written.find(Boolean);
      const hash = createHash('sha256').update(text).digest('hex');
      await writeFile(manifest, JSON.stringify({ [`sha256:${hash}`]: text }));
      const token = await gateway.makeToken(['incidents.read'], '--documents', manifest);
      await rm(files, { recursive: true });

      const { seen, send } = noting(token);
      const ask = connect(gateway.url, send, { get: false });
      const { viewer } = await ask(query);
      assert.deepEqual(viewer.permissions, ['incidents.read']);
      assert.deepEqual(seen, ['POST hash 200']);
      await assert.rejects(ask('query Other { viewer { permissions } }'), (error) =>
        JSON.stringify([error, error.bodyText]).includes('FORBIDDEN'),
      );
    });

    it('reads what is wrong with a document as ever', async () => {
      const ask = connect(gateway.url, noting(gateway.token).send, { get: false });
      await assert.rejects(ask('{ nothing }'), (error) => JSON.stringify(error).includes('GRAPHQL_VALIDATION_FAILED'));
    });
  });

  it(`${name} stops naming documents where the gateway remembers none`, async () => {
    const gateway = await Gateway.start({ persisted_queries: 'false' });
    const { seen, send } = noting(gateway.token);
    const ask = connect(gateway.url, send, { get: false });
    for (let times = 0; times < 2; times++) await ask('{ viewer { permissions } }');
    assert.equal(seen.length, 3, seen.join(', '));
    assert.match(seen[0], /^POST hash (200|400)$/);
    assert.deepEqual(seen.slice(1), ['POST document 200', 'POST document 200']);
    await gateway.stop();
  });
}
