// gql, from Python: a program of a page, judged by what it prints.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, describe, it } from 'node:test';

import { Gateway } from '../gateway.js';
import { take } from '../operations.js';

const HERE = path.resolve(import.meta.dirname, '..');
const PYTHON = path.join(HERE, '.venv/bin/python');

/** The program while it runs. */
class Program {
  #process;
  #lines;
  #complaint = '';

  constructor(url, tokenFile, ...args) {
    const env = { ...process.env, OPSGATE_URL: url, OPSGATE_TOKEN_FILE: tokenFile };
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
  let gateway, scratch;
  before(async () => {
    gateway = await Gateway.start();
    scratch = await mkdtemp(path.join(tmpdir(), 'opsgate-gql-'));
  });
  after(async () => {
    await gateway.stop();
    await rm(scratch, { recursive: true });
  });

  const signIn = (token) => writeFile(path.join(scratch, 'token'), `${token}\n`);
  const run = (...args) => new Program(gateway.url, path.join(scratch, 'token'), ...args);
  const follow = async () => run('follow', await gateway.cursor());
  const titles = (changes) => changes.map(({ incident }) => incident.title);

  beforeEach(() => signIn(gateway.token));

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
    await signIn(await gateway.makeExpiredToken(['incidents.read']));
    await assert.rejects(run('list').all(), /UNAUTHENTICATED/);
  });

  it('goes on with a fresh token where the old one expires', async () => {
    const lifetime = 3000;
    const isOver = new Promise((resolve) => setTimeout(resolve, lifetime + 1000));
    await signIn(await gateway.makeShortToken(['incidents.read'], lifetime));
    const program = await follow();
    await gateway.openIncident('with the old one');
    assert.deepEqual(titles(await program.take(1)), ['with the old one']);
    await signIn(gateway.token);
    await isOver;
    await gateway.openIncident('with the fresh one');
    assert.deepEqual(titles(await program.take(1)), ['with the fresh one']);
    await program.stop();
  });

  it('gives up where its token is revoked', async () => {
    const token = await gateway.makeToken(['incidents.read']);
    await signIn(token);
    const program = await follow();
    await gateway.openIncident('the last');
    await program.take(1);
    await gateway.revoke(token);
    await assert.rejects(program.all(), /4401.*revoked/);
  });

  for (const signal of ['SIGTERM', 'SIGKILL']) {
    it(`resumes after the gateway got ${signal}: nothing is lost, none comes twice`, async () => {
      const program = await follow();
      await gateway.openIncident('before');
      assert.deepEqual(titles(await program.take(1)), ['before']);
      await gateway.restart(signal);
      for (const title of ['meanwhile', 'after']) await gateway.openIncident(title);
      assert.deepEqual(titles(await program.take(2)), ['meanwhile', 'after']);
      await program.stop();
    });
  }
});
