// gql, from Python: a program of a page, judged by what it prints.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';

import { Gateway } from '../gateway.js';
import { take } from '../operations.js';

const HERE = path.resolve(import.meta.dirname, '..');
const PYTHON = path.join(HERE, '.venv/bin/python');

/** The program while it runs. */
class Program {
  #process;
  #lines;
  #complaint = '';

  constructor(gateway, token, ...args) {
    const env = { ...process.env, OPSGATE_URL: gateway.url, OPSGATE_TOKEN: token };
    this.#process = spawn(PYTHON, [path.join(HERE, 'snippets/incidents.py'), ...args], { env });
    this.#process.stderr.on('data', (data) => (this.#complaint += data));
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** What it prints next. */
  async take(count) {
    return (await take(this.#lines, count)).map((line) => JSON.parse(line));
  }

  /** What it prints until its end; fails with what it complains of. */
  async all() {
    const printed = [];
    for await (const line of { [Symbol.asyncIterator]: () => this.#lines }) printed.push(JSON.parse(line));
    if (this.#process.exitCode === null) await once(this.#process, 'close');
    if (this.#process.exitCode !== 0) throw new Error(this.#complaint);
    return printed;
  }

  async stop() {
    this.#process.kill();
    await once(this.#process, 'close');
  }
}

describe('gql', () => {
  let gateway;
  before(async () => (gateway = await Gateway.start()));
  after(() => gateway.stop());

  const run = (...args) => new Program(gateway, gateway.token, ...args);
  const titles = (changes) => changes.map(({ incident }) => incident.title);

  it('mutates, repeats it safely, and queries', async () => {
    const [first] = await run('open', 'by gql', 'a key').all();
    assert.deepEqual(first.userErrors, []);
    assert.equal(first.incident.title, 'by gql');
    assert.equal(first.receipt.isReplay, false);
    const [second] = await run('open', 'by gql', 'a key').all();
    assert.deepEqual(second.incident, first.incident);
    assert.equal(second.receipt.isReplay, true);
    const [listed, ...others] = await run('list').all();
    assert.deepEqual([listed.id, listed.severity, others], [first.incident.id, 'HIGH', []]);
  });

  it('reads what it can mend as user errors', async () => {
    const [answer] = await run('open', '', 'another key').all();
    assert.equal(answer.incident, null);
    assert.deepEqual(answer.userErrors[0].field, ['input', 'title']);
  });

  it('is told that its token has expired', async () => {
    const token = await gateway.makeExpiredToken(['incidents.read']);
    await assert.rejects(new Program(gateway, token, 'list').all(), /UNAUTHENTICATED/);
  });

  it('gives up where its token is revoked', async () => {
    const token = await gateway.makeToken(['incidents.read']);
    const program = new Program(gateway, token, 'follow', await gateway.cursor());
    await gateway.openIncident('the last');
    await program.take(1);
    await gateway.revoke(token);
    await assert.rejects(program.all(), /4401.*revoked/);
  });

  for (const signal of ['SIGTERM', 'SIGKILL']) {
    it(`resumes after the gateway got ${signal}: nothing is lost, none comes twice`, async () => {
      const program = run('follow', await gateway.cursor());
      await gateway.openIncident('before');
      assert.deepEqual(titles(await program.take(1)), ['before']);
      await gateway.restart(signal);
      for (const title of ['meanwhile', 'after']) await gateway.openIncident(title);
      assert.deepEqual(titles(await program.take(2)), ['meanwhile', 'after']);
      await program.stop();
    });
  }
});
